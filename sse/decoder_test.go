package sse_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/mixstream/mixstream/sse"
)

// outcome holds everything that is observable of one stream.
type outcome struct {
	events   []sse.Event
	tooLarge []int // which of the events were too large
	comments []string
	lastID   string
	retry    time.Duration
	hasRetry bool
	err      error
}

// decode reads r to its end.
func decode(t testing.TB, d *sse.Decoder, r io.Reader) outcome {
	t.Helper()
	var o outcome
	d.OnComment(func(text []byte) { o.comments = append(o.comments, string(text)) })
	d.Reset(r)
	for {
		ev, err := d.Next()
		if errors.Is(err, sse.ErrEventTooLarge) {
			if ev.Data != nil {
				t.Errorf("an event that is too large has data %q", ev.Data)
			}
			o.tooLarge = append(o.tooLarge, len(o.events))
			err = nil
		} else if err == nil && ev.Data == nil {
			t.Error("an event has nil data")
		}
		if err != nil {
			o.err = err
			break
		}
		o.events = append(o.events, ev.Clone())
	}
	if _, err := d.Next(); err != o.err {
		t.Errorf("after the end: error %v, want %v as before", err, o.err)
	}
	o.lastID = string(d.LastEventID())
	o.retry, o.hasRetry = d.Retry()
	return o
}

// everyWay calls f with readers that deliver input in many ways: at once, byte by byte, cut in
// two at every position, and with the end in the last read.
func everyWay(input string, f func(way string, r io.Reader)) {
	f("in one piece", strings.NewReader(input))
	f("byte by byte", iotest.OneByteReader(strings.NewReader(input)))
	f("with the end in the last read", iotest.DataErrReader(strings.NewReader(input)))
	// Long inputs are cut at a thousand positions.
	for i := 0; i < len(input); i += 1 + len(input)/1000 {
		r := io.MultiReader(strings.NewReader(input[:i]), strings.NewReader(input[i:]))
		f(fmt.Sprintf("cut at %d", i), r)
	}
}

func event(name, id, data string) sse.Event {
	return sse.Event{Name: name, ID: []byte(id), Data: []byte(data)}
}

