package natslog_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog"
	"github.com/mixstream/mixstream/internal/natstest"
)

// operator manages the streams of a NATS server.
type operator struct {
	*testing.T
	jetstream.JetStream
}

func operate(t *testing.T, url string) operator {
	t.Helper()
	nc, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return operator{t, js}
}

// entryStream returns the stream of the entries of a log, by the log's connection.
func entryStream(t *testing.T, log *natslog.Log) (jetstream.JetStream, jetstream.Stream) {
	t.Helper()
	js, err := jetstream.New(log.Connection())
	if err != nil {
		t.Fatal(err)
	}
	s, err := js.Stream(t.Context(), log.EntryStream())
	if err != nil {
		t.Fatal(err)
	}
	return js, s
}

// remake deletes a stream, and makes it again with what change has changed; not if it is nil.
func (o operator) remake(name string, change func(*jetstream.StreamConfig)) {
	o.Helper()
	s, err := o.Stream(o.Context(), name)
	if err != nil {
		o.Fatal(err)
	}
	config := s.CachedInfo().Config
	for err = jetstream.ErrStreamNameAlreadyInUse; errors.Is(err, jetstream.ErrStreamNameAlreadyInUse); { // a log may be quicker
		if err := o.DeleteStream(o.Context(), name); err != nil {
			o.Fatal(err)
		}
		if change == nil {
			return
		}
		c := config
		change(&c)
		_, err = o.CreateStream(o.Context(), c)
	}
	if err != nil {
		o.Fatal(err)
	}
}

// remakes are what an operator may do to the streams.
var remakes = map[string]func(o operator){
	"with its old first sequence": func(o operator) { o.remake("MIXSTREAM", func(*jetstream.StreamConfig) {}) },
	"from 1":                      func(o operator) { o.remake("MIXSTREAM", func(c *jetstream.StreamConfig) { c.FirstSeq = 1 }) },
	"from the clock": func(o operator) {
		o.remake("MIXSTREAM", func(c *jetstream.StreamConfig) { c.FirstSeq = uint64(time.Now().UnixMicro()) })
	},
	"deleted only":     func(o operator) { o.remake("MIXSTREAM", nil) },
	"records":          func(o operator) { o.remake("MIXSTREAM_SESSIONS", func(*jetstream.StreamConfig) {}) },
	"records, deleted": func(o operator) { o.remake("MIXSTREAM_SESSIONS", nil) },
	"both, in the old places": func(o operator) {
		o.remake("MIXSTREAM", func(*jetstream.StreamConfig) {})
		o.remake("MIXSTREAM_SESSIONS", func(*jetstream.StreamConfig) {})
	},
}

// A stream is made again under running processes. The readers that were there are told a gap,
// no id is given out again, and everything that is published afterwards is read once.
func TestStreamMadeAgain(t *testing.T) {
	for name, remake := range remakes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ns := natstest.Start(t, nil)
			op := operate(t, ns.ClientURL())
			o := natslog.Options{URL: ns.ClientURL(), CheckInterval: 100 * time.Millisecond, RequestTimeout: time.Second}
			var told [2]notes
			open := func(told *notes) tester { o.Logger = told.logger(); return tester{t, mustOpen(t, o)} }
			one, other := open(&told[0]), open(&told[1])
			defer func() {
				if t.Failed() {
					t.Logf("the loggers were told\n%s\n%s", told[0].text.String(), told[1].text.String())
				}
			}()
			s := eventlog.Session{ID: "a", Scope: "x"}
			before := one.append(s, 8)
			before = append(before, one.create(eventlog.Session{ID: "b", Scope: "x"}))
			other.append(s, 1)
			alone := own("alone") // of which the first process knows the place
			keyed := one.under(alone, &eventlog.Key{Name: "k", Close: true}, 2)[0]
			last := other.append(own("quiet"), 1)[0]
			r, idle := other.follow(s), other.follow(own("idle"))
			_, end := idle.bounds()

			remake(op)
			var ids []uint64
			for i := range 6 { // of which the first may come before anything was noticed
				m := []tester{one, other}[i%2]
				e := []eventlog.Entry{{Name: "content", Data: []byte("{}")}}
				if err := m.log.Append(t.Context(), s, nil, e); err != nil {
					if !errors.Is(err, eventlog.ErrUnavailable) && !errors.Is(err, eventlog.ErrOutcomeUnknown) {
						t.Errorf("Append: %v", err)
					}
					continue
				}
				ids = append(ids, e[0].ID)
			}
			if len(ids) < 5 || ids[0] <= last || !slices.IsSorted(ids) {
				t.Fatalf("ids %d after %d", ids, last)
			}
			for i := range told {
				until(t, "the process has noticed", func() bool { return told[i].has("goes on in another stream") })
			}
			if id := one.under(alone, &eventlog.Key{Name: "k", Close: true}, 2)[0]; id <= last {
				t.Errorf("under a key of before: id %d, as before %d", id, keyed)
			}
			ids = append(ids, one.append(s, 1)[0], other.append(s, 1)[0])
			fresh := one.follow(s)
			for _, reader := range []*follower{r, fresh} {
				// Wherever it was, it has missed something, or that cannot be known.
				for _, position := range append(slices.Clone(before), last, end) {
					h := history{position: position}
					until(t, "the reader has all", func() bool {
						if err := h.read(t.Context(), reader); err != nil && !errors.Is(err, eventlog.ErrUnavailable) {
							t.Fatal(err)
						}
						return h.position >= ids[len(ids)-1]
					})
					want := slices.DeleteFunc(slices.Clone(ids), func(id uint64) bool { return id <= h.gap })
					if h.gap < last || len(want) < 2 || !slices.Equal(h.ids, want) {
						t.Fatalf("from %d: got %d, and a gap up to %d; published were %d", position, h.ids, h.gap, ids)
					}
				}
			}
			// A reader of what nothing was appended to is told a gap as well.
			until(t, "the idle reader is told a gap", func() bool {
				_, err := idle.Read(t.Context(), end, 1)
				return errors.Is(err, eventlog.ErrGap)
			})
			// Nor does it come back with the next process.
			later := tester{t, mustOpen(t, natslog.Options{URL: ns.ClientURL()})}
			later.follow(s).expectGap(before[3])
			if id := later.append(s, 1)[0]; id <= ids[len(ids)-1] {
				t.Errorf("id %d after %d", id, ids)
			}
		})
	}
}

