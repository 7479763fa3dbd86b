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

	// The ID and Data of the last event, and what is committed of the stream.
	id       []byte
	repaired []byte
	retry    time.Duration
	hasRetry bool

	// What an id line of the open block holds, until its blank line commits it.
	nextID []byte
}

// block is what is known of the block that is being read. Its data is kept by
// the input.
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

// NewDecoder returns a Decoder that reads from r. It reads ahead, as far as its
// buffer goes: up to 64 KiB, or the size of the largest event.
func NewDecoder(r io.Reader) *Decoder {
	d := new(Decoder)
	d.Reset(r)
	return d
}

// Reset goes on with r, a new connection to the same stream: input not yet read
// and an unfinished block are dropped, and a byte order mark may come again.
// The last event ID, the retry, the limit, the comment function and the buffer
// stay.
func (d *Decoder) Reset(r io.Reader) {
	if d.limit == 0 {
		d.limit = DefaultMaxEventSize
	}
	d.in.reset(r)
	d.block = block{}
}

// SetLastEventID sets the last event ID, which events have until one of them
// bears an id of its own: for a stream that is resumed.
func (d *Decoder) SetLastEventID(id string) { d.id = []byte(id) }

// LastEventID returns the id of the last block that was read to its blank line
// and had one, be it a block without data, which is no event. The bytes are
// valid until the next call of Next, and not to be modified.
func (d *Decoder) LastEventID() []byte { return slices.Clip(d.id) }

// Retry returns the reconnection time that the stream has set last, in whole
// milliseconds, and whether it has set any. It counts from its line on, even if
// its block has no data or is never finished, and a Reset does not undo it.
func (d *Decoder) Retry() (time.Duration, bool) { return d.retry, d.hasRetry }

// OnComment has Next call f with the text of each comment line as it is read:
// what follows the colon, less one space. It is valid during the call only, and
// of a text over 4 KiB it is the first 4 KiB. f must not call methods of the
// decoder. A nil f, the default, skips comments.
func (d *Decoder) OnComment(f func(text []byte)) { d.onComment = f }

// Next reads up to the blank line that completes an event, and returns the
// event. Blocks without data are no events; Next reads on after them. The bytes
// of ID and Data are valid until the next call of Next or Reset; [Event.Clone]
// makes them last. Those of Data may be modified, those of ID may not.
//
// At the end of the input Next returns [io.EOF], or [io.ErrUnexpectedEOF] if it
// cuts off a line, or a block of more than comments; that block is dropped, with
// its id. Any other error of the reader is returned as it is. All of these stay
// until Reset.
//
// Of an event over the limit Next returns Name, ID and Retry, without Data, and
// an [*EventTooLargeError]; the next call goes on with the next block. A name or
// id that is over the limit by itself is left out: the event has the name or id
// that it would have had without that line.
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

// begin forgets the block read last.
func (d *Decoder) begin() {
	d.block = block{}
	d.in.drop()
}

// more gets more input, or the error that ends the stream.
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

// finish returns the data of the block, or an error if it is too large.
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
