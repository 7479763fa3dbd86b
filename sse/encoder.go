package sse

import "io"

// maxEncoderIdle is what of a buffer an Encoder keeps, in bytes.
const maxEncoderIdle = 64 << 10

// Encoder writes events to a stream, each as one block, with one Write. It does
// not flush: that is up to the writer. An Encoder is not safe for concurrent
// use.
type Encoder struct {
	w   io.Writer
	buf []byte
	err error
}

// NewEncoder returns an Encoder that writes to w.
func NewEncoder(w io.Writer) *Encoder { return &Encoder{w: w} }

// Encode writes ev as [Append] would append it. For an event that the format
// cannot carry it returns a [*FieldError] and writes nothing; the next event may
// follow. An error of the writer, which may have taken a part of the block, is
// returned by every further call as well: another block would become part of
// the torn one.
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
