package natslog

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog/internal/embedded"
	"github.com/mixstream/mixstream/internal/excerpt"
)

// Log is an eventlog.Log on NATS JetStream. All methods are safe for concurrent use.
type Log struct {
	store    *store
	sessions *sessions
	caches   *caches
	closing  sync.Once
}

var (
	_ eventlog.Log      = (*Log)(nil)
	_ eventlog.Writable = (*Log)(nil)
)

// Create implements eventlog.Log.
func (l *Log) Create(ctx context.Context, s eventlog.Session, e *eventlog.Entry) error {
	return l.sessions.create(ctx, s, e)
}

// Append implements eventlog.Log. It takes at most MaxAppend entries.
func (l *Log) Append(ctx context.Context, s eventlog.Session, key *eventlog.Key, entries []eventlog.Entry) error {
	return l.sessions.append(ctx, s, key, entries)
}

// Delete implements eventlog.Log.
func (l *Log) Delete(ctx context.Context, id string, e *eventlog.Entry, grace time.Duration) error {
	return l.sessions.delete(ctx, id, e, grace)
}

// Lookup implements eventlog.Log.
func (l *Log) Lookup(ctx context.Context, id string) (eventlog.Record, error) {
	r, err := l.sessions.lookup(ctx, id)
	if err != nil {
		return eventlog.Record{}, err
	}
	if !r.exists() {
		return eventlog.Record{}, fmt.Errorf("%w: %s", eventlog.ErrSessionNotFound, excerpt.Quote(id))
	}
	return eventlog.Record{Session: r.session(), Deleted: r.Deleted}, nil
}

// Follow implements eventlog.Log.
func (l *Log) Follow(ctx context.Context, s eventlog.Session, wake func()) (eventlog.Reader, error) {
	r, err := openReader(ctx, l.sessions, l.caches, s, wake)
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Writable implements eventlog.Writable. It asks no server: it returns what the last
// append has shown or, with an embedded server, the look at the disk every
// Options.CheckInterval.
func (l *Log) Writable(context.Context) error { return l.store.state.writable() }

// Close closes the connection and, if it is embedded, the server. Readers and calls
// under way fail. Close may be called more than once.
func (l *Log) Close() error {
	l.closing.Do(func() {
		l.store.life.end()
		if l.store.nc != nil {
			l.store.nc.Close()
			<-l.store.disconnected
		}
		l.store.life.wait()
		if l.store.server != nil {
			l.store.server.Close()
		}
	})
	return nil
}

// copier copies the log in one folder into a new one in another, whose ids are above a
// number, and returns the number of entries.
type copier func(ctx context.Context, o Options, from, to string, above uint64) (entries int, err error)

// openLog opens a log with options that have their defaults. Repairing the store of an
// embedded server takes a copier.
func openLog(ctx context.Context, o Options, c copier) (*Log, error) {
	s := newStore(ctx, o)
	l := &Log{
		store:    s,
		sessions: &sessions{store: s, writers: &writers{store: s, bySubject: make(map[string]*writer)}},
		caches:   &caches{store: s, bySubject: make(map[string]*cache), live: make(chan *nats.Msg, liveMessages)},
	}
	if err := l.start(ctx, c); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func (l *Log) start(ctx context.Context, c copier) (err error) {
	s := l.store
	if s.options.Dir != "" {
		if s.server, err = startServer(ctx, s.options, c); err != nil {
			return err
		}
	}
	if err := s.connect(ctx); err != nil {
		return err
	}
	if err := s.begin(ctx); err != nil {
		return err
	}
	s.life.wg.Go(l.caches.deliverLoop)
	s.life.wg.Go(l.caches.compareLoop)
	s.life.wg.Go(s.writableLoop)
	s.life.wg.Go(l.sessions.expireLoop)
	if s.options.Retention.Idle > 0 {
		s.life.wg.Go(func() { l.sessions.idleLoop(l.caches) })
	}
	return nil
}

// startServer starts an embedded server on a whole store.
func startServer(ctx context.Context, o Options, c copier) (*embedded.Server, error) {
	names := subjects{o.Name, o.Prefix}
	server, err := embedded.Open(embedded.Config{
		Dir: o.Dir, Within: o.within, SyncInterval: o.SyncInterval,
		Entries: names.entries(), Records: names.records(), Logger: o.Logger,
		Copy: func(ctx context.Context, from, to string, above uint64) (int, error) {
			return c(ctx, o, from, to, above)
		},
	})
	if err != nil {
		return nil, fmt.Errorf("natslog: %w", err)
	}
	if err := server.StartWhole(ctx, nil); err != nil {
		server.Close()
		return nil, fmt.Errorf("natslog: %w", err)
	}
	return server, nil
}

// begin makes sure of the streams and begins with them. It tries again while a cluster
// has no leader for them, and repairs the store of an embedded server once: damage that
// is left after that would be repaired without end.
func (s *store) begin(ctx context.Context) error {
	repaired := false
	for tries := 1; ; tries++ {
		err := s.tryBegin(ctx)
		if err == nil {
			return nil
		}
		if damage := onlyDamage(err); damage != nil && !repaired {
			if err := s.server.StartWhole(ctx, damage); err != nil {
				return fmt.Errorf("natslog: %w", err)
			}
			repaired = true
			continue
		}
		if s.server != nil && tries >= 10 {
			return fmt.Errorf("natslog: folder %s: %w", s.options.Dir, err) // it is no cluster
		}
		if !transient(err) || ctx.Err() != nil || !sleep(ctx, 200*time.Millisecond) {
			return err
		}
	}
}

func (s *store) tryBegin(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.options.RequestTimeout)
	defer cancel()
	entries, err := s.ensureStreams(ctx)
	if err != nil {
		return err
	}
	if err := s.findLost(ctx); err != nil {
		return err
	}
	return s.introduce(ctx, s.takeOver(entries))
}
