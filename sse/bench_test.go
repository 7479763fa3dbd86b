package sse_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/sse"
)

// An op of a benchmark is one event, and its MB/s count the bytes on the wire.
var streams = []struct {
	name   string
	events int // in the input
	input  []byte
	chunk  int // the most bytes in a read, 0 for as many as fit
}{
	{"Tokens", 1000, tokens(1000, "\n"), 0},
	{"TokensCRLF", 1000, tokens(1000, "\r\n"), 0},
	{"TokensCR", 1000, tokens(1000, "\r"), 0},
	{"TokensInSegments", 1000, tokens(1000, "\n"), 1460},
	{"TokensOneARead", 1000, tokens(1000, "\n"), 114},
	{"Lines20", 200, bytes.Repeat([]byte(strings.Repeat("data: a line of about forty bytes of text\n", 20)+"\n"), 200), 0},
	{"Line64KiB", 32, bytes.Repeat(line(64<<10, "a"), 32), 0},
	{"Line64KiBCJK", 32, bytes.Repeat(line(64<<10, "流"), 32), 0},
	{"Line1MiBInSegments", 4, bytes.Repeat(line(1<<20, "a"), 4), 1460},
}

// tokens returns n events of a typical agent, 114 bytes each with LF.
func tokens(n int, end string) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "event: content%[1]sdata: {\"type\":\"content\",\"content\":\" a token\",\"messageId\":\"0123456789abcdef\"}%[1]sid: %d%[1]s%[1]s", end, 1757000000000000+int64(i))
	}
	return b.Bytes()
}

// line returns an event of one line of n bytes.
func line(n int, text string) []byte {
	return []byte("data: " + strings.Repeat(text, n/len(text)) + "\n\n")
}

// loop reads input over and over, in reads of at most chunk bytes.
type loop struct {
	input []byte
	chunk int
	at    int
}

func (l *loop) Read(p []byte) (int, error) {
	if l.chunk > 0 && len(p) > l.chunk {
		p = p[:l.chunk]
	}
	n := copy(p, l.input[l.at:])
	if l.at += n; l.at == len(l.input) {
		l.at = 0
	}
	return n, nil
}

