package ssewrite

import (
	"strconv"
	"sync"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/sse"
)

const (
	// MaxWrite is the most that one write puts on a stream, in bytes, unless a single event is
	// larger.
	MaxWrite = maxChunk - len(chunkHead)

	maxChunk = 64 << 10
)

// Framing returns the most that a block adds to the name and the data of an event, in bytes. id
// is the id of the event, or a higher one.
func Framing(id uint64) int {
	n := len("event: \ndata: \nid: 0\n\n")
	for ; id >= 10; id /= 10 {
		n++
	}
	return n
}

// chunkHead reserves room for the size of a chunk before the payload (RFC 9112, section 7.1).
// Only detached streams fill it in, but it saves them a copy or a second write.
const chunkHead = "00000000\r\n"

// Buffer collects the bytes of one write to a stream. An idle stream has none.
type Buffer struct {
	bytes    []byte
	appender Appender
}

var buffers = sync.Pool{New: func() any { return new(Buffer) }}

// NewBuffer returns an empty buffer. The caller must free it.
func NewBuffer() *Buffer {
	b := buffers.Get().(*Buffer)
	b.Reset()
	return b
}

// Free gives the buffer to the next write. Nothing may use it, or its bytes, after that.
func (b *Buffer) Free() {
	if cap(b.bytes) <= 2*maxChunk {
		buffers.Put(b)
	}
}

// Reset empties the buffer.
func (b *Buffer) Reset() { b.bytes = append(b.bytes[:0], chunkHead...) }

// Len returns the number of bytes in the payload.
func (b *Buffer) Len() int { return len(b.bytes) - len(chunkHead) }

// Payload returns the bytes for the stream. They are valid until the next change of the buffer.
func (b *Buffer) Payload() []byte { return b.bytes[len(chunkHead):] }

// Chunk closes the buffer, and returns its payload as one chunk of HTTP/1.1.
func (b *Buffer) Chunk() []byte {
	size := b.Len()
	for i := len(chunkHead) - len("\r\n") - 1; i >= 0; i-- {
		b.bytes[i] = "0123456789abcdef"[size&0xf]
		size >>= 4
	}
	b.bytes = append(b.bytes, "\r\n"...)
	return b.bytes
}

// Event appends an event that the log has checked.
func (b *Buffer) Event(name string, data []byte, id uint64) {
	b.bytes = b.appender.Append(b.bytes, name, data, id)
}

// Events appends events that the log has checked, and that a stream shows as they are. It is
// Event in a loop, but keeps the slice out of memory that the garbage collector watches.
func (b *Buffer) Events(entries []eventlog.Entry) {
	out := b.bytes
	for i := range entries {
		e := &entries[i]
		out = b.appender.Append(out, e.Name, e.Data, e.ID)
	}
	b.bytes = out
}

// NoRetry leaves the retry field out of a block.
const NoRetry = -1

// Block appends an event, with a retry field unless retry is negative. Its data may have
// several lines.
func (b *Buffer) Block(name string, data []byte, id uint64, retry time.Duration) {
	e := sse.Event{Name: name, ID: strconv.AppendUint(nil, id, 10), Data: data}
	if retry >= 0 {
		e.Retry, e.HasRetry = retry, true
	}
	var err error
	if b.bytes, err = sse.Append(b.bytes, e); err != nil {
		panic(err) // the log has checked the entry, and the server its own words
	}
}

// Data appends a block of one line of data, without name and id.
func (b *Buffer) Data(line string) {
	b.bytes = append(append(append(b.bytes, "data: "...), line...), "\n\n"...)
}

// Comment appends an empty comment line. No blank line follows: to some clients, a block of
// nothing but a comment is an event without content.
func (b *Buffer) Comment() { b.bytes = append(b.bytes, ":\n"...) }

// Retry appends a line with the reconnection time. Like a comment line, it is no block.
func (b *Buffer) Retry(d time.Duration) {
	b.bytes = append(b.bytes, "retry: "...)
	b.bytes = strconv.AppendInt(b.bytes, d.Milliseconds(), 10)
	b.bytes = append(b.bytes, '\n')
}