func TestDecoder(t *testing.T) {
	data := func(data ...string) []sse.Event {
		var events []sse.Event
		for _, d := range data {
			events = append(events, event("", "", d))
		}
		return events
	}
	tests := []struct {
		rule  string
		input string
		want  outcome // a nil err is io.EOF
	}{
		// Line ends.
		{"a line ends in LF", "data: a\n\n", outcome{events: data("a")}},
		{"a line ends in CR LF", "data: a\r\n\r\n", outcome{events: data("a")}},
		{"a line ends in CR", "data: a\r\r", outcome{events: data("a")}},
		{"line ends may be mixed", "data: a\rdata: b\r\ndata: c\n\r\ndata: d\n\rdata: e\r\n\ndata: f\r\r\n", outcome{events: data("a\nb\nc", "d", "e", "f")}},
		{"CR LF is one line end", "data: a\r\ndata: b\r\n\r\n", outcome{events: data("a\nb")}},
		{"LF CR is two", "data: a\n\rdata: b\n\r", outcome{events: data("a", "b")}},
		{"blank lines in a row mean nothing", "\n\r\n\r\r\ndata: a\n\n\n\n", outcome{events: data("a")}},

		// The byte order mark.
		{"a byte order mark is dropped", "\ufeffdata: a\n\n", outcome{events: data("a")}},
		{"one byte order mark only", "\ufeff\ufeffdata: a\n\ndata: b\n\n", outcome{events: data("b")}},
		{"at the start of the stream only", "data: a\n\n\ufeffdata: b\n\n", outcome{events: data("a")}},
		{"a byte order mark in a value stays", "data: \ufeffa\n\n", outcome{events: data("\ufeffa")}},
		{"a byte order mark alone is an empty stream", "\ufeff", outcome{}},
		{"half a byte order mark is no line", "\xef\xbb", outcome{err: io.ErrUnexpectedEOF}},
		{"half a byte order mark belongs to the line", "\xef\xbbdata: a\n\ndata: b\n\n", outcome{events: data("b")}},

		// Fields.
		{"one space is stripped after the colon", "data:  a \ndata:b\ndata:\tc\n\n", outcome{events: data(" a \nb\n\tc")}},
		{"a value may hold colons", "data: a: b:c\n\n", outcome{events: data("a: b:c")}},
		{"a line without a colon is a field without a value", "data\n\n", outcome{events: data("")}},
		{"names are case sensitive", "Data: a\nDATA: b\ndata: c\n\n", outcome{events: data("c")}},
		{"a space before the colon belongs to the name", "data : a\n data: b\ndata: c\n\n", outcome{events: data("c")}},
		{"other fields are ignored", "foo: a\ndatas: b\ndat: c\nevents\nids: 1\ni: 2\nretrys: 3\ndata: d\n\n", outcome{events: data("d")}},

		// Comments.
		{"a line that starts with a colon is a comment", ": one\n:two\n:  three\n:\ndata: a\n: four\n\n",
			outcome{events: data("a"), comments: []string{"one", "two", " three", "", "four"}}},
		{"a block of comments is no event", ": one\n\n: two\n\n", outcome{comments: []string{"one", "two"}}},
		{"a comment leaves no block unfinished", "data: a\n\n: one\n", outcome{events: data("a"), comments: []string{"one"}}},
		{"an unfinished comment line is cut off", "data: a\n\n: one", outcome{events: data("a"), err: io.ErrUnexpectedEOF}},

		// data.
		{"data lines are joined by LF", "data: a\ndata: b\ndata: c\n\n", outcome{events: data("a\nb\nc")}},
		{"other lines may stand between them", "data: a\nfoo: bar\n: c\ndata: b\n\n", outcome{events: data("a\nb"), comments: []string{"c"}}},
		{"a block without data is no event", "event: a\n\ndata: b\n\n", outcome{events: data("b")}},
		{"empty data is an event", "data:\n\ndata\n\ndata: \n\n", outcome{events: data("", "", "")}},
		{"one final LF is taken off", "data\ndata\n\ndata:\ndata:\ndata:\n\n", outcome{events: data("\n", "\n\n")}},

		// event.
		{"an event has its type", "event: a\ndata: 1\n\n", outcome{events: []sse.Event{event("a", "", "1")}}},
		{"the type is of one block", "event: a\ndata: 1\n\ndata: 2\n\n", outcome{events: []sse.Event{event("a", "", "1"), event("", "", "2")}}},
		{"the last type counts", "event: a\ndata: 1\nevent: b\n\n", outcome{events: []sse.Event{event("b", "", "1")}}},
		{"an empty type is the default", "event: a\nevent:\ndata: 1\n\n", outcome{events: data("1")}},
		{"a block without data clears the type", "event: a\nid: 1\n\ndata: 1\n\n", outcome{events: []sse.Event{event("", "1", "1")}, lastID: "1"}},

		// id.
		{"an id stays for the next events", "id: 1\ndata: a\n\ndata: b\n\n", outcome{events: []sse.Event{event("", "1", "a"), event("", "1", "b")}, lastID: "1"}},
		{"the last id counts", "id: 1\nid: 2\ndata: a\n\n", outcome{events: []sse.Event{event("", "2", "a")}, lastID: "2"}},
		{"an id of a block without data counts", "id: 1\n\ndata: a\n\n", outcome{events: []sse.Event{event("", "1", "a")}, lastID: "1"}},
		{"an empty id resets it", "id: 1\ndata: a\n\nid\ndata: b\n\n", outcome{events: []sse.Event{event("", "1", "a"), event("", "", "b")}}},
		{"an id with NUL is ignored", "id: 1\ndata: a\n\nid: 2\x003\ndata: b\n\n", outcome{events: []sse.Event{event("", "1", "a"), event("", "1", "b")}, lastID: "1"}},
		{"the id of an unfinished block is dropped", "id: 1\ndata: a\n\nid: 2\n", outcome{events: []sse.Event{event("", "1", "a")}, lastID: "1", err: io.ErrUnexpectedEOF}},

		// retry.
		{"a retry is a number of milliseconds", "retry: 0150\ndata: a\n\ndata: b\n\n",
			outcome{events: []sse.Event{{Data: []byte("a"), Retry: 150 * time.Millisecond, HasRetry: true}, event("", "", "b")}, retry: 150 * time.Millisecond, hasRetry: true}},
		{"the last valid retry counts", "retry: 1\nretry: 2\nretry: x\ndata: a\n\n",
			outcome{events: []sse.Event{{Data: []byte("a"), Retry: 2 * time.Millisecond, HasRetry: true}}, retry: 2 * time.Millisecond, hasRetry: true}},
		{"a retry may be zero", "retry:0\n\n", outcome{hasRetry: true}},
		{"a retry is ASCII digits only", "retry: -1\nretry: +1\nretry: 1.5\nretry:  1\nretry: 1 \nretry: 1s\nretry: ١\nretry:\nretry\ndata: a\n\n", outcome{events: data("a")}},
		{"a retry that overflows is the longest", "retry: 9223372036855\n\n", outcome{retry: 9223372036854 * time.Millisecond, hasRetry: true}},
		{"also past 64 bits", "retry: 1\nretry: 18446744073709551617\nretry: 99999999999999999999999\n\n", outcome{retry: 9223372036854 * time.Millisecond, hasRetry: true}},
		{"but with digits only", "retry: 99999999999999999999999x\n\n", outcome{}},
		{"the longest retry", "retry: 9223372036854\n\n", outcome{retry: 9223372036854 * time.Millisecond, hasRetry: true}},
		{"a retry counts from its line on", "retry: 5\ndata: a\n", outcome{retry: 5 * time.Millisecond, hasRetry: true, err: io.ErrUnexpectedEOF}},
		{"an unfinished retry line does not", "retry: 5", outcome{err: io.ErrUnexpectedEOF}},

		// The end.
		{"an empty stream", "", outcome{}},
		{"a block needs its blank line", "data: a\n\ndata: b\n", outcome{events: data("a"), err: io.ErrUnexpectedEOF}},
		{"a line needs its end", "data: a\n\ndata: b", outcome{events: data("a"), err: io.ErrUnexpectedEOF}},
		{"an ignored field leaves a block unfinished", "foo\n", outcome{err: io.ErrUnexpectedEOF}},

		// The standard's own examples.
		{"example 1", "data: YHOO\ndata: +2\ndata: 10\n\n", outcome{events: data("YHOO\n+2\n10")}},
		{"example 2", ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n",
			outcome{events: []sse.Event{event("", "1", "first event"), event("", "", "second event")}, comments: []string{"test stream"}, err: io.ErrUnexpectedEOF}},
		{"example 3", "data\n\ndata\ndata\n\ndata:", outcome{events: data("", "\n"), err: io.ErrUnexpectedEOF}},
		{"example 4", "data:test\n\ndata: test\n\n", outcome{events: data("test", "test")}},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			if tt.want.err == nil {
				tt.want.err = io.EOF
			}
			everyWay(tt.input, func(way string, r io.Reader) {
				d := sse.NewDecoder(nil)
				if got := decode(t, d, r); !same(got, tt.want) {
					t.Errorf("%s:\n got %+v\nwant %+v", way, got, tt.want)
				}
			})
		})
	}
}

