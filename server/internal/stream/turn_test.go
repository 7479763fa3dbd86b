package stream_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/ssewrite"
	"github.com/mixstream/mixstream/server/internal/stream"
)

// begun returns a stream of the full contract that has said connected, at the end of its log.
func begun(t *testing.T) *fixture {
	t.Helper()
	f := newFixture(t, rules(full()), &log{floor: 10, end: 20})
	f.begin("")
	f.turns()
	return f
}

// A turn without a reason says nothing, however often it is taken.
func TestTurnIsRepeatable(t *testing.T) {
	f := begun(t)
	for range 3 {
		if got := f.turn(); got != "-> rest 15s" {
			t.Errorf("got %q", got)
		}
	}
	f.wait(time.Hour)
	drains(0)(f)
	for i, want := range []string{"heartbeat retry=2000 20 -> end drained", "-> end drained", "-> end drained"} {
		if got := f.turn(); got != want || f.stream.Reads() {
			t.Errorf("turn %d: got %q, want %q; it reads: %t", i, got, want, f.stream.Reads())
		}
	}
}

// A log that always has more puts off no end, and no question. Each turn reads once, and says at
// most one write.
func TestBusyLog(t *testing.T) {
	for name, test := range map[string]struct {
		do   func(*fixture)
		want []string
	}{
		"drained": {drains(0), []string{"content 21 -> again", "heartbeat retry=2000 21 -> end drained"}},
		"revoked": {func(f *fixture) { f.stream.Revoke(errors.New("no")) }, []string{"-> end revoked: no"}},
		"goes on": {func(*fixture) {}, []string{"content 21 -> again", "content 22 -> again", "content 23 -> again"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := begun(t)
			test.do(f)
			for i, want := range test.want {
				f.log.add("content", "{}")
				before := f.log.reads
				if got := f.turn(); got != want || f.log.reads > before+1 {
					t.Errorf("turn %d: got %q, want %q; %d reads", i, got, want, f.log.reads-before)
				}
			}
		})
	}
}

// A write has at most 64 KiB, or one larger event.
func TestWriteSize(t *testing.T) {
	f := begun(t)
	large, small := `"`+strings.Repeat("x", 100<<10)+`"`, `"`+strings.Repeat("y", 20<<10)+`"`
	for _, data := range []string{small, small, small, small, large, small} {
		f.log.add("content", data)
	}
	for i, want := range []string{
		"content 21, content 22, content 23 -> again", "content 24 -> again", "content 25 -> again", "content 26 -> again", "-> rest 15s",
	} {
		got := f.turn()
		if got != want {
			t.Errorf("turn %d: got %q, want %q", i, got, want)
		}
		if len(f.raw) > ssewrite.MaxWrite && strings.Count(f.raw, "\n\n") > 1 {
			t.Errorf("turn %d: %d bytes", i, len(f.raw))
		}
	}
}

// One read may find more than a write takes. The stream says all of it, in order and once.
func TestReadOfManyWrites(t *testing.T) {
	f := begun(t)
	f.log.addN(5000)
	next := 21
	for f.log.reads = 0; ; {
		said := f.turn()
		if said == "-> rest 15s" {
			break
		}
		for id := range strings.SplitSeq(strings.TrimSuffix(said, " -> again"), ", ") {
			if want := fmt.Sprint("content ", next); id != want {
				t.Fatalf("got %q, want %q", id, want)
			}
			next++
		}
	}
	if next != 5021 || f.log.reads < 4 {
		t.Errorf("%d events in %d reads", next-21, f.log.reads)
	}
}

// What a turn says counts once its bytes are out, and once only.
func TestCounts(t *testing.T) {
	f := newFixture(t, rules(full()), &log{floor: 10, end: 10})
	f.log.addN(3)
	f.begin("0")
	f.turns()
	f.log.addN(2)
	f.log.end += 10
	f.log.trim(14)
	count := func() string { all, replayed := f.stream.Events(); return fmt.Sprint(all, " ", replayed) }
	if got := count(); got != "3 3" || !f.stream.CaughtUp() {
		t.Fatalf("got %q; it has caught up: %t", got, f.stream.CaughtUp())
	}
	f.turn()
	if f.said != (stream.Counts{Gaps: 1}) {
		t.Errorf("the gap counts as %+v", f.said)
	}
	f.unsent()
	if got := count(); got != "3 3" {
		t.Errorf("before the bytes are out: %q", got)
	}
	for range 2 {
		f.stream.Sent()
		if got := count(); got != "4 3" {
			t.Errorf("when they are: %q", got)
		}
	}
}

// A gap that no event tells counts as well.
func TestSilentGapCounts(t *testing.T) {
	r := rules(bare())
	r.SilentGaps = true
	f := newFixture(t, r, &log{floor: 17, end: 20})
	f.begin("16")
	if f.turn(); f.said != (stream.Counts{Gaps: 1}) {
		t.Errorf("the gap counts as %+v", f.said)
	}
}

// The reader is closed once.
func TestClose(t *testing.T) {
	f := begun(t)
	f.stream.Close()
	f.stream.Close()
	if f.log.closed != 1 {
		t.Errorf("closed %d times", f.log.closed)
	}
}

