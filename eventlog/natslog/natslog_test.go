package natslog_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

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
		t.Skip("the same suite as TestEmbedded; MIXSTREAM_SLOW=1 runs it")
	}
	logtest.Run(t, func(t *testing.T, o logtest.Options) eventlog.Log {
		return mustOpen(t, natslog.Options{Dir: t.TempDir(), Retention: natslog.Retention{Entries: int64(o.Entries)}})
	})
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

func (p *pair) Append(ctx context.Context, s eventlog.Session, key string, entries []eventlog.Entry) error {
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
		p := &pair{}
		for i := range p.logs {
			p.logs[i] = mustOpen(t, natslog.Options{URL: ns.ClientURL(), Retention: natslog.Retention{Entries: int64(o.Entries)}})
		}
		return p
	})
}
