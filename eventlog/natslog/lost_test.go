package natslog_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog"
)

// losing is a log that loses the live messages that a test says.
type losing struct {
	tester
	lose atomic.Pointer[func(subject string) bool]
	lost atomic.Int64
}

func newLosing(t *testing.T, check time.Duration) *losing {
	l := &losing{}
	l.tester = tester{t, mustOpen(t, natslog.Options{
		Dir: t.TempDir(), SyncInterval: time.Minute, CheckInterval: check,
	}.DropLive(func(m *nats.Msg) bool {
		f := l.lose.Load()
		drop := f != nil && (*f)(m.Subject)
		if drop {
			l.lost.Add(1)
		}
		return drop
	}))}
	return l
}

// losing loses the live messages that f says while do runs, and until n are lost.
func (l *losing) losing(n int64, f func(subject string) bool, do func()) {
	l.Helper()
	before := l.lost.Load()
	l.lose.Store(&f)
	do()
	until(l.T, "the live messages are lost", func() bool { return l.lost.Load() == before+n })
	l.lose.Store(nil)
}

func all(string) bool { return true }

// never is a check interval with which only the next message shows a loss.
const never = time.Hour

func TestLostMessageInTheMiddle(t *testing.T) {
	l := newLosing(t, never)
	r := l.follow(own("a"))
	_, at := r.bounds()
	want := l.append(own("a"), 1)
	at = r.expect(at, want...)
	l.losing(3, all, func() { want = l.append(own("a"), 3) })
	want = append(want, l.append(own("a"), 1)...)
	r.expect(at, want...)
}

// A session ends and is forgotten while its reader hears nothing. The reader is told
// that it has missed entries, and of the end.
func TestForgottenWhileLost(t *testing.T) {
	for _, s := range []eventlog.Session{own("a"), {ID: "a", Scope: "x"}} {
		l := newLosing(t, 100*time.Millisecond)
		r := l.follow(s)
		_, start := r.bounds()
		h := history{position: r.expect(start, l.append(s, 1)...)}
		var want []uint64
		count := int64(4) // what is appended
		if s.Scope != "" {
			count++ // and what closes the session's own subject
		}
		l.losing(count, all, func() { want = append(l.append(s, 3), l.forget(s)) })
		h.meet(t, r, want)
	}
}

func TestLostLastMessage(t *testing.T) {
	l := newLosing(t, 100*time.Millisecond)
	r, other := l.follow(eventlog.Session{ID: "a", Scope: "x"}), l.follow(own("b"))
	_, at := r.bounds()
	var want []uint64
	l.losing(1, all, func() { want = l.append(eventlog.Session{ID: "a", Scope: "x"}, 1) })
	at = r.expect(at, want...)
	l.losing(1, all, func() { want = []uint64{l.create(eventlog.Session{ID: "c", Scope: "x"})} })
	at = r.expect(at, want...)
	r.expect(at)
	other.expect(at)
}

// A session's entry is lost just before one of its scope, and the other way round.
// Neither is passed over.
func TestLostBeforeTheOther(t *testing.T) {
	l := newLosing(t, never)
	s := eventlog.Session{ID: "a", Scope: "x"}
	r := l.follow(s)
	_, at := r.bounds()
	at = r.expect(at, append(l.append(s, 1), l.create(eventlog.Session{ID: "first", Scope: "x"}))...)
	inSession := func(subject string) bool { return strings.Contains(subject, ".live.e.") }
	inScope := func(subject string) bool { return strings.Contains(subject, ".live.s.") }
	for i, id := range []string{"b", "c", "d"} {
		var want []uint64
		if i%2 == 0 {
			l.losing(2, inSession, func() { want = l.append(s, 2) })
			want = append(want, l.create(eventlog.Session{ID: id, Scope: "x"}))
		} else {
			l.losing(1, inScope, func() { want = []uint64{l.create(eventlog.Session{ID: id, Scope: "x"})} })
			want = append(want, l.append(s, 2)...)
		}
		at = r.expect(at, want...)
	}
}

// Positions of a reader whose session is quiet go on with the log, so that it does
// not fall out of what is retained.
func TestPositionGoesOn(t *testing.T) {
	l := newLosing(t, 50*time.Millisecond)
	r := l.follow(eventlog.Session{ID: "quiet", Scope: "x"})
	_, at := r.bounds()
	last := l.append(own("busy"), 20)[19]
	until(t, "the position goes on", func() bool { at = r.expect(at); return at >= last })
}

// What was lost, and trimmed before the log was compared with the stream, is a gap.
func TestLostAndTrimmed(t *testing.T) {
	l := &losing{}
	l.tester = tester{t, mustOpen(t, natslog.Options{
		Dir: t.TempDir(), SyncInterval: time.Minute, CheckInterval: time.Second,
		Retention: natslog.Retention{Age: 200 * time.Millisecond},
	}.ShortAge().DropLive(func(*nats.Msg) bool { return true }))}
	r := l.follow(own("a"))
	_, at := r.bounds()
	time.Sleep(400 * time.Millisecond) // until the new cache has been compared
	r.expect(at)
	l.append(own("a"), 1)
	until(t, "the gap is told", func() bool {
		b, err := r.Read(t.Context(), at, 1<<20)
		if len(b.Entries) > 0 {
			t.Fatal("the entry was read")
		}
		return errors.Is(err, eventlog.ErrGap)
	})
}
