package contract

import "sync"

// encodings are buffers for the JSON of events, so that encoding one allocates only the slice that
// the caller gets.
var encodings = sync.Pool{New: func() any { return new(make([]byte, 0, 512)) }}

// maxPooled is the size of the largest buffer that is used again.
const maxPooled = 64 << 10

// encode returns the name and the JSON of an event.
func (e *Events[E]) encode(event E) (name string, data []byte, err error) {
	b := encodings.Get().(*[]byte)
	name, buffer, err := e.Encode((*b)[:0], event)
	if err == nil {
		data = make([]byte, len(buffer))
		copy(data, buffer)
		*b = buffer
	}
	if cap(*b) <= maxPooled {
		encodings.Put(b)
	}
	return name, data, err
}
