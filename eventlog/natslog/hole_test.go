package natslog_test

import (
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog"
	"github.com/mixstream/mixstream/internal/natstest"
)

// An operator removes a message from the middle of a session, or another program publishes
// one that is no entry. That is a gap, once, and what is behind it is read once.
func TestHole(t *testing.T) {
	for name, make := range map[string]func(l *natslog.Log, second uint64) error{
		"a message is removed": func(l *natslog.Log, second uint64) error {
			_, err := l.Connection().Request("$JS.API.STREAM.MSG.DELETE."+l.EntryStream(), fmt.Appendf(nil, `{"seq":%d}`, second), patience)
			return err
		},
		"a message of another program": func(l *natslog.Log, _ uint64) error {
			_, err := l.Connection().Request(l.Subject("a"), []byte("hello"), patience)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := newTester(t, natslog.Retention{})
			ids := m.append(own("a"), 3)
			m.append(own("b"), 1)
			if err := make(m.log.(*natslog.Log), ids[1]); err != nil {
				t.Fatal(err)
			}
			ids = append(ids, m.append(own("a"), 1)...)
			h := history{position: ids[0]}
			if err := h.read(t.Context(), m.follow(own("a"))); err != nil {
				t.Fatal(err)
			}
			if h.gap == 0 || len(h.ids) == 0 || h.ids[len(h.ids)-1] != ids[3] {
				t.Errorf("got %d, and a gap up to %d; the entries are %d", h.ids, h.gap, ids)
			}
			for i := 1; i < len(h.ids); i++ {
				if h.ids[i] <= h.ids[i-1] {
					t.Errorf("got %d", h.ids)
				}
			}
		})
	}
}

// A session is made again when even the mark of the one before has expired, while its reader hears
// nothing.
func TestMarkExpired(t *testing.T) {
	log := mustOpen(t, natslog.Options{
		Dir: t.TempDir(), SyncInterval: time.Minute, CheckInterval: never, Retention: natslog.Retention{Age: 500 * time.Millisecond},
	}.ShortAge().DropLive(func(*nats.Msg) bool { return true }))
	m := tester{t, log}
	r, other := m.follow(own("a")), m.follow(own("other"))
	_, at := r.bounds()
	h := history{position: at}
	want := m.append(own("a"), 3)
	want = append(want, m.forget(own("a")))
	until(t, "the entries are trimmed", func() bool {
		m.append(own("other"), 1)
		floor, _ := other.bounds()
		return floor >= want[3]
	})
	m.purge(log.RecordStream(), log.RecordSubject("a"), 0)
	log.CheckNow()
	until(t, "the reader is told", func() bool { return h.read(t.Context(), r) == nil && h.gap+uint64(len(h.ids)) > 0 })
	if h.gap < want[3] && len(h.ids) < len(want) {
		t.Errorf("got %d, and a gap up to %d; the entries were %d", h.ids, h.gap, want)
	}
}

// lineWriter takes lines of a log.
type lineWriter chan string

func (w lineWriter) Write(b []byte) (int, error) {
	w <- string(b)
	return len(b), nil
}

// The broken record of one session harms no reader of another one.
func TestBrokenRecord(t *testing.T) {
	lines := make(lineWriter, 1000)
	log := mustOpen(t, natslog.Options{
		Dir: t.TempDir(), SyncInterval: time.Minute, CheckInterval: never, Retention: natslog.Retention{Age: 500 * time.Millisecond},
		Logger: slog.New(slog.NewTextHandler(lines, nil)),
	}.ShortAge())
	m := tester{t, log}
	m.follow(own("bad"))
	good := m.follow(own("good"))
	if _, err := log.Connection().Request(log.RecordSubject("bad"), []byte("{"), patience); err != nil {
		t.Fatal(err)
	}
	other := m.follow(own("other"))
	var last uint64
	for range 3 { // until all that the log has looked at after it was opened is trimmed
		last = m.append(own("other"), 1)[0]
		until(t, "the entries are trimmed", func() bool {
			m.append(own("other"), 1)
			floor, _ := other.bounds()
			return floor >= last
		})
	}
	log.CheckNow()
	until(t, "the broken record is told", func() bool {
		select {
		case line := <-lines:
			return strings.Contains(line, log.Subject("bad"))
		default:
			return false
		}
	})
	_, at := good.bounds()
	good.expect(at) // the log is not unavailable
	good.expect(at, m.append(own("good"), 1)...)
}

// A server that is ahead of the leader of the stream tells of an entry. The reader does not
// miss one of the scope before it that the leader does not know yet.
func TestLeaderBehind(t *testing.T) {
	ns := natstest.Start(t, nil)
	var live atomic.Pointer[func(*nats.Msg) bool] // tells which live messages are lost; it may wait
	set := func(f func(*nats.Msg) bool) { live.Store(&f) }
	set(func(*nats.Msg) bool { return false })
	log := mustOpen(t, natslog.Options{URL: ns.ClientURL(), CheckInterval: never}.DropLive(func(m *nats.Msg) bool { return (*live.Load())(m) }))
	one, other := tester{t, log}, tester{t, mustOpen(t, natslog.Options{URL: ns.ClientURL()})}
	s := eventlog.Session{ID: "a", Scope: "x"}
	other.create(s)
	r := one.follow(s)
	_, start := r.bounds()
	at := r.expect(start, other.append(s, 1)...)

	// A live message is lost, so that the reader reads the stream.
	lost := make(chan struct{})
	set(func(*nats.Msg) bool { close(lost); return true })
	want := other.append(s, 1)
	<-lost
	came := make(chan struct{})
	set(func(*nats.Msg) bool { close(came); return false })
	want = append(want, other.append(s, 1)...)
	<-came

	// The leader is asked for the scope's last entry, and answers as it did before the
	// next one; the live messages are still on their way.
	stale, err := log.Connection().Request("$JS.API.STREAM.MSG.GET."+log.EntryStream(), fmt.Appendf(nil, `{"last_by_subj":%q}`, log.ScopeSubject("x")), patience)
	if err != nil {
		t.Fatal(err)
	}
	goOn := make(chan struct{})
	set(func(*nats.Msg) bool { <-goOn; return false })
	want = append(want, other.create(eventlog.Session{ID: "b", Scope: "x"}))
	want = append(want, other.append(s, 1)...)
	const question = "$JS.API.STREAM.MSG.GET.MIXSTREAM"
	if err := ns.GlobalAccount().AddMapping(question, "leader"); err != nil {
		t.Fatal(err)
	}
	answers, err := other.log.(*natslog.Log).Connection().Subscribe("leader", func(m *nats.Msg) { _ = m.Respond(stale.Data) })
	if err != nil {
		t.Fatal(err)
	}
	defer answers.Unsubscribe() //nolint:errcheck // the connection is closed at the end
	if err := other.log.(*natslog.Log).Connection().Flush(); err != nil {
		t.Fatal(err)
	}
	b, err := r.Read(t.Context(), at, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	ns.GlobalAccount().RemoveMapping(question)
	close(goOn)
	h := history{position: b.Position}
	for _, e := range b.Entries {
		h.ids = append(h.ids, e.ID)
	}
	h.meet(t, r, want)
	if h.gap != 0 {
		t.Errorf("a gap up to %d", h.gap)
	}
}
