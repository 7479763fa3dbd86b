package natslog_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/logtest"
	"github.com/mixstream/mixstream/eventlog/natslog"
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

func TestEmbedded(t *testing.T) {
	if !slow() {
		t.Skip("the same suite as TestExistingStreams, on a disk; MIXSTREAM_SLOW=1 runs it")
	}
	logtest.Run(t, func(t *testing.T, o logtest.Options) eventlog.Log {
		return mustOpen(t, natslog.Options{
			Dir:          t.TempDir(),
			SyncInterval: time.Minute,
			Retention:    natslog.Retention{Entries: int64(o.Entries)},
		})
	})
}

// As it is by default, with each append on the disk.
func TestEmbeddedSyncAlways(t *testing.T) {
	if !slow() {
		t.Skip("the same suite as TestExistingStreams, on a disk; MIXSTREAM_SLOW=1 runs it")
	}
	logtest.Run(t, func(t *testing.T, o logtest.Options) eventlog.Log {
		return mustOpen(t, natslog.Options{Dir: t.TempDir(), Retention: natslog.Retention{Entries: int64(o.Entries)}})
	})
}

// makeStreams makes the streams as an operator would, but in memory.
func makeStreams(t *testing.T, ns *natsServer, o logtest.Options) {
	t.Helper()
	nc, err := nats.Connect(ns.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
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
		if _, err := js.CreateStream(t.Context(), *c); err != nil {
			t.Fatal(err)
		}
	}
}

// Streams that somebody else has made.
func TestExistingStreams(t *testing.T) {
	logtest.Run(t, func(t *testing.T, o logtest.Options) eventlog.Log {
		ns := startNATS(t, &server.Options{StoreDir: t.TempDir()})
		makeStreams(t, ns, o)
		return mustOpen(t, natslog.Options{URL: ns.ClientURL(), Existing: true})
	})
}

// Streams that are not as they must be are refused, and left as they are.
func TestWrongStreams(t *testing.T) {
	ns := startNATS(t, &server.Options{StoreDir: t.TempDir()})
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
	nc, err := nats.Connect(ns.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	for text, change := range map[string]func(*jetstream.StreamConfig){
		"it republishes":      func(c *jetstream.StreamConfig) { c.RePublish = nil },
		"atomic publishing":   func(c *jetstream.StreamConfig) { c.AllowAtomicPublish = false },
		"discard the oldest":  func(c *jetstream.StreamConfig) { c.Discard = jetstream.DiscardNew },
		"must allow purging":  func(c *jetstream.StreamConfig) { c.DenyPurge = true },
		"from the clock when": func(c *jetstream.StreamConfig) { c.FirstSeq = 0 },
	} {
		s, err := js.Stream(t.Context(), "MIXSTREAM")
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
			if err := js.DeleteStream(t.Context(), "MIXSTREAM"); err != nil {
				t.Fatal(err)
			}
			if _, err := js.CreateStream(t.Context(), c.config); err != nil {
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

// pair is two logs on one NATS server, of which each call takes the other one.
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

// Two replicas on one NATS server do what one log does.
func TestTwoReplicas(t *testing.T) {
	logtest.Run(t, func(t *testing.T, o logtest.Options) eventlog.Log {
		ns := startNATS(t, &server.Options{StoreDir: t.TempDir()})
		makeStreams(t, ns, o)
		p := &pair{}
		for i := range p.logs {
			p.logs[i] = mustOpen(t, natslog.Options{URL: ns.ClientURL()})
		}
		return p
	})
}
