package ssewrite_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/mixstream/mixstream/internal/ssewrite"
	"github.com/mixstream/mixstream/sse"
)

// An Appender writes what Append writes, whatever came before.
func TestAppender(t *testing.T) {
	var ids []uint64
	for _, start := range []uint64{0, 8, 98, 990, 9_900, 1_790_000_000_000_000, math.MaxUint64 - 250} {
		for step := range uint64(3) {
			for i := range uint64(120) {
				ids = append(ids, start+i*step)
			}
		}
	}
	for range 1000 {
		ids = append(ids, rand.Uint64()>>rand.IntN(64))
	}
	names := []string{"content", "content", "content", "", "x", "tool_use_parameter_streaming_complete"}
	var a ssewrite.Appender
	for i, id := range ids {
		e := sse.Event{Name: names[rand.IntN(len(names))], Data: []byte(`{"n":` + strconv.Itoa(i) + `}`), ID: strconv.AppendUint(nil, id, 10)}
		want, err := sse.Append([]byte("before\n\n"), e)
		if err != nil {
			t.Fatal(err)
		}
		if got := a.Append([]byte("before\n\n"), e.Name, e.Data, id); !bytes.Equal(got, want) {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
}

// The difference of two ids may overflow.
func TestAppenderOfIDsThatFall(t *testing.T) {
	var a ssewrite.Appender
	for _, id := range []uint64{math.MaxUint64, 0, 5, math.MaxUint64 - 15, 84, math.MaxUint64, 283} {
		want := "data: {}\nid: " + strconv.FormatUint(id, 10) + "\n\n"
		if got := string(a.Append(nil, "", []byte("{}"), id)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestAppenderAllocatesNothing(t *testing.T) {
	var a ssewrite.Appender
	buf := make([]byte, 0, 1<<10)
	data := []byte("{}")
	for _, name := range []string{"tool_use_start", ""} { // what grows once
		a.Append(buf, name, data, 1)
	}
	id := uint64(math.MaxUint32)
	if n := testing.AllocsPerRun(1000, func() {
		for _, name := range []string{"content", "", "tool_use_start"} {
			id++
			a.Append(buf, name, data, id)
		}
	}); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

// BenchmarkAppend appends events with growing ids.
func BenchmarkAppend(b *testing.B) {
	for name, data := range map[string][]byte{
		"Token":     []byte(`{"type":"content","content":" token","messageId":"0123456789"}`),
		"Line64KiB": bytes.Repeat([]byte("a"), 64<<10),
	} {
		b.Run(name, func(b *testing.B) {
			var a ssewrite.Appender
			id := uint64(1757000000000123)
			buf := a.Append(nil, "content", data, id)
			b.SetBytes(int64(len(buf)))
			b.ReportAllocs()
			for b.Loop() {
				id++
				buf = a.Append(buf[:0], "content", data, id)
			}
		})
	}
}
