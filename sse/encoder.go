package sse

import "io"

// maxEncoderIdle is the largest buffer that an Encoder keeps between events, in
// bytes.
const maxEncoderIdle = 64 << 10

// Encoder writes events to a stream, each as one block with one Write. It does
// not flush; that is left to the writer. An Encoder is not safe for concurrent
// use.
type Encoder struct {
	w   io.Writer
	buf []byte
	err error
}

// NewEncoder returns an Encoder that writes to w.
func NewEncoder(w io.Writer) *Encoder { return &Encoder{w: w} }

// Encode writes ev as [Append] would append it. It returns a [*FieldError] and
// writes nothing if the format cannot carry ev; the caller may then encode
// another event. After an error of the writer, every further call returns the
// same error: the writer may have written a part of the block, and another
// block would join that part.
func (e *Encoder) Encode(ev Event) error {
	if e.err != nil {
		return e.err
	}
	buf, err := Append(e.buf[:0], ev)
	if err != nil {
		return err
	}
	if e.buf = buf; cap(buf) > maxEncoderIdle {
		e.buf = nil
	}
	n, err := e.w.Write(buf)
	if err == nil && n < len(buf) {
		err = io.ErrShortWrite
	}
	e.err = err
	return err
}
