package sse

import (
	"bytes"
	"errors"
	"io"
)

const (
	minBuffer = 4 << 10  // the buffer of a quiet stream
	maxIdle   = 64 << 10 // what a busy stream may keep, and the slack above the limit

	// maxEmptyReads in a row make a reader a broken one, as in package bufio.
	maxEmptyReads = 100

	// calmBlocks in a row that leave most of a large buffer unused shrink it.
	calmBlocks = 8
)

// byteOrderMark may stand at the start of a stream, once, and means nothing.
const byteOrderMark = "\ufeff"

// input is a reader with one buffer, which it takes apart into lines. Ahead of
// the unread bytes the buffer holds the data of the open block, so that no byte
// of data is copied but to join lines and to make room.
type input struct {
	r   io.Reader
	err error // what follows the bytes in the buffer

	buf      []byte
	kept     []byte // the data of the open block: a part of buf[:pos], or nil
	pos, end int    // buf[pos:end] is unread

	// The first LF and the first CR at or after pos, or end if there is none;
	// less than pos if not looked for yet. They outlive a line, so that no byte
	// is looked at twice for either.
	lf, cr int

	skip string // is dropped if the input goes on with it: a BOM, or the LF of a CR LF
	cut  int64  // how many bytes of the unread line were dropped, behind those in buf

	full bool // the last read filled the buffer
	calm int  // blocks in a row that used little of a large buffer
}

// reset starts over with another reader and the same buffer.
func (in *input) reset(r io.Reader) {
	*in = input{r: r, buf: in.buf, calm: in.calm, skip: byteOrderMark}
}

// line returns the next line, without its end. It returns false if the rest of
// the line is still to be read. The line is valid until the next fill.
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
		// The line is over even if it cannot be told yet whether an LF follows:
		// waiting for it would hold up the event.
		if in.pos == in.end {
			in.skip = "\n"
		} else if in.buf[in.pos] == '\n' {
			in.pos++
		}
	}
	return in.buf[start:eol], true
}

// find returns where the first c is in p, or len(p) if there is none.
func find(p []byte, c byte) int {
	if i := bytes.IndexByte(p, c); i >= 0 {
		return i
	}
	return len(p)
}

// swallow drops the bytes of skip if the unread ones start with them. It
// returns false if that cannot be told yet.
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

// keep makes value, a part of the line read last, the data of the block.
func (in *input) keep(value []byte) { in.kept = value }

// join appends an LF and value, a part of the line read last, to the data of
// the block. It does so in place: there is room for the LF where the name of
// the value's field stood.
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

// unread returns the start of a line of which the rest is still to be read.
func (in *input) unread() []byte { return in.buf[in.pos:in.end] }

// truncate drops what is unread of a line beyond its first n bytes.
func (in *input) truncate(n int) {
	in.cut += int64(in.end - in.pos - n)
	in.end = in.pos + n
	in.lf, in.cr = in.end, in.end
}

// takeCut returns how many bytes of the line read last were dropped.
func (in *input) takeCut() int64 {
	n := in.cut
	in.cut = 0
	return n
}

// fail drops what is unread and makes err the error of every further fill.
func (in *input) fail(err error) {
	in.reset(nil)
	in.err = err
}

// fill reads more bytes, once line has returned false. It returns an error only
// if there are none.
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

// errReadCount is for a reader that violates the contract of io.Reader.
var errReadCount = errors.New("sse: reader returned an invalid count")

// extend adds the n bytes behind the unread ones to them.
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

// makeRoom makes room behind the unread bytes: by moving what is in use to the
// front, or into a buffer of another size. What has been moved to the front is
// left there, so a line is moved once, and the data of a block once, but for a
// larger buffer: the work stays linear whatever the sizes of the reads.
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
		// What is in use fits in the limit, but for the text of a comment and
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

// moveTo moves what is in use to the front of to, the same buffer or another.
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
