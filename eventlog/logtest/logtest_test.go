package logtest_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/logtest"
)

// The suite must pass a log that makes use of all the freedom it has.
func TestRun(t *testing.T) {
	logtest.Run(t, func(t *testing.T, o logtest.Options) eventlog.Log {
		return lax{eventlog.NewMemory(eventlog.Retention{Entries: o.Entries})}
	})
}

// lax is a Log whose ids leave out numbers, whose wakes are doubled and late, and
// whose batches are short.
type lax struct{ log *eventlog.Memory }

// step is the distance between ids. An id within a step is the position of the
// entry before.
const step = 7

func (l lax) Create(ctx context.Context, s eventlog.Session, e *eventlog.Entry) error {
	err := l.log.Create(ctx, s, e)
	e.ID *= step
	return err
}

func (l lax) Append(ctx context.Context, s eventlog.Session, key *eventlog.Key, entries []eventlog.Entry) error {
	inner := key
	if key != nil {
		inner = &eventlog.Key{Name: key.Name, Close: key.Close, Appended: stretch(key.Appended, 1, step)}
	}
	err := l.log.Append(ctx, s, inner, entries)
	var reused *eventlog.KeyError
	switch {
	case errors.As(err, &reused):
		reused.Appended = stretch(reused.Appended, step, 1)
	case err == nil && key != nil:
		key.Appended = stretch(inner.Appended, step, 1)
	}
	for i := range entries {
		entries[i].ID *= step
	}
	return err
}

func stretch(a eventlog.Appended, by, from uint64) eventlog.Appended {
	a.First, a.Last = a.First*by/from, a.Last*by/from
	return a
}

func (l lax) Delete(ctx context.Context, session string, e *eventlog.Entry, grace time.Duration) error {
	err := l.log.Delete(ctx, session, e, grace)
	e.ID *= step
	return err
}

func (l lax) Lookup(ctx context.Context, session string) (eventlog.Record, error) {
	r, err := l.log.Lookup(ctx, session)
	r.Deleted *= step
	return r, err
}

func (l lax) Follow(ctx context.Context, s eventlog.Session, wake func()) (eventlog.Reader, error) {
	r := &laxReader{appended: make(chan struct{}, 1), closed: make(chan struct{})}
	var err error
	r.reader, err = l.log.Follow(ctx, s, func() {
		select {
		case r.appended <- struct{}{}:
		default:
		}
	})
	if err != nil {
		return nil, err
	}
	r.waking.Go(func() {
		for {
			select {
			case <-r.appended:
			case <-r.closed:
				return
			}
			select {
			case <-time.After(100 * time.Microsecond):
			case <-r.closed:
				return
			}
			wake()
			wake()
		}
	})
	return r, nil
}

type laxReader struct {
	reader   eventlog.Reader
	appended chan struct{}
	closed   chan struct{}
	once     sync.Once
	waking   sync.WaitGroup
}

func (r *laxReader) Bounds(ctx context.Context) (floor, end uint64, err error) {
	floor, end, err = r.reader.Bounds(ctx)
	return floor * step, end * step, err
}

func (r *laxReader) Read(ctx context.Context, after uint64, limit int) (eventlog.Batch, error) {
	b, err := r.reader.Read(ctx, after/step, limit)
	if err != nil {
		return eventlog.Batch{}, err
	}
	if len(b.Entries) == 0 {
		return eventlog.Batch{Position: after}, nil
	}
	short := make([]eventlog.Entry, min(len(b.Entries), 5))
	copy(short, b.Entries)
	for i := range short {
		short[i].ID *= step
	}
	return eventlog.Batch{Entries: short, Position: short[len(short)-1].ID}, nil
}

func (r *laxReader) Close() {
	r.once.Do(func() {
		r.reader.Close()
		close(r.closed)
		r.waking.Wait()
	})
}

var _ eventlog.Log = lax{}
