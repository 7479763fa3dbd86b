package server_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server"
)

// visitedLog counts the reads and wakes of each session.
type visitedLog struct {
	eventlog.Log
	bySession map[string]*visits
}

type visits struct{ wakes, reads atomic.Int64 }

func (l *visitedLog) Follow(ctx context.Context, s eventlog.Session, wake func()) (eventlog.Reader, error) {
	v := l.bySession[s.ID]
	r, err := l.Log.Follow(ctx, s, func() { v.wakes.Add(1); wake() })
	return &visitedReader{r, v}, err
}

type visitedReader struct {
	eventlog.Reader
	visits *visits
}

func (r *visitedReader) Read(ctx context.Context, after uint64, limit int) (eventlog.Batch, error) {
	r.visits.reads.Add(1)
	return r.Reader.Read(ctx, after, limit)
}

// A publish visits the readers of its session and no other. eventlog tests the same
// with 10,000 sessions.
func TestPublishVisitsItsReadersOnly(t *testing.T) {
	const events = 100
	n := atScale(50, 1000)
	log := &visitedLog{Log: eventlog.NewMemory(eventlog.Retention{}), bySession: make(map[string]*visits)}
	session := func(i int) string { return fmt.Sprint("s", i) }
	for i := range n {
		log.bySession[session(i)] = new(visits)
	}
	srv := newServer(t, server.WithLog(log), server.WithHeartbeat(time.Hour))
	ts := serve(t, srv)
	readers := make([]*reader, n)
	for i := range readers {
		publish(t, srv, session(i), "")
		readers[i] = open(t, ts, session(i))
		readers[i].next()
	}
	until(t, "every stream has looked for what is pending", func() bool {
		for _, v := range log.bySession {
			if v.reads.Load() == 0 {
				return false
			}
		}
		return true
	})
	for _, v := range log.bySession {
		v.reads.Store(0)
		v.wakes.Store(0)
	}
	readers[0].wantContents(publishN(t, srv, session(0), events)...)
	for i := range n {
		v := log.bySession[session(i)]
		switch wakes, reads := v.wakes.Load(), v.reads.Load(); {
		case i == 0 && wakes != events:
			t.Errorf("the reader of the session was woken %d times by %d events", wakes, events)
		case i > 0 && (wakes > 0 || reads > 0):
			t.Errorf("the reader of session %d was woken %d times and read %d times for events of another", i, wakes, reads)
		}
	}
}
