package main

import (
	"bytes"
	"unicode/utf8"
)

// plain is the simplest correct parser of an event stream that is in memory as a whole. It
// borrows every slice from the input and copies only to join lines. It has no reader and no
// limits, and ignores retry.
type plain struct {
	in  []byte
	pos int

	// The next LF and CR at or after pos, or len(in); before pos if unknown.
	lf, cr int

	event  event // the last event
	joined []byte
}

func newPlain(in []byte) *plain {
	return &plain{in: bytes.TrimPrefix(in, []byte("\ufeff")), lf: -1, cr: -1}
}

// next reads the next event, and reports whether there is one.
func (p *plain) next() bool {
	in, begin := p.in, p.pos
	id := p.event.id
	var name, data []byte
	lines := 0
	for p.pos < len(in) {
		start := p.pos
		if p.lf < start {
			p.lf = find(in, start, '\n')
		}
		if p.cr < start {
			p.cr = find(in, start, '\r')
		}
		end := min(p.lf, p.cr)
		if end == len(in) {
			return false
		}
		p.pos = end + 1
		if p.lf == p.cr+1 {
			p.pos++
		}
		line := in[start:end]
		if len(line) == 0 {
			if lines > 0 {
				p.event = event{name: name, id: id, data: data}
				if !utf8.Valid(in[begin:end]) {
					p.repair()
				}
				return true
			}
			p.event.id, name, begin = id, nil, p.pos
			continue
		}
		switch line[0] {
		case 'd':
			value, ok := cut(line, "data")
			switch {
			case !ok:
				continue
			case lines == 0:
				data = value
			case lines == 1:
				p.joined = append(p.joined[:0], data...)
				fallthrough
			default:
				p.joined = append(append(p.joined, '\n'), value...)
				data = p.joined
			}
			lines++
		case 'e':
			if value, ok := cut(line, "event"); ok {
				name = value
			}
		case 'i':
			if value, ok := cut(line, "id"); ok && bytes.IndexByte(value, 0) < 0 {
				id = value
			}
		}
	}
	return false
}

// repair replaces invalid UTF-8 in the event by U+FFFD, byte by byte.
func (p *plain) repair() {
	for _, part := range []*[]byte{&p.event.name, &p.event.id, &p.event.data} {
		*part = []byte(string([]rune(string(*part))))
	}
}

// find returns the index of the next c at or after start, or else the end.
func find(in []byte, start int, c byte) int {
	if i := bytes.IndexByte(in[start:], c); i >= 0 {
		return start + i
	}
	return len(in)
}

// cut returns the value of a line with the field.
func cut(line []byte, field string) ([]byte, bool) {
	n := len(field)
	switch {
	case len(line) > n+1 && line[n] == ':' && string(line[:n]) == field:
		if line[n+1] == ' ' {
			n++
		}
		return line[n+1:], true
	case string(line) == field, len(line) == n+1 && line[n] == ':' && string(line[:n]) == field:
		return nil, true
	}
	return nil, false
}