// same compares outcomes; nil and empty slices of events are equal.
func same(a, b outcome) bool {
	if len(a.events) != len(b.events) {
		return false
	}
	for i := range a.events {
		x, y := a.events[i], b.events[i]
		if x.Name != y.Name || !bytes.Equal(x.ID, y.ID) || !bytes.Equal(x.Data, y.Data) || x.Retry != y.Retry || x.HasRetry != y.HasRetry {
			return false
		}
	}
	return slices.Equal(a.tooLarge, b.tooLarge) && slices.Equal(a.comments, b.comments) &&
		a.lastID == b.lastID && a.retry == b.retry && a.hasRetry == b.hasRetry && errors.Is(a.err, b.err)
}

// A blank line that ends in CR completes its event. The decoder must not wait for the LF that
// may follow, because on a quiet stream that comes with the next event.
func TestDecoderDoesNotWait(t *testing.T) {
	for _, reads := range [][]string{
		{"data: a\n\n", "data: b\n\n"},
		{"data: a\r\n\r\n", "data: b\r\n\r\n"},
		{"data: a\r\r", "data: b\r\r"},
		{"data: a\r\n\r", "\ndata: b\r\n\r"},
	} {
		r := &impatient{t: t, reads: reads}
		d := sse.NewDecoder(r)
		for _, want := range []string{"a", "b"} {
			r.asked = false
			ev, err := d.Next()
			if err != nil || string(ev.Data) != want {
				t.Errorf("%q: got %q, %v, want %q", reads, ev.Data, err, want)
			}
		}
	}
}

