package transport_test

import "strconv"

// buffer is a Buffer whose chunk shares the payload's bytes, as one that is pooled.
type buffer struct{ bytes []byte }

func text(s string) *buffer { return &buffer{[]byte(s)} }

func (b *buffer) Len() int        { return len(b.bytes) }
func (b *buffer) Payload() []byte { return b.bytes }

func (b *buffer) Chunk() []byte {
	head := strconv.FormatInt(int64(len(b.bytes)), 16) + "\r\n"
	b.bytes = append(append([]byte(head), b.bytes...), "\r\n"...)
	return b.bytes
}

// spoil overwrites the bytes, as the next write does that has the buffer.
func (b *buffer) spoil() {
	for i := range b.bytes {
		b.bytes[i] = '!'
	}
}