func TestDecodeAllocatesNothing(t *testing.T) {
	for _, s := range streams {
		t.Run(s.name, func(t *testing.T) {
			d := sse.NewDecoder(&loop{input: s.input, chunk: s.chunk})
			next := func() {
				if _, err := d.Next(); err != nil {
					t.Fatal(err)
				}
			}
			for range s.events {
				next()
			}
			if n := testing.AllocsPerRun(100, next); n != 0 {
				t.Errorf("%v allocations per event, want none", n)
			}
		})
	}
	t.Run("Names", func(t *testing.T) {
		var input strings.Builder
		for i := range 64 {
			fmt.Fprintf(&input, "event: name-%d\ndata: \xff\n\n", i)
		}
		d := sse.NewDecoder(&loop{input: []byte(input.String())})
		next := func() {
			if _, err := d.Next(); err != nil {
				t.Fatal(err)
			}
		}
		for range 64 * 64 {
			next()
		}
		if n := testing.AllocsPerRun(100, next); n != 0 {
			t.Errorf("%v allocations per event, want none", n)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	for _, s := range streams {
		b.Run(s.name, func(b *testing.B) {
			d := sse.NewDecoder(&loop{input: s.input, chunk: s.chunk})
			for range s.events {
				if _, err := d.Next(); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(len(s.input) / s.events))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := d.Next(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkFloor finds the line ends in the same bytes and does nothing else: no reader, no
// buffer, no fields.
func BenchmarkFloor(b *testing.B) {
	for _, s := range streams {
		if s.name == "TokensCR" {
			continue
		}
		b.Run(s.name, func(b *testing.B) {
			b.SetBytes(int64(len(s.input) / s.events))
			b.ReportAllocs()
			rest := s.input
			for b.Loop() {
				for {
					if len(rest) == 0 {
						rest = s.input
					}
					i := bytes.IndexByte(rest, '\n')
					rest = rest[i+1:]
					if i <= 1 {
						break
					}
				}
			}
		})
	}
}

// BenchmarkFloorRead does the same, but first reads the bytes into a buffer.
func BenchmarkFloorRead(b *testing.B) {
	for _, s := range streams {
		if s.name == "TokensCR" {
			continue
		}
		b.Run(s.name, func(b *testing.B) {
			r := &loop{input: s.input, chunk: s.chunk}
			buf := make([]byte, max(64<<10, len(s.input)/s.events))
			var rest []byte
			b.SetBytes(int64(len(s.input) / s.events))
			b.ReportAllocs()
			for b.Loop() {
				for left := len(s.input) / s.events; left > 0; {
					if len(rest) == 0 {
						n, _ := r.Read(buf)
						rest = buf[:n]
					}
					i := bytes.IndexByte(rest, '\n')
					if i < 0 {
						i = len(rest) - 1
					}
					rest = rest[i+1:]
					left -= i + 1
				}
			}
		})
	}
}

// BenchmarkPlain is a plain parser on bufio.Reader, correct for LF and CR LF.
func BenchmarkPlain(b *testing.B) {
	for _, s := range streams {
		if s.name == "TokensCR" {
			continue
		}
		b.Run(s.name, func(b *testing.B) {
			p := plain{r: bufio.NewReaderSize(&loop{input: s.input, chunk: s.chunk}, 64<<10)}
			b.SetBytes(int64(len(s.input) / s.events))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.next(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

type plain struct {
	r  *bufio.Reader
	id string
}

func (p *plain) next() (sse.Event, error) {
	var ev sse.Event
	var data []string
	for {
		line, err := p.r.ReadString('\n')
		if err != nil {
			return ev, err
		}
		line = strings.ToValidUTF8(strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"), "\ufffd")
		if line == "" {
			if data == nil {
				ev = sse.Event{}
				continue
			}
			ev.ID = []byte(p.id)
			ev.Data = []byte(strings.Join(data, "\n"))
			return ev, nil
		}
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch name {
		case "event":
			ev.Name = value
		case "data":
			data = append(data, value)
		case "id":
			p.id = value
		case "retry":
			if ms, err := strconv.ParseUint(value, 10, 32); err == nil {
				ev.Retry, ev.HasRetry = time.Duration(ms)*time.Millisecond, true
			}
		}
	}
}

// The events of the append benchmarks.
var appended = []struct {
	name  string
	event sse.Event
}{
	{"Token", sse.Event{
		Name: "content",
		ID:   []byte("1757000000000123"),
		Data: []byte(`{"type":"content","content":" token","messageId":"0123456789"}`),
	}},
	{"TokenCJK", sse.Event{
		Name: "content",
		ID:   []byte("1757000000000123"),
		Data: []byte(`{"type":"content","content":"流式传输事件流式","messageId":"01234567"}`),
	}},
	{"Line64KiB", sse.Event{
		Name: "content",
		ID:   []byte("1757000000000123"),
		Data: bytes.Repeat([]byte("a"), 64<<10),
	}},
}

func BenchmarkAppend(b *testing.B) {
	for _, a := range appended {
		b.Run(a.name, func(b *testing.B) {
			buf, err := sse.Append(nil, a.event)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(buf)))
			b.ReportAllocs()
			for b.Loop() {
				buf, _ = sse.Append(buf[:0], a.event)
			}
		})
	}
}

// BenchmarkAppendFloor appends the same bytes, unchecked.
func BenchmarkAppendFloor(b *testing.B) {
	for _, a := range appended {
		b.Run(a.name, func(b *testing.B) {
			buf := appendUnchecked(nil, a.event)
			b.SetBytes(int64(len(buf)))
			b.ReportAllocs()
			for b.Loop() {
				buf = appendUnchecked(buf[:0], a.event)
			}
		})
	}
}

//go:noinline
func appendUnchecked(dst []byte, e sse.Event) []byte {
	dst = append(dst, "event: "...)
	dst = append(dst, e.Name...)
	dst = append(dst, "\ndata: "...)
	dst = append(dst, e.Data...)
	dst = append(dst, "\nid: "...)
	dst = append(dst, e.ID...)
	return append(dst, "\n\n"...)
}

func BenchmarkEncode(b *testing.B) {
	e := sse.NewEncoder(io.Discard)
	b.ReportAllocs()
	for b.Loop() {
		if err := e.Encode(appended[0].event); err != nil {
			b.Fatal(err)
		}
	}
}
