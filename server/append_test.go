package server

import (
	"bytes"
	"testing"

	"github.com/mixstream/mixstream/gen"

	"github.com/mixstream/mixstream/eventlog"
)

// tokens is a batch as an agent makes it: many small events.
func tokens(n int) eventlog.Batch {
	var b eventlog.Batch
	for i := range n {
		b.Position = 1_764_000_000_000_000 + uint64(i)
		b.Entries = append(b.Entries, eventlog.Entry{ID: b.Position, Name: "content", Data: []byte(`{"content":" token","type":"content"}`)})
	}
	return b
}

func TestAppendPendingAllocatesNothing(t *testing.T) {
	srv, err := New(gen.StreamEvents)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1, 100, 10_000} { // the last is more than one write
		st := stream{server: srv.engine, sessionID: "s", retry: noRetry}
		batch := tokens(n)
		buf := new(buffer)
		fill := func() { buf.bytes = buf.bytes[:0]; st.appendPending(buf, batch) }
		fill()
		if allocs := testing.AllocsPerRun(100, fill); allocs != 0 {
			t.Errorf("%d events: %v allocations", n, allocs)
		}
		if len(buf.bytes) > maxWrite || !bytes.HasSuffix(buf.bytes, []byte("\n\n")) {
			t.Errorf("%d events: %d bytes", n, len(buf.bytes))
		}
		if sent := bytes.Count(buf.bytes, []byte("\n\n")); st.position != batch.Entries[sent-1].ID {
			t.Errorf("%d events: position %d after %d of them", n, st.position, sent)
		}
	}
}

func BenchmarkAppendPending(b *testing.B) {
	srv, err := New(gen.StreamEvents)
	if err != nil {
		b.Fatal(err)
	}
	st := stream{server: srv.engine, sessionID: "s", retry: noRetry}
	batch := tokens(1)
	buf := new(buffer)
	b.ReportAllocs()
	for b.Loop() {
		buf.bytes = buf.bytes[:0]
		st.appendPending(buf, batch)
	}
	b.SetBytes(int64(len(buf.bytes)))
}