// A stream is made again while no process runs.
func TestStreamMadeAgainMeanwhile(t *testing.T) {
	for name, remake := range remakes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ns := natstest.Start(t, nil)
			first, err := natslog.Open(t.Context(), natslog.Options{URL: ns.ClientURL()})
			if err != nil {
				t.Fatal(err)
			}
			before := tester{t, first}.append(own("a"), 8)
			if err := first.Close(); err != nil {
				t.Error(err)
			}
			remake(operate(t, ns.ClientURL()))
			second, err := natslog.Open(t.Context(), natslog.Options{URL: ns.ClientURL()})
			if err != nil {
				if name != "from 1" {
					t.Error(err)
				}
				return // which is as clear as can be
			}
			t.Cleanup(func() { second.Close() })
			m := tester{t, second}
			if id := m.append(own("a"), 1)[0]; id <= before[7] {
				t.Errorf("id %d after %d", id, before)
			}
			until(t, "the log can be used", func() bool { _, err := second.Lookup(t.Context(), "a"); return err == nil })
			m.follow(own("a")).expectGap(before[3])
			m.follow(own("a")).expectGap(before[7])
		})
	}
}

// The log does not touch a stream that was restored, or that another program has published to. It
// says so, and appends nothing under an id from before.
func TestStreamMadeAgainWithEntries(t *testing.T) {
	ns := natstest.Start(t, nil)
	op := operate(t, ns.ClientURL())
	told := &notes{}
	m := tester{t, mustOpen(t, natslog.Options{
		URL: ns.ClientURL(), CheckInterval: time.Hour, AppendTimeout: 500 * time.Millisecond, Logger: told.logger(),
	})}
	m.append(own("a"), 8)
	r := m.follow(own("a"))
	_, at := r.bounds()
	op.remake("MIXSTREAM", func(*jetstream.StreamConfig) {})
	if _, err := op.Publish(t.Context(), "mixstream.e.x", []byte("another program's")); err != nil {
		t.Fatal(err)
	}
	m.log.(*natslog.Log).CheckNow()
	until(t, "the log says so", func() bool { return told.has("was made again, and may give out ids") })
	err := m.log.Append(t.Context(), own("a"), nil, []eventlog.Entry{{Name: "content", Data: []byte("{}")}})
	if !errors.Is(err, eventlog.ErrUnavailable) || errors.Is(err, eventlog.ErrOutcomeUnknown) {
		t.Errorf("Append: %v", err)
	}
	if _, err := r.Read(t.Context(), at, 1); !errors.Is(err, eventlog.ErrUnavailable) {
		t.Errorf("Read: %v", err)
	}
	op.remake("MIXSTREAM", nil) // as the log has asked for
	until(t, "the log goes on", func() bool { _, err := m.log.Lookup(t.Context(), "a"); return err == nil })
	r.expectGap(at)
	m.append(own("a"), 1)
}
