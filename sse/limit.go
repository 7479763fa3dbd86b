package sse

import (
	"errors"
	"fmt"
	"math"
)

// DefaultMaxEventSize is the limit of a [Decoder] that was given no other:
// 16 MiB.
const DefaultMaxEventSize = 16 << 20

// maxLimit leaves room for buffer arithmetic above the limit.
const maxLimit = math.MaxInt - 1<<20

// maxAside bounds, in bytes, the values that are no part of an event and so do
// not count toward its size: the text of a comment and the digits of a retry.
const maxAside = 4 << 10

// ErrEventTooLarge is what errors.Is finds in the error of [Decoder.Next] for
// an event over the limit. The error itself is an [*EventTooLargeError].
var ErrEventTooLarge = errors.New("sse: event too large")

// EventTooLargeError reports an event over the limit of its [Decoder]. The
// event is lost, the stream is not: the next call of [Decoder.Next] goes on
// with the next block.
type EventTooLargeError struct {
	// Limit is the limit in force, in bytes.
	Limit int
	// Size is what the event would have taken, in bytes: the values of all its
	// lines.
	Size int64
}

// Error implements error.
func (e *EventTooLargeError) Error() string {
	return fmt.Sprintf("%v: %d bytes, the limit is %d", ErrEventTooLarge, e.Size, e.Limit)
}

// Unwrap returns [ErrEventTooLarge].
func (e *EventTooLargeError) Unwrap() error { return ErrEventTooLarge }

// SetMaxEventSize sets the size that an event may have: n bytes, or
// [DefaultMaxEventSize] for n <= 0. The size of an event is that of all values
// of its event, id and data fields, its data lines being joined by one byte
// each. For an event over it, [Decoder.Next] returns the error and what else is
// known of the event.
//
// The limit bounds the decoder's memory as well: its buffer takes at most 64 KiB
// more, and an id or a name over the limit is not kept. What does not count
// toward an event is cut: a comment after 4 KiB, and a retry of more digits is
// ignored.
func (d *Decoder) SetMaxEventSize(n int) {
	if n <= 0 {
		n = DefaultMaxEventSize
	}
	d.limit = min(n, maxLimit)
}

// count adds the size of a line to that of the block.
func (d *Decoder) count(size int64) {
	d.block.size += size
	if d.block.size > int64(d.limit) {
		d.overflow()
	}
}

// overflow notes that the event is too large, and lets go of its data.
func (d *Decoder) overflow() {
	d.block.tooLarge = true
	d.in.keep(nil)
}

// trim drops what cannot matter any more of a line that is not complete yet,
// so that no line takes much more memory than the limit.
func (d *Decoder) trim() {
	line := d.in.unread()
	if len(line) <= maxAside {
		return
	}
	f, value := split(line)
	size := int64(len(value)) + d.in.cut
	keep := len(line) - len(value)
	switch f {
	case fieldUnknown:
		keep = decidedAt
	case fieldComment:
		keep += min(len(value), maxAside)
	case fieldRetry:
		if size <= maxAside {
			return
		}
	case fieldData:
		if d.block.hasData {
			size++
		}
		if d.block.size+size <= int64(d.limit) {
			return
		}
		d.overflow()
	default:
		// The data goes at once, the id only if it is too long by itself: it
		// is to be committed even if the event is lost.
		if d.block.size+size > int64(d.limit) {
			d.overflow()
		}
		if size <= int64(d.limit) {
			return
		}
	}
	d.in.truncate(keep)
}
