package sse

import (
	"bytes"
	"errors"
	"io"
)

const (
	minBuffer = 4 << 10  // the buffer of a quiet stream
	maxIdle   = 64 << 10 // what a busy stream may keep, and the slack above the limit

	// A reader that returns nothing maxEmptyReads times in a row is broken, as
	// in package bufio.
	maxEmptyReads = 100

	// calmBlocks in a row that leave most of a large buffer unused shrink it.
	calmBlocks = 8
)

// byteOrderMark is allowed once, at the beginning of a stream. It has no
// meaning.
const byteOrderMark = "\ufeff"

// input is a reader with one buffer, which it splits into lines. Before the
// unread bytes the buffer holds the data of the open block, so that data is
// copied only to join lines and to make room.
type input struct {
	r   io.Reader
	err error // the error after the bytes in the buffer

	buf      []byte
	kept     []byte // the data of the open block: a part of buf[:pos], or nil
	pos, end int    // buf[pos:end] is unread

	// The positions of the first LF and the first CR at or after pos, or end if
	// there is none; less than pos if not searched yet. They stay valid across
	// lines, so that each byte is searched only once for either.
	lf, cr int

	skip string // dropped if the input continues with it: a BOM, or the LF of a CR LF
	cut  int64  // how many bytes of the unread line were dropped, after those in buf

	full bool // the last read filled the buffer
	calm int  // blocks in a row that used little of a large buffer
}

// reset starts over with another reader and the same buffer.
func (in *input) reset(r io.Reader) {
	*in = input{r: r, buf: in.buf, calm: in.calm, skip: byteOrderMark}
}

// line returns the next line, without its end. It returns false if the rest of
// the line must still be read. The line is valid until the next fill.
func (in *input) line() ([]byte, bool) {
	if in.skip != "" && !in.swallow() || in.pos == in.end {
		return nil, false
	}
	start, eol := in.pos, in.pos
	if c := in.buf[start]; c != '\n' && c != '\r' {
		if in.lf < start {
			in.lf = start + find(in.buf[start:in.end], '\n')
		}
		if in.cr < start {
			in.cr = start + find(in.buf[start:in.end], '\r')
		}
		if eol = min(in.lf, in.cr); eol == in.end {
			return nil, false
		}
	}
	in.pos = eol + 1
	if in.buf[eol] == '\r' {
		// The line is complete even if an LF may still follow. Waiting for the
		// LF would delay the event.
		if in.pos == in.end {
			in.skip = "\n"
		} else if in.buf[in.pos] == '\n' {
			in.pos++
		}
	}
	return in.buf[start:eol], true
}

// find returns the index of the first c in p, or len(p) if there is none.
func find(p []byte, c byte) int {
	if i := bytes.IndexByte(p, c); i >= 0 {
		return i
	}
	return len(p)
}

// swallow drops the bytes of skip if the unread bytes start with them. It
// returns false if more input is needed to decide.
func (in *input) swallow() bool {
	have := in.buf[in.pos:min(in.end, in.pos+len(in.skip))]
	switch {
	case string(have) == in.skip:
		in.pos += len(have)
	case string(have) == in.skip[:len(have)]:
		return false
	}
	in.skip = ""
	return true
}

// keep makes value, a part of the last line, the data of the block.
func (in *input) keep(value []byte) { in.kept = value }

// join appends an LF and value, a part of the last line, to the data of the
// block. It works in place: the LF replaces bytes of the field's name.
func (in *input) join(value []byte) {
	in.kept = append(in.kept, '\n')
	in.kept = append(in.kept, value...)
}

// drop forgets the data of the block.
func (in *input) drop() {
	if len(in.buf) > maxIdle {
		in.calm++
		if len(in.kept) > len(in.buf)/4 {
			in.calm = 0
		}
	}
	in.kept = nil
}

// unread returns the beginning of a line whose rest must still be read.
func (in *input) unread() []byte { return in.buf[in.pos:in.end] }

// truncate drops the unread part of a line after its first n bytes.
func (in *input) truncate(n int) {
	in.cut += int64(in.end - in.pos - n)
	in.end = in.pos + n
	in.lf, in.cr = in.end, in.end
}

// takeCut returns how many bytes of the last line were dropped.
func (in *input) takeCut() int64 {
	n := in.cut
	in.cut = 0
	return n
}

// fail drops the unread input and makes err the error of every further fill.
func (in *input) fail(err error) {
	in.reset(nil)
	in.err = err
}

// fill reads more bytes after line returned false. It returns an error only if
// it read none.
func (in *input) fill(limit int) error {
	if in.err != nil {
		return in.err
	}
	if in.r == nil {
		return io.EOF
	}
	in.makeRoom(limit)
	room := in.buf[in.end:]
	for range maxEmptyReads {
		n, err := in.r.Read(room)
		if n < 0 || n > len(room) {
			return errReadCount
		}
		in.err = err
		if n > 0 {
			in.full = n == len(room)
			in.extend(n)
			return nil
		}
		if err != nil {
			return err
		}
	}
	return io.ErrNoProgress
}

// errReadCount reports a reader that violates the contract of io.Reader.
var errReadCount = errors.New("sse: reader returned an invalid count")

// extend adds the n bytes after the unread ones to them.
func (in *input) extend(n int) {
	from := in.end
	in.end += n
	if in.lf == from {
		in.lf += find(in.buf[from:in.end], '\n')
	}
	if in.cr == from {
		in.cr += find(in.buf[from:in.end], '\r')
	}
}

// makeRoom makes room after the unread bytes. It moves the bytes in use to the
// front, or into a buffer of another size. Bytes at the front stay there. So a
// line moves once, and the data of a block moves once except to a larger
// buffer: the work is linear whatever the sizes of the reads.
func (in *input) makeRoom(limit int) {
	used := len(in.kept) + in.end - in.pos
	size := len(in.buf)
	shrink := size > maxIdle && in.calm >= calmBlocks && used <= maxIdle/2
	if !shrink && used > 0 && size-in.end >= size/4 {
		return
	}
	switch {
	case shrink:
		size = maxIdle
	case size == 0:
		size = minBuffer
	case used > size/2:
		// The bytes in use fit in the limit, except the text of a comment and
		// the names of fields: see Decoder.trim.
		size = max(size, min(2*size, limit+maxIdle))
	case in.full && size < maxIdle:
		size *= 2
	}
	if size != len(in.buf) {
		in.moveTo(make([]byte, size))
	} else if in.pos > len(in.kept) {
		in.moveTo(in.buf)
	}
}

// moveTo moves the bytes in use to the front of to, the same buffer or another.
func (in *input) moveTo(to []byte) {
	n := len(in.kept)
	if n > 0 && &in.kept[0] != &to[0] {
		copy(to, in.kept)
	}
	if in.kept != nil {
		in.kept = to[:n]
	}
	end := n + copy(to[n:], in.buf[in.pos:in.end])
	by := in.end - end
	in.pos, in.end, in.lf, in.cr = n, end, in.lf-by, in.cr-by
	in.buf = to
}
