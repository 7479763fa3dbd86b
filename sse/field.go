package sse

import (
	"bytes"
	"math"
	"slices"
	"time"
)

// field is the kind of a line.
type field int

const (
	fieldUnknown field = iota
	fieldComment
	fieldData
	fieldEvent
	fieldID
	fieldRetry
)

// decidedAt is the length from which the beginning of a line determines its
// field, whatever follows.
const decidedAt = len("event:")

// split returns the field of a line that is not empty, and its value:
// everything after the colon, without one leading space.
func split(line []byte) (field, []byte) {
	var f field
	var n int
	switch line[0] {
	case 'd':
		if len(line) >= 4 && string(line[:4]) == "data" {
			f, n = fieldData, 4
		}
	case 'e':
		if len(line) >= 5 && string(line[:5]) == "event" {
			f, n = fieldEvent, 5
		}
	case 'i':
		if len(line) >= 2 && line[1] == 'd' {
			f, n = fieldID, 2
		}
	case 'r':
		if len(line) >= 5 && string(line[:5]) == "retry" {
			f, n = fieldRetry, 5
		}
	case ':':
		f = fieldComment
	}
	if f == fieldUnknown {
		return fieldUnknown, nil
	}
	value := line[n:]
	if len(value) == 0 {
		return f, value
	}
	if value[0] != ':' {
		return fieldUnknown, nil
	}
	value = value[1:]
	if len(value) > 0 && value[0] == ' ' {
		value = value[1:]
	}
	return f, value
}

// field processes a line that is not empty.
func (d *Decoder) field(line []byte) {
	f, value := split(line)
	size := int64(len(value)) + d.in.takeCut()
	if f == fieldComment {
		d.comment(value)
		return
	}
	d.block.open = true
	switch f {
	case fieldData:
		d.data(value, size)
	case fieldEvent:
		d.name(value, size)
	case fieldID:
		if text, ok := d.text(value, size); ok && bytes.IndexByte(text, 0) < 0 {
			d.nextID = append(d.nextID[:0], text...)
			d.block.hasID = true
		}
	case fieldRetry:
		if retry, ok := parseRetry(value); ok && size <= maxAside {
			d.retry, d.hasRetry = retry, true
			d.block.retry, d.block.hasRetry = retry, true
		}
	}
}

// comment delivers the text of a comment line.
func (d *Decoder) comment(text []byte) {
	if d.onComment == nil {
		return
	}
	text = text[:min(len(text), maxAside)]
	if !valid(text) {
		d.repaired = repair(d.repaired[:0], text)
		text = d.repaired
	}
	d.onComment(slices.Clip(text))
}

// data adds a data line to the block. value may be only the beginning of the
// line's value.
func (d *Decoder) data(value []byte, size int64) {
	b := &d.block
	if b.hasData {
		size++
	}
	d.count(size)
	switch {
	case b.tooLarge:
	case b.hasData:
		d.in.join(value)
	default:
		d.in.keep(value)
	}
	b.hasData = true
}

// name sets the name of the block from an event line. value may be only the
// beginning of the line's value.
func (d *Decoder) name(value []byte, size int64) {
	// Most events have the name of the previous one, which is known to be
	// valid.
	if size <= int64(d.limit) && string(value) == d.names.last {
		d.count(size)
		d.block.name = d.names.last
		return
	}
	if text, ok := d.text(value, size); ok {
		d.block.name = d.names.intern(text)
	}
}

// text counts an event or id line, of which value may be only the beginning. It
// returns the decoded value, and false if the value alone exceeds the limit.
func (d *Decoder) text(value []byte, size int64) ([]byte, bool) {
	if size <= int64(d.limit) && !valid(value) {
		size = int64(repairedLen(value))
		if size <= int64(d.limit) {
			d.repaired = repair(d.repaired[:0], value)
			value = d.repaired
		}
	}
	d.count(size)
	return value, size <= int64(d.limit)
}

// parseRetry returns the reconnection time in a retry line. It returns false
// unless the value consists of ASCII digits. A value too large for a Duration
// becomes the largest one.
func parseRetry(value []byte) (time.Duration, bool) {
	const most = int64(math.MaxInt64 / time.Millisecond)
	var ms int64
	for _, c := range value {
		if c < '0' || c > '9' {
			return 0, false
		}
		ms = min(ms*10+int64(c-'0'), most) // ten times most still fits in 64 bits
	}
	return time.Duration(ms) * time.Millisecond, len(value) > 0
}
