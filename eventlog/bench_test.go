package eventlog_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/eventlog"
)

var benchData = []byte(`{"type":"content","content":"` + strings.Repeat("word ", 12) + `"}`)

// wake is what a server does to wake a stream.
func wake() func() {
	woken := make(chan struct{}, 1)
	return func() {
		select {
		case woken <- struct{}{}:
		default:
		}
	}
}

func benchFollow(b *testing.B, log eventlog.Log, s eventlog.Session) eventlog.Reader {
	b.Helper()
	r, err := log.Follow(b.Context(), s, wake())
	if err != nil {
		b.Fatal(err)
	}
	return r
}

func benchAppend(b *testing.B, log eventlog.Log, s eventlog.Session, entries []eventlog.Entry) {
	if err := log.Append(b.Context(), s, nil, entries); err != nil {
		b.Fatal(err)
	}
}

// Appending to a session costs what its own readers cost, whatever others there
// are: here 10,000 sessions with a reader each.
func BenchmarkMemoryAppend(b *testing.B) {
	for _, readers := range []int{0, 1, 100} {
		b.Run(fmt.Sprintf("readers=%d", readers), func(b *testing.B) {
			log := eventlog.NewMemory(eventlog.Retention{})
			for _, s := range sessions(10_000) {
				benchAppend(b, log, s, []eventlog.Entry{{Name: "content", Data: benchData}})
				benchFollow(b, log, s)
			}
			for range readers {
				benchFollow(b, log, own("a"))
			}
			entries := []eventlog.Entry{{Name: "content", Data: benchData}}
			b.ReportAllocs()
			for b.Loop() {
				benchAppend(b, log, own("a"), entries)
			}
		})
	}
}

// Appending to 10,000 sessions in turn, from all processors.
func BenchmarkMemoryAppendParallel(b *testing.B) {
	log := eventlog.NewMemory(eventlog.Retention{})
	all := sessions(10_000)
	for _, s := range all {
		benchFollow(b, log, s)
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		entries := []eventlog.Entry{{Name: "content", Data: benchData}}
		for i := 0; pb.Next(); i++ {
			benchAppend(b, log, all[i%len(all)], entries)
		}
	})
}

// Reading 100 entries of a session, and of a session with 10 entries of its
// scope between them.
func BenchmarkMemoryRead(b *testing.B) {
	for _, scope := range []string{"", "x"} {
		name := "own"
		if scope != "" {
			name = "merged"
		}
		b.Run(name, func(b *testing.B) {
			log := eventlog.NewMemory(eventlog.Retention{})
			s := eventlog.Session{ID: "a", Scope: scope}
			for range 900 {
				benchAppend(b, log, s, []eventlog.Entry{{Name: "content", Data: benchData}})
			}
			r := benchFollow(b, log, s)
			_, end, err := r.Bounds(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			for i := range 10 {
				n := 10
				if scope != "" {
					n = 9
					e := eventlog.Entry{Name: "session_created", Data: benchData}
					if err := log.Create(b.Context(), eventlog.Session{ID: fmt.Sprint(i), Scope: scope}, &e); err != nil {
						b.Fatal(err)
					}
				}
				for range n {
					benchAppend(b, log, s, []eventlog.Entry{{Name: "content", Data: benchData}})
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				batch, err := r.Read(b.Context(), end, 64<<10)
				if err != nil || len(batch.Entries) != 100 {
					b.Fatalf("%d entries, error %v", len(batch.Entries), err)
				}
			}
		})
	}
}

// A stream that is opened and closed.
func BenchmarkMemoryFollow(b *testing.B) {
	log := eventlog.NewMemory(eventlog.Retention{})
	for _, s := range sessions(10_000) {
		benchFollow(b, log, s)
	}
	w := wake()
	b.ReportAllocs()
	for b.Loop() {
		r, err := log.Follow(b.Context(), eventlog.Session{ID: "a", Scope: "x"}, w)
		if err != nil {
			b.Fatal(err)
		}
		r.Close()
	}
}

// Appending under keys: each entry under one of its own, and pieces under one key.
func BenchmarkMemoryAppendKeyed(b *testing.B) {
	for _, n := range []int{1, 256} {
		for _, kind := range []string{"none", "own", "one"} {
			b.Run(fmt.Sprintf("entries=%d/key=%s", n, kind), func(b *testing.B) {
				log := eventlog.NewMemory(eventlog.Retention{})
				entries := make([]eventlog.Entry, n)
				for i := range entries {
					entries[i] = eventlog.Entry{Name: "content", Data: benchData}
				}
				var key *eventlog.Key
				if kind == "one" {
					key = &eventlog.Key{Name: "k"}
				}
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					if kind == "own" {
						key = &eventlog.Key{Name: fmt.Sprint(i), Close: true}
					}
					if err := log.Append(b.Context(), own("a"), key, entries); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
