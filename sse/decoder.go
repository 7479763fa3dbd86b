package sse

import (
	"io"
	"slices"
	"time"
)

// Decoder reads the events of a stream one by one, as the WHATWG HTML standard,
// section 9.2.6, interprets them. A Decoder is not safe for concurrent use.
//
// The zero Decoder is at the end of an empty stream; [Decoder.Reset] gives it
// an input.
type Decoder struct {
	in    input
	block block
	names names

	limit     int
	onComment func(text []byte)

	// The ID and Data of the last event, and the committed state of the stream.
	id       []byte
	repaired []byte
	retry    time.Duration
	hasRetry bool

	// The value of an id line in the open block. The blank line commits it.
	nextID []byte
}

// block is the state of the block being read. The input keeps its data.
type block struct {
	name     string
	retry    time.Duration
	size     int64
	open     bool
	hasData  bool
	hasID    bool
	hasRetry bool
	tooLarge bool
}

// NewDecoder returns a Decoder that reads from r. It reads ahead until its
// buffer is full: up to 64 KiB, or the size of the largest event.
func NewDecoder(r io.Reader) *Decoder {
	d := new(Decoder)
	d.Reset(r)
	return d
}

// Reset continues with r, a new connection to the same stream. It drops unread
// input and an unfinished block, and accepts a byte order mark again. It keeps
// the last event ID, the retry, the limit, the comment function and the buffer.
func (d *Decoder) Reset(r io.Reader) {
	if d.limit == 0 {
		d.limit = DefaultMaxEventSize
	}
	d.in.reset(r)
	d.block = block{}
}

// SetLastEventID sets the last event ID of a resumed stream. Events have this
// ID until one has an id of its own.
func (d *Decoder) SetLastEventID(id string) { d.id = []byte(id) }

// LastEventID returns the id of the last complete block that had one. A block
// without data counts, although it is not an event. The caller must not modify
// the bytes. They are valid until the next call of Next.
func (d *Decoder) LastEventID() []byte { return slices.Clip(d.id) }

// Retry returns the reconnection time that the stream set last, in whole
// milliseconds, and whether it set one. A retry line takes effect at once, even
// if its block has no data or is never finished. Reset does not undo it.
func (d *Decoder) Retry() (time.Duration, bool) { return d.retry, d.hasRetry }

// OnComment makes Next call f with the text of each comment line as it reads
// it: everything after the colon, without one leading space. The text is valid
// only during the call. A text over 4 KiB is cut to its first 4 KiB. f must not
// call methods of the decoder. A nil f, the default, ignores comments.
func (d *Decoder) OnComment(f func(text []byte)) { d.onComment = f }

// Next reads up to the blank line that completes an event, and returns the
// event. It skips blocks without data, which are not events. ID and Data are
// valid until the next call of Next or Reset; use [Event.Clone] to keep them.
// The caller may modify Data but not ID.
//
// At the end of the input Next returns [io.EOF]. If the input ends within a
// line, or within a block of more than comments, Next returns
// [io.ErrUnexpectedEOF] and drops that block and its id. It returns any other
// error of the reader unchanged. All of these errors persist until Reset.
//
// For an event over the limit, Next returns Name, ID and Retry without Data,
// and an [*EventTooLargeError]. The next call continues with the next block.
// Next ignores the line of a name or an id that exceeds the limit by itself.
func (d *Decoder) Next() (Event, error) {
	d.begin()
	for {
		line, ok := d.in.line()
		if !ok {
			if err := d.more(); err != nil {
				return Event{}, err
			}
			continue
		}
		if len(line) > 0 {
			d.field(line)
			continue
		}
		d.commitID()
		if d.block.hasData {
			data, err := d.finish()
			return Event{
				Name:     d.block.name,
				ID:       slices.Clip(d.id),
				Retry:    d.block.retry,
				HasRetry: d.block.hasRetry,
				Data:     data,
			}, err
		}
		d.begin()
	}
}

// begin forgets the previous block.
func (d *Decoder) begin() {
	d.block = block{}
	d.in.drop()
}

// more reads more input, or returns the error that ends the stream.
func (d *Decoder) more() error {
	d.trim()
	if cap(d.repaired) > maxIdle {
		d.repaired = nil
	}
	err := d.in.fill(d.limit)
	if err == io.EOF && (d.block.open || len(d.in.unread()) > 0) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		d.in.fail(err)
	}
	return err
}

// commitID makes the id of the block, if it has one, the last event ID.
func (d *Decoder) commitID() {
	if !d.block.hasID {
		return
	}
	d.id, d.nextID = d.nextID, d.id
	if cap(d.nextID) > maxAside {
		d.nextID = nil
	}
}

// finish returns the data of the block, or an error if the block is too large.
func (d *Decoder) finish() ([]byte, error) {
	data := d.in.kept
	if !valid(data) {
		d.count(int64(repairedLen(data) - len(data)))
		if !d.block.tooLarge {
			d.repaired = repair(d.repaired[:0], data)
			data = d.repaired
		}
	}
	if d.block.tooLarge {
		return nil, &EventTooLargeError{Limit: d.limit, Size: d.block.size}
	}
	return slices.Clip(data), nil
}
