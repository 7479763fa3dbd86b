package sse

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

// segments delivers an input in reads of one size.
type segments struct {
	input []byte
	size  int
}

func (s *segments) Read(p []byte) (int, error) {
	if len(s.input) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(s.size, len(p))], s.input)
	s.input = s.input[n:]
	return n, nil
}

// linear are streams, and linearReads the sizes of the reads that deliver them. No line starts
// with an x.
var linear = map[string]string{
	"one line":       "data:" + strings.Repeat("x", 1<<18) + "\n\n",
	"LF":             strings.Repeat("data:"+strings.Repeat("x", 40)+"\n", 1<<12) + "\n",
	"CR LF":          strings.Repeat("data:"+strings.Repeat("x", 40)+"\r\n", 1<<12) + "\r\n",
	"CR":             strings.Repeat("data:"+strings.Repeat("x", 40)+"\r", 1<<12) + "\r",
	"tokens":         strings.Repeat("data:"+strings.Repeat("x", 100)+"\nid:1\n\n", 1<<11),
	"tokens, CR":     strings.Repeat("data:"+strings.Repeat("x", 100)+"\rid:1\r\r", 1<<11),
	"empty lines":    strings.Repeat("\n", 1<<18),
	"empty data":     strings.Repeat("data\n", 1<<15) + "\n",
	"data, comments": "data:" + strings.Repeat("x", 1<<17) + "\n" + strings.Repeat(":\n", 1<<16) + "\n",
	"64 KiB lines":   strings.Repeat("data:"+strings.Repeat("x", 64<<10)+"\n\n", 16),
	"LF, then CR":    strings.Repeat(":xx\n", 1<<15) + strings.Repeat(":xx\r", 1<<15),
}

var linearReads = []int{1, 7, 1460, 4096, 1 << 20}

// run drives an input as a Decoder does, and calls after for each line and for each fill.
func run(in *input, after func(isLine bool)) {
	for {
		line, ok := in.line()
		if !ok {
			if in.fill(DefaultMaxEventSize) != nil {
				return
			}
			after(false)
			continue
		}
		switch value, isData := bytes.CutPrefix(line, []byte("data:")); {
		case len(line) == 0:
			in.drop()
		case isData && in.kept == nil:
			in.keep(value)
		case isData:
			in.join(value)
		}
		after(true)
	}
}

// Each byte is searched only once for the same line end, which is half of why the work is
// linear. So the test may overwrite searched bytes: it turns them into line ends, and counts
// the lines.
func TestNoByteIsSearchedTwice(t *testing.T) {
	for name, stream := range linear {
		want := strings.Count(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(stream), "\n")
		for _, size := range linearReads {
			r := &segments{[]byte(stream), size}
			in := new(input)
			in.reset(r)
			lines, done := 0, 0 // done is an offset in the stream
			run(in, func(isLine bool) {
				if isLine {
					lines++
				}
				read := len(stream) - len(r.input)
				searched := max(in.lf, in.cr)
				for p := max(in.pos, in.end-(read-done)); p < searched; p++ {
					switch {
					case in.buf[p] != 'x':
					case p < in.lf && (p >= in.cr || p%2 == 0):
						in.buf[p] = '\n'
					default:
						in.buf[p] = '\r'
					}
				}
				done = max(done, read-(in.end-searched))
			})
			if lines != want {
				t.Errorf("%s in reads of %d: %d lines, want %d", name, size, lines, want)
			}
		}
	}
}

// Each byte is moved only a few times, which is the other half.
func TestFewBytesAreMoved(t *testing.T) {
	for name, stream := range linear {
		for _, size := range linearReads {
			in := new(input)
			in.reset(&segments{[]byte(stream), size})
			moved := 0
			last := *in
			run(in, func(isLine bool) {
				same := len(last.buf) == len(in.buf)
				switch {
				case isLine && last.kept != nil:
					moved += len(in.kept) - len(last.kept)
				case !isLine && !(same && in.pos == last.pos):
					moved += last.end - last.pos
				}
				if !isLine && !(same && cap(in.kept) == cap(last.kept)) {
					moved += len(in.kept)
				}
				last = *in
			})
			if moved > 3*len(stream) {
				t.Errorf("%s in reads of %d: %d bytes, %d moved", name, size, len(stream), moved)
			}
		}
	}
}

// A buffer starts small, grows with the reads to 64 KiB, and beyond that only with the events.
// It shrinks again after some that do not need it.
func TestBufferSize(t *testing.T) {
	quiet := strings.Repeat("data: a\n\n", 10)
	busy := strings.Repeat(quiet, 10_000)
	large := "data: " + strings.Repeat("x", 3<<20) + "\n\n"

	d := NewDecoder(nil)
	read := func(stream string, chunk int) int {
		t.Helper()
		d.Reset(&segments{[]byte(stream), chunk})
		for {
			if _, err := d.Next(); err == io.EOF {
				return len(d.in.buf)
			} else if err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := read(quiet, 9); got != minBuffer {
		t.Errorf("a quiet stream has a buffer of %d bytes, want %d", got, minBuffer)
	}
	if got := read(busy, 1<<20); got != maxIdle {
		t.Errorf("a busy stream has a buffer of %d bytes, want %d", got, maxIdle)
	}
	if got := read(large, 1460); got < 3<<20 || got > 8<<20 {
		t.Errorf("an event of 3 MiB has a buffer of %d bytes, want 3 to 8 MiB", got)
	}
	if got := read(large+large, 1460); got < 3<<20 {
		t.Errorf("a stream of large events has a buffer of %d bytes, want it to stay", got)
	}
	if got := read(quiet, 9); got != maxIdle {
		t.Errorf("after ten small events: a buffer of %d bytes, want %d", got, maxIdle)
	}
	read(large, 1460)
	if got := read(busy, 7); got != maxIdle {
		t.Errorf("after cut small events: a buffer of %d bytes, want %d", got, maxIdle)
	}

	read(strings.Repeat("x", 3<<20)+"\n\ndata: "+strings.Repeat("\xff", 1<<20)+"\n\n"+quiet, 9)
	if got := cap(d.repaired); got > maxIdle {
		t.Errorf("after a large event of invalid UTF-8: %d bytes are kept", got)
	}
	read("id: "+strings.Repeat("x", 1<<20)+"\n\nid: 1\n\n"+quiet, 9)
	if got := cap(d.nextID); got > maxAside {
		t.Errorf("after a large id: %d bytes are kept", got)
	}
}

// The limit bounds the buffer itself.
func TestBufferLimit(t *testing.T) {
	const limit = 1 << 20
	for _, stream := range []string{
		"data: " + strings.Repeat("x", 4*limit) + "\n\n",
		"data: " + strings.Repeat("x", limit) + "\nid: " + strings.Repeat("x", limit) + "\nfoo: " + strings.Repeat("x", limit) + "\n\n",
		"data: " + strings.Repeat("x", limit) + "\nretry: " + strings.Repeat("0", limit) + "\n: " + strings.Repeat("x", limit) + "\n\n",
		strings.Repeat("data: "+strings.Repeat("x", limit/4)+"\n", 5) + "\n",
	} {
		d := NewDecoder(&segments{[]byte(stream), 1460})
		d.SetMaxEventSize(limit)
		_, _ = d.Next() // the result does not matter, only the buffer
		if got := len(d.in.buf); got > limit+maxIdle {
			t.Errorf("%.20q...: a buffer of %d bytes, want at most the limit and %d", stream, got, maxIdle)
		}
	}
}
