package sse

import (
	"errors"
	"fmt"
	"math"
)

// DefaultMaxEventSize is the default limit of a [Decoder]: 16 MiB.
const DefaultMaxEventSize = 16 << 20

// maxLimit leaves room for buffer arithmetic above the limit.
const maxLimit = math.MaxInt - 1<<20

// maxAside bounds, in bytes, values that are not part of an event and so do not
// count toward its size: the text of a comment and the digits of a retry.
const maxAside = 4 << 10

// ErrEventTooLarge matches, by errors.Is, the error of [Decoder.Next] for an
// event over the limit. The error itself is an [*EventTooLargeError].
var ErrEventTooLarge = errors.New("sse: event too large")

// EventTooLargeError reports an event over the limit of its [Decoder]. The
// event is lost, but the stream continues: the next call of [Decoder.Next]
// returns the next block.
type EventTooLargeError struct {
	// Limit is the limit in force, in bytes.
	Limit int
	// Size is the size of the event in bytes: the total of the values of its
	// lines.
	Size int64
}

// Error implements error.
func (e *EventTooLargeError) Error() string {
	return fmt.Sprintf("%v: %d bytes, the limit is %d", ErrEventTooLarge, e.Size, e.Limit)
}

// Unwrap returns [ErrEventTooLarge].
func (e *EventTooLargeError) Unwrap() error { return ErrEventTooLarge }

// SetMaxEventSize sets the maximum size of an event to n bytes, or to
// [DefaultMaxEventSize] for n <= 0. The size of an event is the total of its
// event, id and data values; each join of two data lines counts as one byte.
// For a larger event, [Decoder.Next] returns an error and everything except the
// data.
//
// The limit also bounds the decoder's memory: its buffer takes at most 64 KiB
// more, and it does not keep an id or a name over the limit. It cuts a comment
// after 4 KiB, and ignores a retry with more digits than that, because neither
// counts toward an event.
func (d *Decoder) SetMaxEventSize(n int) {
	if n <= 0 {
		n = DefaultMaxEventSize
	}
	d.limit = min(n, maxLimit)
}

// count adds the size of a line to the block.
func (d *Decoder) count(size int64) {
	d.block.size += size
	if d.block.size > int64(d.limit) {
		d.overflow()
	}
}

// overflow records that the event is too large, and releases its data.
func (d *Decoder) overflow() {
	d.block.tooLarge = true
	d.in.keep(nil)
}

// trim drops the part of an incomplete line that cannot matter any more, so
// that no line takes much more memory than the limit.
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
		// The data goes at once. The id goes only if it is too long by itself,
		// because it counts even if the event is lost.
		if d.block.size+size > int64(d.limit) {
			d.overflow()
		}
		if size <= int64(d.limit) {
			return
		}
	}
	d.in.truncate(keep)
}
