package servertest

import (
	"context"

	"github.com/mixstream/mixstream/eventlog"
)

// HookedLog is a log that calls the functions of a test. A nil function changes nothing.
type HookedLog struct {
	eventlog.Log

	BeforeAppend func(ctx context.Context)                        // with the context of Append
	BeforeLookup func(ctx context.Context) error                  // its error is that of Lookup
	OnFollow     func(session string, wake func()) (woken func()) // the log calls woken in place of wake
	BeforeRead   func(ctx context.Context, session string) error  // its error is that of Read
	AfterRead    func(session string, found bool)                 // found: there were entries
	BeforeClose  func()                                           // of a reader
}

// Append calls BeforeAppend.
func (l *HookedLog) Append(ctx context.Context, s eventlog.Session, key *eventlog.Key, entries []eventlog.Entry) error {
	if l.BeforeAppend != nil {
		l.BeforeAppend(ctx)
	}
	return l.Log.Append(ctx, s, key, entries)
}

// Lookup calls BeforeLookup.
func (l *HookedLog) Lookup(ctx context.Context, session string) (eventlog.Record, error) {
	if l.BeforeLookup != nil {
		if err := l.BeforeLookup(ctx); err != nil {
			return eventlog.Record{}, err
		}
	}
	return l.Log.Lookup(ctx, session)
}

// Follow calls OnFollow, and returns a reader that calls the other functions.
func (l *HookedLog) Follow(ctx context.Context, s eventlog.Session, wake func()) (eventlog.Reader, error) {
	if l.OnFollow != nil {
		wake = l.OnFollow(s.ID, wake)
	}
	r, err := l.Log.Follow(ctx, s, wake)
	if err != nil {
		return nil, err
	}
	return &hookedReader{r, l, s.ID}, nil
}

type hookedReader struct {
	eventlog.Reader
	log     *HookedLog
	session string
}

func (r *hookedReader) Read(ctx context.Context, after uint64, limit int) (eventlog.Batch, error) {
	if r.log.BeforeRead != nil {
		if err := r.log.BeforeRead(ctx, r.session); err != nil {
			return eventlog.Batch{}, err
		}
	}
	b, err := r.Reader.Read(ctx, after, limit)
	if r.log.AfterRead != nil {
		r.log.AfterRead(r.session, len(b.Entries) > 0)
	}
	return b, err
}

func (r *hookedReader) Close() {
	if r.log.BeforeClose != nil {
		r.log.BeforeClose()
	}
	r.Reader.Close()
}
