package sse_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/sse"
)

func TestAppend(t *testing.T) {
	tests := []struct {
		rule  string
		event sse.Event
		want  string
	}{
		{"all fields, the id last", sse.Event{Name: "content", ID: []byte("17"), Retry: 2 * time.Second, HasRetry: true, Data: []byte(`{"a":1}`)}, "event: content\nretry: 2000\ndata: {\"a\":1}\nid: 17\n\n"},
		{"there always is a data line", sse.Event{}, "data: \n\n"},
		{"empty fields are left out", event("", "", "a"), "data: a\n\n"},
		{"retry without HasRetry is left out", sse.Event{Retry: -time.Nanosecond}, "data: \n\n"},
		{"retry may be zero", sse.Event{HasRetry: true}, "retry: 0\ndata: \n\n"},
		{"the longest retry", sse.Event{Retry: 9223372036854 * time.Millisecond, HasRetry: true}, "retry: 9223372036854\ndata: \n\n"},
		{"each line of data has its own", event("", "", "a\nb"), "data: a\ndata: b\n\n"},
		{"empty lines too", event("", "", "\n\na\n"), "data: \ndata: \ndata: a\ndata: \n\n"},
		{"leading spaces stay", event(" a", " b", " c"), "event:  a\ndata:  c\nid:  b\n\n"},
		{"data cannot pass for a field or a block", event("", "", "\nid: 1\n\nevent: a"), "data: \ndata: id: 1\ndata: \ndata: event: a\n\n"},
		{"other control characters are no matter", event("a\tb\x00\v\u2028", "a\tb\v\u0085", "a\tb\x00\f"), "event: a\tb\x00\v\u2028\ndata: a\tb\x00\f\nid: a\tb\v\u0085\n\n"},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			if got, err := sse.Append([]byte("before\n\n"), tt.event); err != nil || string(got) != "before\n\n"+tt.want {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

func TestAppendRefuses(t *testing.T) {
	// The byte may occur anywhere in a value of any length.
	var places []string
	for n := range 20 {
		for i := range n + 1 {
			places = append(places, strings.Repeat("x", i)+"*"+strings.Repeat("\xff", n-i))
		}
	}
	tests := []struct {
		rule  string
		bytes string
		event func(value string) sse.Event
		field string
	}{
		{"a name has no line end", "\r\n", func(v string) sse.Event { return event(v, "", "") }, "event"},
		{"an id has no line end nor NUL", "\r\n\x00", func(v string) sse.Event { return event("", v, "") }, "id"},
		{"data has no CR", "\r", func(v string) sse.Event { return event("", "", v) }, "data"},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			for _, c := range tt.bytes {
				for _, place := range places {
					value := strings.ReplaceAll(place, "*", string(c))
					got, err := sse.Append([]byte("before"), tt.event(value))
					var refused *sse.FieldError
					if !errors.As(err, &refused) || refused.Field != tt.field || string(got) != "before" {
						t.Fatalf("%q: got %q, %v, want a FieldError of %s", value, got, err, tt.field)
					}
				}
			}
		})
	}
	for _, retry := range []time.Duration{-time.Millisecond, -1, 1, time.Millisecond + 1, time.Millisecond - 1} {
		var refused *sse.FieldError
		if _, err := sse.Append(nil, sse.Event{Retry: retry, HasRetry: true}); !errors.As(err, &refused) || refused.Field != "retry" {
			t.Errorf("retry %v: error %v, want a FieldError", retry, err)
		}
	}
	_, err := sse.Append(nil, event("a\nb", "", ""))
	if got, want := err.Error(), "sse: event contains CR or LF"; got != want {
		t.Errorf("message %q, want %q", got, want)
	}
}

// A connection that breaks within a block leaves nothing of it: no event, and no id that
// appears to be received.
func TestAppendCutAnywhere(t *testing.T) {
	block, err := sse.Append(nil, sse.Event{Name: "content", ID: []byte("17"), Retry: time.Second, HasRetry: true, Data: []byte("a\nb\n\nc")})
	if err != nil {
		t.Fatal(err)
	}
	for i := range block {
		got := decode(t, sse.NewDecoder(nil), strings.NewReader(string(block[:i])))
		if len(got.events) > 0 || got.lastID != "" || i > 0 && got.err != io.ErrUnexpectedEOF {
			t.Errorf("%q: got %+v", block[:i], got)
		}
	}
}

func TestAppendComment(t *testing.T) {
	tests := []struct{ text, want string }{
		{"", ": \n"},
		{"ping", ": ping\n"},
		{"a\nb\rc\r\nd", ": a\n: b\n: c\n: d\n"},
		{"a\n\r\n\ndata: b\n\n", ": a\n: \n: \n: data: b\n: \n: \n"},
	}
	for _, tt := range tests {
		if got := sse.AppendComment([]byte("before\n\n"), tt.text); string(got) != "before\n\n"+tt.want {
			t.Errorf("%q: got %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestAppendAllocatesNothing(t *testing.T) {
	for _, a := range appended {
		ev := a.event
		ev.Retry, ev.HasRetry = time.Second, true
		buf := make([]byte, 0, 1<<20)
		if n := testing.AllocsPerRun(100, func() {
			buf = sse.AppendComment(buf[:0], "a\nb")
			if _, err := sse.Append(buf, ev); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations, want none", a.name, n)
		}
	}
}
