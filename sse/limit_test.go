package sse_test

import (
	"errors"
	"io"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/sse"
)

func TestMaxEventSize(t *testing.T) {
	large := func(ev sse.Event) sse.Event {
		ev.Data = nil
		return ev
	}
	long := strings.Repeat("x", 10_000)
	tests := []struct {
		rule  string
		limit int
		input string
		want  outcome
	}{
		{"data of the limit fits", 4, "data: abcd\n\n", outcome{events: []sse.Event{event("", "", "abcd")}}},
		{"data over it does not", 4, "data: abcde\n\ndata: f\n\n", outcome{events: []sse.Event{large(event("", "", "")), event("", "", "f")}, tooLarge: []int{0}}},
		{"joined lines fit", 4, "data: a\ndata: bc\n\n", outcome{events: []sse.Event{event("", "", "a\nbc")}}},
		{"the LF between them counts", 4, "data: ab\ndata: cd\n\n", outcome{events: []sse.Event{large(event("", "", ""))}, tooLarge: []int{0}}},
		{"empty lines count", 4, "data\ndata\ndata\ndata\ndata\n\ndata\ndata\ndata\ndata\ndata\ndata\n\n", outcome{events: []sse.Event{event("", "", "\n\n\n\n"), large(event("", "", ""))}, tooLarge: []int{1}}},
		{"name and id count", 4, "event: ab\nid: c\ndata: d\n\nevent: ab\nid: c\ndata: de\n\n", outcome{events: []sse.Event{event("ab", "c", "d"), large(event("ab", "c", ""))}, tooLarge: []int{1}, lastID: "c"}},
		{"an id of an earlier event does not", 4, "id: abcd\n\ndata: efgh\n\n", outcome{events: []sse.Event{event("", "abcd", "efgh")}, lastID: "abcd"}},
		{"nor do comments, retry and other fields", 4, ": abcdef\nretry: 123456\nfoo: abcdef\ndata: abcd\n\n",
			outcome{events: []sse.Event{{Data: []byte("abcd"), Retry: 123456 * time.Millisecond, HasRetry: true}}, comments: []string{"abcdef"}, retry: 123456 * time.Millisecond, hasRetry: true}},
		{"replaced bytes count as what replaces them", 5, "data: \xff\xff\n\ndata: ab\xff\n\nid: \xff\xff\ndata\n\n", outcome{events: []sse.Event{large(event("", "", "")), event("", "", "ab\ufffd"), large(event("", "", ""))}, tooLarge: []int{0, 2}}},

		{"an id after the data counts", 4, "data: abcde\nevent: f\nid: 7\nretry: 8\n\n",
			outcome{events: []sse.Event{{Name: "f", ID: []byte("7"), Retry: 8 * time.Millisecond, HasRetry: true}}, tooLarge: []int{0}, lastID: "7", retry: 8 * time.Millisecond, hasRetry: true}},
		{"also after data that is drained", 4, "data: " + long + "\nid: 7\ndata: a\nevent: f\n\ndata: b\n\n", outcome{events: []sse.Event{large(event("f", "7", "")), event("", "7", "b")}, tooLarge: []int{0}, lastID: "7"}},
		{"an id over the limit is left out", 4, "id: 1\n\nid: 23456\ndata: a\n\nid: " + long + "\ndata: b\n\n", outcome{events: []sse.Event{large(event("", "1", "")), large(event("", "1", ""))}, tooLarge: []int{0, 1}, lastID: "1"}},
		{"so is a name", 4, "event: a\nevent: bcdef\ndata: g\n\nevent: " + long + "\ndata: h\n\n", outcome{events: []sse.Event{large(event("a", "", "")), large(event("", "", ""))}, tooLarge: []int{0, 1}}},
		{"without data there is no event", 4, "event: bcdef\nid: " + long + "\n\ndata: a\n\n", outcome{events: []sse.Event{event("", "", "a")}}},
		{"a long comment is cut", 4, ": " + long + "\ndata: a\n\n", outcome{events: []sse.Event{event("", "", "a")}, comments: []string{long[:4096]}}},
		{"a long field of another name is skipped", 4, "data:abcd\n" + long + ": a\n" + "datax" + long + "\n\n", outcome{events: []sse.Event{event("", "", "abcd")}}},
		{"a long retry is ignored", 4, "retry: " + strings.Repeat("0", 4096) + "1\nretry: " + strings.Repeat("0", 4095) + "2\n\n", outcome{retry: 2 * time.Millisecond, hasRetry: true}},
		{"an unfinished event is not too large", 4, "data: " + long, outcome{err: io.ErrUnexpectedEOF}},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			if tt.want.err == nil {
				tt.want.err = io.EOF
			}
			everyWay(tt.input, func(way string, r io.Reader) {
				d := sse.NewDecoder(nil)
				d.SetMaxEventSize(tt.limit)
				if got := decode(t, d, r); !same(got, tt.want) {
					t.Fatalf("%s:\n got %+v\nwant %+v", way, got, tt.want)
				}
			})
		})
	}
}

