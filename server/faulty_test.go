package server_test

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/mixstream/mixstream/eventlog"
)

// faultyLog is a log that fails on demand, and counts its open readers. What it returns
// beside an error is wrong, so that a server that looks at it is found out.
type faultyLog struct {
	eventlog.Log
	follow, lookup, bounds, append error
	read                           readFailure
	failLookup, failBounds         atomic.Int32 // how many of the next calls find the log unavailable
	afterLookup                    func()
	open, failed                   atomic.Int64 // readers, and reads that have failed
}

// readFailure is what reads fail with. Store waits for those under way: what is appended
// after it is read by none of them.
type readFailure struct {
	mu  sync.RWMutex
	err error
}

func (f *readFailure) Store(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

var wrongRecord = eventlog.Record{Deleted: 1}

func (l *faultyLog) Lookup(ctx context.Context, session string) (eventlog.Record, error) {
	if l.lookup != nil {
		return wrongRecord, l.lookup
	}
	if l.failLookup.Load() > 0 && l.failLookup.Add(-1) >= 0 {
		return wrongRecord, errGone
	}
	record, err := l.Log.Lookup(ctx, session)
	if l.afterLookup != nil {
		l.afterLookup()
	}
	return record, err
}

func (l *faultyLog) Append(ctx context.Context, s eventlog.Session, key *eventlog.Key, entries []eventlog.Entry) error {
	if l.append != nil {
		for i := range entries {
			entries[i].ID = 1 << 62
		}
		return l.append
	}
	return l.Log.Append(ctx, s, key, entries)
}

func (l *faultyLog) Follow(ctx context.Context, s eventlog.Session, wake func()) (eventlog.Reader, error) {
	if l.follow != nil {
		return (*faultyReader)(nil), l.follow
	}
	r, err := l.Log.Follow(ctx, s, wake)
	if err != nil {
		return nil, err
	}
	l.open.Add(1)
	return &faultyReader{Reader: r, log: l}, nil
}

type faultyReader struct {
	eventlog.Reader
	log    *faultyLog
	closed bool
}

func (r *faultyReader) Bounds(ctx context.Context) (floor, end uint64, err error) {
	if r.log.bounds != nil {
		return 1 << 62, 1, r.log.bounds
	}
	if r.log.failBounds.Load() > 0 && r.log.failBounds.Add(-1) >= 0 {
		return 1 << 62, 1, errGone
	}
	return r.Reader.Bounds(ctx)
}

func (r *faultyReader) Read(ctx context.Context, after uint64, limit int) (eventlog.Batch, error) {
	r.log.read.mu.RLock()
	defer r.log.read.mu.RUnlock()
	if err := r.log.read.err; err != nil {
		r.log.failed.Add(1)
		return eventlog.Batch{Entries: []eventlog.Entry{{ID: 1 << 62, Name: "wrong", Data: []byte("{}")}}, Position: 1 << 62}, err
	}
	return r.Reader.Read(ctx, after, limit)
}

func (r *faultyReader) Close() {
	if !r.closed {
		r.closed = true
		r.log.open.Add(-1)
	}
	r.Reader.Close()
}
