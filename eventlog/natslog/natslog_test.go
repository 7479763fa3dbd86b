package natslog_test

import (
	"context"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/logtest"
	"github.com/mixstream/mixstream/eventlog/natslog"
	"github.com/mixstream/mixstream/internal/natstest"
)

// mustOpen opens a log that is closed with the test.
func mustOpen(t *testing.T, o natslog.Options) *natslog.Log {
	t.Helper()
	l, err := natslog.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// The whole suite on a disk: stored now and then, with each append, as is the default, and with a
// third of the live messages lost.
func TestEmbedded(t *testing.T) {
	if !slow() {
		t.Skip("the same suite as TestExistingStreams, on a disk; MIXSTREAM_SLOW=1 runs it")
	}
	lossy := natslog.Options{SyncInterval: time.Minute, CheckInterval: 10 * time.Millisecond}.DropLive(func(*nats.Msg) bool { return rand.IntN(3) == 0 })
	for name, o := range map[string]natslog.Options{"sync by the minute": {SyncInterval: time.Minute}, "sync always": {}, "lossy": lossy} {
		t.Run(name, func(t *testing.T) {
			logtest.Run(t, func(t *testing.T, want logtest.Options) eventlog.Log {
				o := o
				o.Dir, o.Retention.Entries = t.TempDir(), int64(want.Entries)
				return mustOpen(t, o)
			})
		})
	}
}

// makeStreams makes the streams as an operator would, but in memory.
func makeStreams(t *testing.T, ns *natstest.Server, o logtest.Options) {
	t.Helper()
	op := operate(t, ns.ClientURL())
	perSubject := int64(o.Entries)
	if perSubject == 0 {
		perSubject = -1
	}
	for _, c := range []*jetstream.StreamConfig{{
		Name: "MIXSTREAM", Subjects: []string{"mixstream.e.*", "mixstream.k.*.*", "mixstream.s.*"}, Storage: jetstream.MemoryStorage,
		MaxMsgsPerSubject: perSubject, MaxAge: time.Hour, Duplicates: eventlog.KeyLife,
		FirstSeq:    uint64(time.Now().UnixMicro()),
		AllowDirect: true, AllowAtomicPublish: true, AllowMsgTTL: true,
		RePublish: &jetstream.RePublish{Source: "mixstream.*.*", Destination: "mixstream.live.{{wildcard(1)}}.{{wildcard(2)}}"},
	}, {
		Name: "MIXSTREAM_SESSIONS", Subjects: []string{"mixstream.r.*", "mixstream.g.*"}, Storage: jetstream.MemoryStorage,
		MaxMsgsPerSubject: 1, AllowMsgTTL: true,
	}} {
		if _, err := op.CreateStream(t.Context(), *c); err != nil {
			t.Fatal(err)
		}
	}
}

// An operator has made the streams.
func TestExistingStreams(t *testing.T) {
	logtest.Run(t, func(t *testing.T, o logtest.Options) eventlog.Log {
		ns := natstest.Start(t, nil)
		makeStreams(t, ns, o)
		return mustOpen(t, natslog.Options{URL: ns.ClientURL(), Existing: true})
	})
}

// Streams that are not as they must be are refused, and left as they are.
func TestWrongStreams(t *testing.T) {
	ns := natstest.Start(t, nil)
	open := func(o natslog.Options) error {
		o.URL = ns.ClientURL()
		l, err := natslog.Open(t.Context(), o)
		if err == nil {
			t.Cleanup(func() { l.Close() })
		}
		return err
	}
	want := func(err error, text string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("error %v, want one with %q", err, text)
		}
	}
	want(open(natslog.Options{Existing: true}), "stream not found")
	makeStreams(t, ns, logtest.Options{})
	want(open(natslog.Options{Existing: true, Retention: natslog.Retention{Entries: 5}}), "forbids changing it")
	want(open(natslog.Options{Prefix: "other"}), "its subjects are")
	op := operate(t, ns.ClientURL())
	for text, change := range map[string]func(*jetstream.StreamConfig){
		"it republishes":      func(c *jetstream.StreamConfig) { c.RePublish = nil },
		"atomic publishing":   func(c *jetstream.StreamConfig) { c.AllowAtomicPublish = false },
		"discard the oldest":  func(c *jetstream.StreamConfig) { c.Discard = jetstream.DiscardNew },
		"must allow purging":  func(c *jetstream.StreamConfig) { c.DenyPurge = true },
		"from the clock when": func(c *jetstream.StreamConfig) { c.FirstSeq = 0 },
	} {
		s, err := op.Stream(t.Context(), "MIXSTREAM")
		if err != nil {
			t.Fatal(err)
		}
		good := s.CachedInfo().Config
		bad := good
		change(&bad)
		for _, c := range []struct {
			config jetstream.StreamConfig
			fails  bool
		}{{bad, true}, {good, false}} {
			if err := op.DeleteStream(t.Context(), "MIXSTREAM"); err != nil {
				t.Fatal(err)
			}
			if _, err := op.CreateStream(t.Context(), c.config); err != nil {
				t.Fatal(err)
			}
			if err := open(natslog.Options{}); c.fails {
				want(err, text)
			} else if err != nil {
				t.Error(err)
			}
		}
	}
}

// pair is two logs on one NATS server. The calls take them in turn.
type pair struct {
	logs [2]*natslog.Log
	n    atomic.Int64
}

func (p *pair) next() *natslog.Log { return p.logs[p.n.Add(1)%2] }

func (p *pair) Create(ctx context.Context, s eventlog.Session, e *eventlog.Entry) error {
	return p.next().Create(ctx, s, e)
}

func (p *pair) Append(ctx context.Context, s eventlog.Session, key *eventlog.Key, entries []eventlog.Entry) error {
	return p.next().Append(ctx, s, key, entries)
}

func (p *pair) Delete(ctx context.Context, session string, e *eventlog.Entry, grace time.Duration) error {
	return p.next().Delete(ctx, session, e, grace)
}

func (p *pair) Lookup(ctx context.Context, session string) (eventlog.Record, error) {
	return p.next().Lookup(ctx, session)
}

func (p *pair) Follow(ctx context.Context, s eventlog.Session, wake func()) (eventlog.Reader, error) {
	return p.next().Follow(ctx, s, wake)
}

// Two replicas on one NATS server behave like one log.
func TestTwoReplicas(t *testing.T) {
	logtest.Run(t, func(t *testing.T, o logtest.Options) eventlog.Log {
		ns := natstest.Start(t, nil)
		makeStreams(t, ns, o)
		p := &pair{}
		for i := range p.logs {
			p.logs[i] = mustOpen(t, natslog.Options{URL: ns.ClientURL()})
		}
		return p
	})
}