// Under other rules a stream has other times, and nothing else changes.
func TestGovern(t *testing.T) {
	f := begun(t)
	early := *f.rules
	early.Heartbeat = 10 * time.Second
	f.stream.Govern(&early)
	if got := f.turn(); got != "-> rest 10s" {
		t.Errorf("got %q", got)
	}
}

// The bytes of each form that an event can have.
func TestBytes(t *testing.T) {
	text := func(name string) bool { return name == "text" }
	unnamed := stream.NewVocabulary(&contract.Control{Connected: contract.ControlEvent{Name: "connected"}}, "type")
	unnamed.Text = text
	texts := bare()
	texts.Text = text
	for name, test := range map[string]struct {
		words stream.Vocabulary
		entry eventlog.Entry
		want  []string
	}{
		"plain":          {full(), eventlog.Entry{Name: "content", Data: []byte(`{"a":1}`)}, []string{"event: connected\nretry: 2000\ndata: {\"sessionId\":\"s\"}\nid: 20\n\n", "event: content\ndata: {\"a\":1}\nid: 21\n\n"}},
		"no control":     {bare(), eventlog.Entry{Name: "content", Data: []byte(`{"a":1}`)}, []string{":\n", "event: content\nretry: 2000\ndata: {\"a\":1}\nid: 21\n\n"}},
		"no name":        {bare(), eventlog.Entry{Data: []byte(`{"a":1}`)}, []string{":\n", "retry: 2000\ndata: {\"a\":1}\nid: 21\n\n"}},
		"named in data":  {unnamed, eventlog.Entry{Name: "content", Data: []byte(`{"type":"content"}`)}, []string{"retry: 2000\ndata: {\"type\":\"connected\"}\nid: 20\n\n", "data: {\"type\":\"content\"}\nid: 21\n\n"}},
		"text":           {texts, eventlog.Entry{Name: "text", Data: []byte(`"a\r\nb\rc\n"`)}, []string{":\n", "event: text\nretry: 2000\ndata: a\ndata: b\ndata: c\ndata: \nid: 21\n\n"}},
		"not quite text": {texts, eventlog.Entry{Name: "text", Data: []byte(`{"a":1}`)}, []string{":\n", "event: text\nretry: 2000\ndata: {\"a\":1}\nid: 21\n\n"}},
		"hidden":         {full(), eventlog.Entry{Name: "mixstream.unknown", Data: []byte(`{}`)}, []string{"event: connected\nretry: 2000\ndata: {\"sessionId\":\"s\"}\nid: 20\n\n", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			r := rules(test.words)
			r.FromStart = false
			f := newFixture(t, r, &log{floor: 10, end: 20})
			f.begin("")
			f.log.addEntry(test.entry)
			for i, want := range test.want {
				if f.turn(); f.raw != want {
					t.Errorf("turn %d: got %q, want %q", i, f.raw, want)
				}
			}
		})
	}
}

// Many streams are idle: each byte counts 18,000 times.
func TestSize(t *testing.T) {
	if size := unsafe.Sizeof(stream.Stream{}); size > 168 {
		t.Errorf("a stream takes %d bytes", size)
	}
}

// tokens makes a log as an agent does: of many small events.
func tokens(n int) *log {
	l := &log{floor: 1, end: 1_764_000_000_000_000}
	for range n {
		l.add("content", `{"content":" token","type":"content"}`)
	}
	return l
}

func TestTurnAllocatesNothing(t *testing.T) {
	for _, n := range []int{1, 100, 10_000} { // the last is more than one write
		turn := tokensTurn(t, n)
		if allocs := testing.AllocsPerRun(100, func() { turn() }); allocs != 0 {
			t.Errorf("%d events: %v allocations", n, allocs)
		}
	}
}

// tokensTurn returns a function that takes a turn which has found n events.
func tokensTurn(t testing.TB, n int) (turn func() (bytes int)) {
	r := rules(full())
	l := tokens(n)
	r.Sessions = l
	first := stream.New(&r, "s")
	first.Follow(l)
	if _, err := first.Begin(t.Context(), "1764000000000000"); err != nil {
		t.Fatal(err)
	}
	buf := ssewrite.NewBuffer()
	first.Say(1, new(stream.Found), buf)
	var found stream.Found
	first.Read(t.Context(), &found)
	var s stream.Stream
	return func() int {
		s = first
		buf.Reset()
		s.Say(2, &found, buf)
		return buf.Len()
	}
}

func BenchmarkTurn(b *testing.B) {
	for name, n := range map[string]int{"one event": 1, "a backlog": 10_000} {
		b.Run(name, func(b *testing.B) {
			turn := tokensTurn(b, n)
			b.ReportAllocs()
			bytes := 0
			for b.Loop() {
				bytes = turn()
			}
			b.SetBytes(int64(bytes))
		})
	}
}

// A read that has found only what no stream shows is followed by another: there may be more. Only
// what a stream shows counts.
func TestOnlyHiddenEntries(t *testing.T) {
	f := begun(t)
	for range 3 {
		f.log.add("mixstream.other", strings.Repeat("x", 30<<10))
	}
	f.log.add("content", "{}")
	if got := f.turns(); got != "-> again / content 24 -> again / -> rest 15s" {
		t.Errorf("got %q", got)
	}
	if all, _ := f.stream.Events(); all != 1 {
		t.Errorf("%d events count", all)
	}
}
