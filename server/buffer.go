package server

import (
	"sync"

	"github.com/mixstream/mixstream/sse"
)

// buffer is what one write of a stream is put together in. An idle stream has none.
type buffer struct {
	bytes    []byte
	appender sse.Appender
}

var buffers = sync.Pool{New: func() any { return new(buffer) }}

// chunkHead is the place of a chunk's size before what is written (RFC 9112, section
// 7.1). Only detached streams fill it in, but there it saves a copy or a write.
const chunkHead = "00000000\r\n"

// newBuffer returns an empty buffer, which is to be freed.
func newBuffer() *buffer {
	b := buffers.Get().(*buffer)
	b.bytes = append(b.bytes[:0], chunkHead...)
	return b
}

// payload returns what was put into the buffer.
func (b *buffer) payload() []byte { return b.bytes[len(chunkHead):] }

// chunk returns the payload as one chunk.
func (b *buffer) chunk() []byte {
	size := len(b.payload())
	for i := len(chunkHead) - len("\r\n") - 1; i >= 0; i-- {
		b.bytes[i] = "0123456789abcdef"[size&0xf]
		size >>= 4
	}
	b.bytes = append(b.bytes, "\r\n"...)
	return b.bytes
}

func (b *buffer) free() {
	if cap(b.bytes) <= 2*maxWrite {
		buffers.Put(b)
	}
}