func TestMaxEventSizeDefault(t *testing.T) {
	for _, n := range []int{0, -1} {
		d := sse.NewDecoder(io.MultiReader(repeat("data: ", "x", sse.DefaultMaxEventSize, "\n\n"), repeat("data: ", "x", sse.DefaultMaxEventSize+1, "\n\n")))
		d.SetMaxEventSize(100)
		d.SetMaxEventSize(n)
		if ev, err := d.Next(); err != nil || len(ev.Data) != sse.DefaultMaxEventSize {
			t.Errorf("limit %d: %d bytes of data, error %v", n, len(ev.Data), err)
		}
		if _, err := d.Next(); !errors.Is(err, sse.ErrEventTooLarge) {
			t.Errorf("limit %d: error %v, want %v", n, err, sse.ErrEventTooLarge)
		}
	}
	d := sse.NewDecoder(repeat("data: ", "x", sse.DefaultMaxEventSize+1, "\n\n"))
	d.SetMaxEventSize(math.MaxInt)
	if _, err := d.Next(); err != nil {
		t.Errorf("no limit: error %v", err)
	}
}

func TestEventTooLargeError(t *testing.T) {
	d := sse.NewDecoder(strings.NewReader("event: ab\ndata: cdef\ndata: ghij\n\n"))
	d.SetMaxEventSize(8)
	_, err := d.Next()
	var tooLarge *sse.EventTooLargeError
	if !errors.As(err, &tooLarge) || tooLarge.Limit != 8 || tooLarge.Size != 11 {
		t.Errorf("error %#v, want limit 8 and size 11", err)
	}
	if got, want := err.Error(), "sse: event too large: 11 bytes, the limit is 8"; got != want {
		t.Errorf("message %q, want %q", got, want)
	}
}

// Whatever an endless peer sends, the decoder allocates at most a small multiple of the limit,
// and continues with the next block.
func TestBoundedMemory(t *testing.T) {
	const limit, flood, lines = 64 << 10, 64 << 20, 8 << 20
	tests := []struct {
		name     string
		r        io.Reader
		tooLarge bool
	}{
		{"a data line", repeat("event: a\nid: 1\ndata: ", "x", flood, "\nid: 2\n\n"), true},
		{"many data lines", repeat("event: a\ndata: b\n", "data: 0123456789\n", lines, "id: 2\n\n"), true},
		{"empty data lines", repeat("event: a\n", "data\n", lines, "id: 2\n\n"), true},
		{"invalid data", repeat("event: a\ndata: ", "\xff", flood, "\nid: 2\n\n"), true},
		{"an id line", repeat("event: a\nid: 2\ndata: b\nid: ", "x", flood, "\n\n"), true},
		{"many id lines", repeat("event: a\ndata: b\n", "id: 2\n", lines, "\n"), true},
		{"a name", repeat("event: a\nid: 2\ndata: b\nevent: ", "x", flood, "\n\n"), true},
		{"a comment", repeat("event: a\ndata: b\n: ", "x", flood, "\nid: 2\n\n"), false},
		{"many comments", repeat("event: a\ndata: b\n", ": comment\n", lines, "id: 2\n\n"), false},
		{"a retry", repeat("event: a\ndata: b\nretry: ", "0", flood, "\nid: 2\n\n"), false},
		{"another field", repeat("event: a\ndata: b\n", "x", flood, "\nid: 2\n\n"), false},
		{"many other fields", repeat("event: a\ndata: b\n", "foo: bar\n", lines, "id: 2\n\n"), false},
		{"blank lines", repeat("", "\r\n\n", lines, "event: a\ndata: b\nid: 2\n\n"), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := sse.NewDecoder(io.MultiReader(tt.r, strings.NewReader("data: next\n\n")))
			d.SetMaxEventSize(limit)
			d.OnComment(func([]byte) {})

			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			ev, err := d.Next()
			runtime.ReadMemStats(&after)

			if tt.tooLarge != errors.Is(err, sse.ErrEventTooLarge) || !tt.tooLarge && err != nil {
				t.Errorf("error %v, too large: want %v", err, tt.tooLarge)
			}
			if ev.Name != "a" || string(ev.ID) != "2" {
				t.Errorf("got name %q and id %q, want a and 2", ev.Name, ev.ID)
			}
			if got := after.TotalAlloc - before.TotalAlloc; got > 8*limit {
				t.Errorf("%d bytes allocated, want at most 8 times the limit of %d", got, limit)
			}
			if ev, err := d.Next(); err != nil || string(ev.Data) != "next" {
				t.Errorf("next event %+v, %v", ev, err)
			}
		})
	}
}

// repeat returns head, then about n bytes of repeated text, then tail.
func repeat(head, text string, n int, tail string) io.Reader {
	body := &loop{input: []byte(text)}
	if len(text) < 4096 {
		body.input = []byte(strings.Repeat(text, 4096))
	}
	return io.MultiReader(strings.NewReader(head), io.LimitReader(body, int64(n/len(text)*len(text))), strings.NewReader(tail))
}
