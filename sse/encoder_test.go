package sse_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/mixstream/mixstream/sse"
)

// writes records each Write; after fail of them it accepts half of one and fails.
type writes struct {
	blocks []string
	fail   int
	err    error
}

func (w *writes) Write(p []byte) (int, error) {
	if len(w.blocks) == w.fail {
		return len(p) / 2, w.err
	}
	w.blocks = append(w.blocks, string(p))
	return len(p), nil
}

func TestEncoder(t *testing.T) {
	w := &writes{fail: -1}
	e := sse.NewEncoder(w)
	large := bytes.Repeat([]byte("x"), 1<<20)
	for _, ev := range []sse.Event{event("a", "1", "b\nc"), {Data: large}, event("", "", "d")} {
		if err := e.Encode(ev); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"event: a\ndata: b\ndata: c\nid: 1\n\n", "data: " + string(large) + "\n\n", "data: d\n\n"}
	if len(w.blocks) != len(want) {
		t.Fatalf("%d writes, want one for each of %d events", len(w.blocks), len(want))
	}
	for i, want := range want {
		if w.blocks[i] != want {
			t.Errorf("event %d: wrote %.40q, want %.40q", i, w.blocks[i], want)
		}
	}
}

func TestEncoderErrors(t *testing.T) {
	broken := errors.New("broken")
	for _, tt := range []struct{ err, want error }{{broken, broken}, {nil, io.ErrShortWrite}} {
		w := &writes{fail: 1, err: tt.err}
		e := sse.NewEncoder(w)

		var refused *sse.FieldError
		if err := e.Encode(event("a\n", "", "")); !errors.As(err, &refused) || len(w.blocks) != 0 {
			t.Errorf("refused event: error %v, %d writes, want a FieldError and none", err, len(w.blocks))
		}
		if err := e.Encode(event("", "", "a")); err != nil {
			t.Errorf("after a refused event: %v", err)
		}
		if err := e.Encode(event("", "", "b")); err != tt.want {
			t.Errorf("torn write: error %v, want %v", err, tt.want)
		}
		w.fail = -1
		if err := e.Encode(event("", "", "c")); err != tt.want || len(w.blocks) != 1 {
			t.Errorf("after a torn write: error %v, %d writes, want %v and no more", err, len(w.blocks), tt.want)
		}
	}
}

func TestEncodeAllocatesNothing(t *testing.T) {
	e := sse.NewEncoder(io.Discard)
	if n := testing.AllocsPerRun(100, func() {
		if err := e.Encode(appended[0].event); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}
