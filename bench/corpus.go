package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// event is one event as every subject delivers it, whatever names it uses for the parts. The
// bytes are valid during the call only.
type event struct {
	name, id, data []byte
}

// corpus is a stream with a known number of events.
type corpus struct {
	name   string
	input  []byte
	events int
	size   int // bytes of data in all events
	chunk  int // the most bytes in a read; 0 for as many as fit
	want   func(i int) event
}

// newCorpus writes n events with the line end eol.
func newCorpus(name string, n int, eol string, chunk int, want func(i int) event) *corpus {
	c := &corpus{name: name, events: n, chunk: chunk, want: want}
	for i := range n {
		e := want(i)
		c.size += len(e.data)
		c.input = appendBlock(c.input, e, eol)
	}
	return c
}

func appendBlock(dst []byte, e event, eol string) []byte {
	if len(e.name) > 0 {
		dst = append(append(append(dst, "event: "...), e.name...), eol...)
	}
	for line := range bytes.SplitSeq(e.data, []byte("\n")) {
		dst = append(append(append(dst, "data: "...), line...), eol...)
	}
	if len(e.id) > 0 {
		dst = append(append(append(dst, "id: "...), e.id...), eol...)
	}
	return append(dst, eol...)
}

var tokenName = []byte("content")

// token returns event i of an agent that streams text, in 114 bytes with LF.
func token(i int) event {
	return event{
		name: tokenName,
		id:   fmt.Appendf(nil, "%d", 1_790_000_000_000_000+i),
		data: fmt.Appendf(nil, `{"type":"content","content":" %06d","assistantMessageId":"msg_0123"}`, i),
	}
}

// paragraph returns an event of 20 lines.
func paragraph(i int) event {
	var b bytes.Buffer
	for n := range 20 {
		if n > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%06d, line %02d of about forty bytes", i, n)
	}
	return event{data: b.Bytes()}
}

// line returns events of one line of n bytes, including the name of the field: as much of text
// as fits. They differ in their first bytes.
func line(n int, text string) func(i int) event {
	fill := strings.Repeat(text, (n-len("data: "))/len(text))
	return func(i int) event {
		data := []byte(fill)
		copy(data, fmt.Sprintf("%06d", i))
		return event{data: data}
	}
}

const segment = 1460 // the payload of a TCP segment on Ethernet

func tokens(n int) *corpus { return newCorpus("tokens", n, "\n", 0, token) }

// tokensOfTwo is a stream of tokens whose data has two strings.
func tokensOfTwo(n int) *corpus {
	return newCorpus("tokens of two strings", n, "\n", 0, func(i int) event {
		e := token(i)
		e.data = fmt.Appendf(nil, `{"type":"content","content":" %06d"}`, i)
		return e
	})
}

func tokensCRLF(n int) *corpus { return newCorpus("tokens, CRLF", n, "\r\n", 0, token) }

func paragraphs(n int) *corpus { return newCorpus("20 lines", n, "\n", 0, paragraph) }

func lines64(n int) *corpus { return newCorpus("line of 64 KiB", n, "\n", 0, line(64<<10, "a")) }

func lines64CJK(n int) *corpus {
	return newCorpus("line of 64 KiB, CJK", n, "\n", 0, line(64<<10, "流式"))
}

func large(size int) *corpus {
	return newCorpus(fmt.Sprintf("event of %d KiB", size>>10), 1, "\n", segment, line(size, "a"))
}

// reader returns the stream, in reads of at most the corpus's chunk.
func (c *corpus) reader() io.ReadCloser { return &reader{rest: c.input, chunk: c.chunk} }

type reader struct {
	rest  []byte
	chunk int
}

func (r *reader) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		return 0, io.EOF
	}
	if r.chunk > 0 && len(p) > r.chunk {
		p = p[:r.chunk]
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func (r *reader) Close() error { return nil }

// response answers a request with the stream.
func (c *corpus) response(r *http.Request) *http.Response {
	return &http.Response{
		StatusCode: http.StatusOK,
		Header:     http.Header{"Content-Type": {"text/event-stream"}},
		Body:       c.reader(),
		Request:    r,
	}
}

// RoundTrip makes the corpus an in-memory server.
func (c *corpus) RoundTrip(r *http.Request) (*http.Response, error) { return c.response(r), nil }
