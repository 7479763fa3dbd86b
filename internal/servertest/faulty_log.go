package servertest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/mixstream/mixstream/eventlog"
)

// ErrUnavailable is the error of a log in an outage.
var ErrUnavailable = fmt.Errorf("test: %w", eventlog.ErrUnavailable)

// FaultyLog is a log that fails on demand. What it returns beside an error is wrong, so that
// a server that uses it fails its test.
type FaultyLog struct {
	eventlog.Log

	// A call fails with the error of its method, unless that is nil.
	FollowErr, LookupErr, BoundsErr, AppendErr error
	ReadErr                                    readFailure

	FailLookups, FailBounds atomic.Int32 // how many of the next calls return ErrUnavailable
	AfterLookup             func()       // is called after each Lookup; nil for none

	Readers     atomic.Int64 // how many readers are open
	FailedReads atomic.Int64 // how many reads have failed
}

// Lookup fails with LookupErr, or FailLookups times with [ErrUnavailable].
func (l *FaultyLog) Lookup(ctx context.Context, session string) (eventlog.Record, error) {
	if l.LookupErr != nil {
		return wrongRecord, l.LookupErr
	}
	if l.FailLookups.Load() > 0 && l.FailLookups.Add(-1) >= 0 {
		return wrongRecord, ErrUnavailable
	}
	record, err := l.Log.Lookup(ctx, session)
	if l.AfterLookup != nil {
		l.AfterLookup()
	}
	return record, err
}

// Append fails with AppendErr.
func (l *FaultyLog) Append(ctx context.Context, s eventlog.Session, key *eventlog.Key, entries []eventlog.Entry) error {
	if l.AppendErr != nil {
		for i := range entries {
			entries[i].ID = 1 << 62
		}
		return l.AppendErr
	}
	return l.Log.Append(ctx, s, key, entries)
}

// Follow fails with FollowErr.
func (l *FaultyLog) Follow(ctx context.Context, s eventlog.Session, wake func()) (eventlog.Reader, error) {
	if l.FollowErr != nil {
		return (*faultyReader)(nil), l.FollowErr
	}
	r, err := l.Log.Follow(ctx, s, wake)
	if err != nil {
		return nil, err
	}
	l.Readers.Add(1)
	return &faultyReader{Reader: r, log: l}, nil
}

// readFailure is the error of reads.
type readFailure struct {
	mu  sync.RWMutex
	err error
}

// Store sets the error. It waits for the reads under way, so that none of them reads what is
// appended after Store.
func (f *readFailure) Store(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

var wrongRecord = eventlog.Record{Deleted: 1}

type faultyReader struct {
	eventlog.Reader
	log    *FaultyLog
	closed bool
}

func (r *faultyReader) Bounds(ctx context.Context) (floor, end uint64, err error) {
	if r.log.BoundsErr != nil {
		return 1 << 62, 1, r.log.BoundsErr
	}
	if r.log.FailBounds.Load() > 0 && r.log.FailBounds.Add(-1) >= 0 {
		return 1 << 62, 1, ErrUnavailable
	}
	return r.Reader.Bounds(ctx)
}

func (r *faultyReader) Read(ctx context.Context, after uint64, limit int) (eventlog.Batch, error) {
	r.log.ReadErr.mu.RLock()
	defer r.log.ReadErr.mu.RUnlock()
	if err := r.log.ReadErr.err; err != nil {
		r.log.FailedReads.Add(1)
		return eventlog.Batch{Entries: []eventlog.Entry{{ID: 1 << 62, Name: "wrong", Data: []byte("{}")}}, Position: 1 << 62}, err
	}
	return r.Reader.Read(ctx, after, limit)
}

func (r *faultyReader) Close() {
	if !r.closed {
		r.closed = true
		r.log.Readers.Add(-1)
	}
	r.Reader.Close()
}
