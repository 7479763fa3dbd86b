package main

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// loadReader processes the bytes of one connection, in pieces of any size, and checks that
// every event arrives in order.
type loadReader struct {
	greeted bool // it received an event
	next    int  // the next sequence number
	sum     int  // bytes of the answer's body so far
	keep    bool // keep the body
	body    []byte

	in     int    // the position in the answer, one of the constants below
	line   []byte // the beginning of a line of the head or of a chunk's size
	left   int    // remaining bytes of the chunk
	digits []byte // the beginning of a sequence number
}

// The positions of a loadReader in the answer.
const (
	inHead = iota
	inSize
	inChunk
	inChunkEnd
)

var errStreamEnded = errors.New("the server has ended the stream")

// feed processes the next bytes.
func (r *loadReader) feed(p []byte) error {
	for len(p) > 0 {
		if r.in == inChunk {
			n := min(r.left, len(p))
			if err := r.scan(p[:n]); err != nil {
				return err
			}
			p = p[n:]
			if r.left -= n; r.left == 0 {
				r.in = inChunkEnd
			}
			continue
		}
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			r.line = append(r.line, p...)
			return nil
		}
		r.line = append(r.line, p[:i+1]...)
		p = p[i+1:]
		if err := r.endLine(); err != nil {
			return err
		}
	}
	return nil
}

// endLine processes a line outside of the body.
func (r *loadReader) endLine() error {
	switch r.in {
	case inHead:
		if !bytes.HasSuffix(r.line, []byte("\r\n\r\n")) {
			return nil // until the head is complete
		}
		if !bytes.HasPrefix(r.line, []byte("HTTP/1.1 200 ")) || !bytes.Contains(bytes.ToLower(r.line), []byte("transfer-encoding: chunked")) {
			return fmt.Errorf("answer %.80q", r.line)
		}
		r.in = inSize
	case inSize:
		size, err := strconv.ParseUint(string(bytes.TrimSpace(r.line)), 16, 31)
		if err != nil {
			return fmt.Errorf("chunk: %w", err)
		}
		if size == 0 {
			return errStreamEnded
		}
		r.left, r.in = int(size), inChunk
	case inChunkEnd:
		r.in = inSize
	}
	r.line = r.line[:0]
	return nil
}

// scan searches for sequence numbers. The client does this for each event, so it must cost far
// less than the server's work.
func (r *loadReader) scan(p []byte) error {
	r.sum += len(p)
	if r.keep {
		r.body = append(r.body, p...)
	}
	if !r.greeted && bytes.IndexByte(p, helloMark) >= 0 {
		r.greeted = true
	}
	if n := len(r.digits); n > 0 {
		n = min(seqDigits+1-n, len(p))
		if r.digits, p = append(r.digits, p[:n]...), p[n:]; len(r.digits) <= seqDigits {
			return nil
		}
		if err := r.got(r.digits[1:]); err != nil {
			return err
		}
		r.digits = r.digits[:0]
	}
	for {
		i := bytes.IndexByte(p, seqMark)
		if i < 0 {
			return nil
		}
		if len(p) < i+1+seqDigits {
			r.digits = append(r.digits, p[i:]...)
			return nil
		}
		if err := r.got(p[i+1 : i+1+seqDigits]); err != nil {
			return err
		}
		p = p[i+1+seqDigits:]
		p = p[min(len(loadFill), len(p)):]
	}
}

func (r *loadReader) got(digits []byte) error {
	seq := 0
	for _, c := range digits {
		seq = 10*seq + int(c-'0')
	}
	if seq != r.next {
		return fmt.Errorf("event %d where %d comes next", seq, r.next)
	}
	r.next++
	return nil
}

// check compares the kept body, byte for byte, with the published events.
func (r *loadReader) check() error {
	p := newPlain(r.body)
	seq := 0
	for p.next() {
		if !bytes.Contains(p.event.data, []byte{seqMark}) {
			continue // a greeting, from us or from the server
		}
		want := event{name: []byte("content"), data: loadData(loadEvent(seq))}
		if err := (&subject{noID: true}).compare(event{name: p.event.name, data: p.event.data}, want, seq); err != nil {
			return err
		}
		seq++
	}
	if seq != r.next {
		return fmt.Errorf("%d events that a parser reads, of %d", seq, r.next)
	}
	return nil
}