// impatient fails the test at a second read for the same event.
type impatient struct {
	t     *testing.T
	reads []string
	asked bool
}

func (r *impatient) Read(p []byte) (int, error) {
	if r.asked || len(r.reads) == 0 {
		r.t.Error("the decoder asks for more than the event")
		return 0, io.EOF
	}
	r.asked = true
	n := copy(p, r.reads[0])
	r.reads = r.reads[1:]
	return n, nil
}

func TestDecoderReset(t *testing.T) {
	var comments int
	d := sse.NewDecoder(strings.NewReader("id: 1\nretry: 7\ndata: a\n\nid: 2\ndata: b\n"))
	d.OnComment(func([]byte) { comments++ })
	d.SetMaxEventSize(10)
	if _, err := d.Next(); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Next(); err != io.ErrUnexpectedEOF {
		t.Fatalf("error %v, want %v", err, io.ErrUnexpectedEOF)
	}

	d.Reset(strings.NewReader("\ufeff: hello\ndata: c\n\ndata: 0123456789+\n\nda"))
	if ev, err := d.Next(); err != nil || string(ev.ID) != "1" || string(ev.Data) != "c" {
		t.Errorf("after Reset: %+v, %v, want the id 1 of the last complete block and data c", ev, err)
	}
	if retry, ok := d.Retry(); retry != 7*time.Millisecond || !ok {
		t.Errorf("after Reset: retry %v, %v, want it to stay", retry, ok)
	}
	if comments != 1 {
		t.Errorf("after Reset: %d comments, want 1", comments)
	}
	if _, err := d.Next(); !errors.Is(err, sse.ErrEventTooLarge) {
		t.Errorf("after Reset: error %v, want the limit to stay", err)
	}

	// In the middle of a line, with input left unread.
	d.Reset(strings.NewReader("ta: d\n\ndata: e\n\n"))
	if ev, err := d.Next(); err != nil || string(ev.Data) != "e" {
		t.Errorf("after a second Reset: %+v, %v, want data e", ev, err)
	}
	// After a CR, whose LF would be swallowed.
	d.Reset(iotest.OneByteReader(strings.NewReader("data: f\r\r")))
	if _, err := d.Next(); err != nil {
		t.Fatal(err)
	}
	d.Reset(strings.NewReader("\ndata: g\n\n"))
	if ev, err := d.Next(); err != nil || string(ev.Data) != "g" {
		t.Errorf("after a third Reset: %+v, %v, want data g", ev, err)
	}
}

