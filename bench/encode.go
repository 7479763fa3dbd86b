package main

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"unsafe"

	"github.com/launchdarkly/eventsource"
	tmaxmax "github.com/tmaxmax/go-sse"

	"github.com/mixstream/mixstream/internal/ssewrite"
	"github.com/mixstream/mixstream/sse"
)

// encoding is one way to write a stream of events. prepare converts the events to the form
// that it needs.
type encoding struct {
	name    string
	prepare func(events []event, w io.Writer) func() error
}

func encodings() []encoding {
	return []encoding{
		{"floor: plain append", preparePlain},
		{"**mixstream, as the server**", prepareAppender},
		{"**mixstream `sse.Append`**", prepareAppend},
		{"mixstream `sse.Encoder`", prepareEncoder},
		{"tmaxmax/go-sse `Message.WriteTo`", prepareTmaxmax},
		{"launchdarkly/eventsource `Encoder`", prepareLaunchDarkly},
	}
}

// preparePlain appends the fields unchecked. Like ours, it passes each block to the writer.
func preparePlain(events []event, w io.Writer) func() error {
	var buf []byte
	return func() error {
		for i := range events {
			buf = appendPlain(buf[:0], &events[i])
			if _, err := w.Write(buf); err != nil {
				return err
			}
		}
		return nil
	}
}

//go:noinline
func appendPlain(dst []byte, e *event) []byte {
	dst = append(dst, "event: "...)
	dst = append(dst, e.name...)
	dst = append(dst, "\ndata: "...)
	dst = append(dst, e.data...)
	dst = append(dst, "\nid: "...)
	dst = append(dst, e.id...)
	return append(dst, "\n\n"...)
}

func ours(events []event) []sse.Event {
	out := make([]sse.Event, len(events))
	for i, e := range events {
		out[i] = sse.Event{Name: str(e.name), ID: e.id, Data: e.data}
	}
	return out
}

func prepareAppend(events []event, w io.Writer) func() error {
	var buf []byte
	in := ours(events)
	return func() error {
		for i := range in {
			var err error
			if buf, err = sse.Append(buf[:0], in[i]); err != nil {
				return err
			}
			if _, err := w.Write(buf); err != nil {
				return err
			}
		}
		return nil
	}
}

func prepareAppender(events []event, w io.Writer) func() error {
	var buf []byte
	in := ours(events)
	ids := make([]uint64, len(in)) // the server has them as numbers
	for i, e := range in {
		ids[i], _ = strconv.ParseUint(string(e.ID), 10, 64) // check would find an error
	}
	var a ssewrite.Appender
	return func() error {
		for i := range in {
			buf = a.Append(buf[:0], in[i].Name, in[i].Data, ids[i])
			if _, err := w.Write(buf); err != nil {
				return err
			}
		}
		return nil
	}
}

func prepareEncoder(events []event, w io.Writer) func() error {
	in := ours(events)
	enc := sse.NewEncoder(w)
	return func() error {
		for i := range in {
			if err := enc.Encode(in[i]); err != nil {
				return err
			}
		}
		return nil
	}
}

func prepareTmaxmax(events []event, w io.Writer) func() error {
	in := make([]*tmaxmax.Message, len(events))
	for i, e := range events {
		in[i] = &tmaxmax.Message{ID: tmaxmax.ID(str(e.id)), Type: tmaxmax.Type(str(e.name))}
		in[i].AppendData(str(e.data))
	}
	return func() error {
		for _, m := range in {
			if _, err := m.WriteTo(w); err != nil {
				return err
			}
		}
		return nil
	}
}

// publication is an event in the form of launchdarkly/eventsource.
type publication struct{ id, name, data string }

func (p *publication) Id() string    { return p.id } //nolint:revive,staticcheck // the interface has that name
func (p *publication) Event() string { return p.name }
func (p *publication) Data() string  { return p.data }

func prepareLaunchDarkly(events []event, w io.Writer) func() error {
	in := make([]*publication, len(events))
	for i, e := range events {
		in[i] = &publication{id: str(e.id), name: str(e.name), data: str(e.data)}
	}
	enc := eventsource.NewEncoder(w, false)
	return func() error {
		for _, p := range in {
			if err := enc.Encode(p); err != nil {
				return err
			}
		}
		return nil
	}
}

// str returns p as a string without a copy, so that all encoders read the same memory.
func str(p []byte) string {
	return unsafe.String(unsafe.SliceData(p), len(p)) //nolint:gosec // no code modifies p
}

// check parses the encoding's output with the plain parser.
func (e encoding) check(events []event) error {
	var out bytes.Buffer
	if err := e.prepare(events, &out)(); err != nil {
		return fmt.Errorf("%s: %w", e.name, err)
	}
	p := newPlain(out.Bytes())
	for i, want := range events {
		if !p.next() {
			return fmt.Errorf("%s: %d events of %d", e.name, i, len(events))
		}
		if err := new(subject).compare(p.event, want, i); err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
	}
	if p.next() {
		return fmt.Errorf("%s: more than %d events", e.name, len(events))
	}
	return nil
}

func (e encoding) job(events []event) *job {
	return &job{ops: len(events), run: e.prepare(events, io.Discard)}
}