func TestDecoderZeroValue(t *testing.T) {
	var d sse.Decoder
	if _, err := d.Next(); err != io.EOF {
		t.Errorf("zero Decoder: error %v, want EOF", err)
	}
	d.Reset(strings.NewReader("data: a\n\n"))
	if ev, err := d.Next(); err != nil || string(ev.Data) != "a" {
		t.Errorf("after Reset: %+v, %v", ev, err)
	}
}

func TestSetLastEventID(t *testing.T) {
	d := sse.NewDecoder(strings.NewReader("data: a\n\nid: 8\ndata: b\n\nid\ndata: c\n\n"))
	d.SetLastEventID("7")
	if got := d.LastEventID(); string(got) != "7" {
		t.Errorf("last event ID %q before any event, want 7", got)
	}
	for _, want := range []string{"7", "8", ""} {
		ev, err := d.Next()
		if err != nil || string(ev.ID) != want || string(d.LastEventID()) != want {
			t.Errorf("id %q, last event ID %q, error %v, want %q", ev.ID, d.LastEventID(), err, want)
		}
	}
}

func TestDecoderReaderErrors(t *testing.T) {
	broken := errors.New("broken")
	tests := []struct {
		name string
		r    io.Reader
		want error
	}{
		{"between blocks", io.MultiReader(strings.NewReader("data: a\n\n"), iotest.ErrReader(broken)), broken},
		{"within a block", io.MultiReader(strings.NewReader("data: a\n\ndata: b\n"), iotest.ErrReader(broken)), broken},
		{"with the last bytes", iotest.DataErrReader(io.MultiReader(strings.NewReader("data: a\n\n"), iotest.ErrReader(broken))), broken},
		{"a cut body", io.MultiReader(strings.NewReader("data: a\n\n"), iotest.ErrReader(io.ErrUnexpectedEOF)), io.ErrUnexpectedEOF},
		{"no progress", io.MultiReader(strings.NewReader("data: a\n\n"), idle{}), io.ErrNoProgress},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := decode(t, sse.NewDecoder(nil), tt.r)
			if len(got.events) != 1 || got.err != tt.want {
				t.Errorf("%d events, error %v, want 1 and %v", len(got.events), got.err, tt.want)
			}
		})
	}
	for _, n := range []int{-1, 1 << 30} {
		if _, err := sse.NewDecoder(liar(n)).Next(); err == nil || err == io.EOF {
			t.Errorf("a reader that claims %d bytes: error %v", n, err)
		}
	}
}

// idle never delivers anything.
type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }

// liar claims to have read a given number of bytes.
type liar int

func (n liar) Read([]byte) (int, error) { return int(n), nil }

// A caller that appends to borrowed bytes must not change the decoder's own.
func TestDecoderBorrowedBytes(t *testing.T) {
	d := sse.NewDecoder(strings.NewReader(": c\nid: 1\ndata: a\n\ndata: b\n\n"))
	d.OnComment(func(text []byte) { _ = append(text, "overwritten by the caller"...) })
	for _, want := range []string{"a", "b"} {
		ev, err := d.Next()
		if err != nil || string(ev.Data) != want || string(ev.ID) != "1" {
			t.Fatalf("got %+v, %v, want data %s", ev, err, want)
		}
		_ = append(ev.Data, "overwritten by the caller"...)
		_ = append(ev.ID, "overwritten"...)
		_ = append(d.LastEventID(), "overwritten"...)
	}
}

func TestDecoderNames(t *testing.T) {
	var input strings.Builder
	for i := range 200 {
		fmt.Fprintf(&input, "event: name-%d\ndata: a\n\nevent: %s\ndata: a\n\n", i%100, strings.Repeat("n", i))
	}
	d := sse.NewDecoder(strings.NewReader(input.String()))
	for i := range 200 {
		for _, want := range []string{fmt.Sprintf("name-%d", i%100), strings.Repeat("n", i)} {
			if ev, err := d.Next(); err != nil || ev.Name != want {
				t.Fatalf("name %q, error %v, want %q", ev.Name, err, want)
			}
		}
	}
}
