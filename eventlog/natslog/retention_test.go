package natslog_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog"
	"github.com/mixstream/mixstream/internal/natstest"
)

func newTester(t *testing.T, r natslog.Retention) tester {
	return tester{t, mustOpen(t, natslog.Options{Dir: t.TempDir(), SyncInterval: time.Minute, Retention: r, CheckInterval: 50 * time.Millisecond}.ShortAge())}
}

// What the age has trimmed is a gap, also where nothing is left, and also for the
// first entry after it.
func TestGapAfterAge(t *testing.T) {
	m := newTester(t, natslog.Retention{Age: 500 * time.Millisecond})
	s := eventlog.Session{ID: "a", Scope: "x"}
	r := m.follow(s)
	_, start := r.bounds()
	ids := append(m.append(s, 3), m.create(eventlog.Session{ID: "b", Scope: "x"}))
	until(t, "the entries are trimmed", func() bool { floor, _ := r.bounds(); return floor >= ids[3] })
	check := func(r *follower, more ...uint64) {
		t.Helper()
		for _, p := range []uint64{start, ids[0], ids[1]} {
			r.expectGap(p)
		}
		r.expect(ids[3], more...)
	}
	check(r)
	check(m.follow(s))
	at := r.expect(ids[3])
	next := m.append(s, 1)
	r.expect(at, next...)
	check(r, next...)
	check(m.follow(s), next...)
}

// The whole log is trimmed by its bytes, from the old end.
func TestGapAfterBytes(t *testing.T) {
	m := newTester(t, natslog.Retention{Bytes: 64 << 10, Entries: -1})
	r := m.follow(own("quiet"))
	_, start := r.bounds()
	first := m.append(own("quiet"), 2)
	busy := m.follow(own("busy"))
	big := eventlog.Entry{Name: "content", Data: []byte(strings.Repeat("x", 2000))}
	var ids []uint64
	until(t, "the quiet session is trimmed", func() bool {
		e := []eventlog.Entry{big}
		if err := m.log.Append(t.Context(), own("busy"), nil, e); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, e[0].ID)
		floor, _ := r.bounds()
		return floor >= first[1]
	})
	r.expectGap(start)
	r.expectGap(first[0])
	m.follow(own("quiet")).expectGap(first[0])
	floor, _ := busy.bounds()
	i := slices.IndexFunc(ids, func(id uint64) bool { return id > floor })
	busy.expect(floor, ids[max(i, 0):]...)

	// A position that the reader was told goes on with the log, and is no gap.
	at := r.expect(ids[len(ids)-1])
	r.expect(at, m.append(own("quiet"), 1)...)
}

// A session that is made again knows nothing of the one before, whose ids are gaps.
func TestGapOfSessionMadeAgain(t *testing.T) {
	m := newTester(t, natslog.Retention{})
	log := m.log.(*natslog.Log)
	for i, s := range []eventlog.Session{own("a"), {ID: "b", Scope: "x"}} {
		before := m.append(s, 3)
		m.delete(s.ID, time.Millisecond)
		time.Sleep(2 * time.Millisecond)
		// Nobody asks for it.
		if err := log.Expire(t.Context()); err != nil {
			t.Fatal(err)
		}
		info, err := log.Connection().Request("$JS.API.STREAM.INFO.MIXSTREAM", []byte(fmt.Sprintf(`{"subjects_filter":%q}`, log.Subject(s.ID))), patience)
		if err != nil {
			t.Fatal(err)
		}
		if left := fmt.Sprintf(`"subjects":{%q:1}`, log.Subject(s.ID)); !strings.Contains(string(info.Data), left) {
			t.Errorf("session %d leaves more than its last message: %s", i, info.Data)
		}
		r := m.follow(s)
		r.expectGap(before[0])
		after := m.append(s, 2)
		r.expectGap(before[0])
		r.expectGap(before[2])
		m.follow(s).expectGap(before[2])
		m.follow(s).expect(after[0]-1, after...)
	}
}

// The limits of a stream that exists are changed by the options that are set.
func TestRetentionIsChanged(t *testing.T) {
	dir := t.TempDir()
	for _, test := range []struct {
		set  int64
		left int
	}{{0, 30}, {5, 5}, {0, 5}, {20, 20}} {
		log, err := natslog.Open(t.Context(), natslog.Options{Dir: dir, SyncInterval: time.Minute, Retention: natslog.Retention{Entries: test.set}})
		if err != nil {
			t.Fatal(err)
		}
		m := tester{t, log}
		ids := m.append(own("a"), 30)
		r := m.follow(own("a"))
		floor, _ := r.bounds()
		if test.left < 30 {
			r.expect(floor, ids[30-test.left:]...)
		} else {
			r.expect(ids[0]-1, ids...)
		}
		r.Close()
		if err := log.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A server that cannot reserve what the retention may take refuses it at once: to wait would help
// nobody.
func TestOpenWithoutRoom(t *testing.T) {
	ns := natstest.Start(t, &server.Options{JetStreamMaxStore: 100 << 20})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	o := natslog.Options{URL: ns.ClientURL()}
	if _, err := natslog.Open(ctx, o); err == nil || !strings.Contains(err.Error(), "cannot reserve the 1073741824 bytes") {
		t.Errorf("a new log: %v", err)
	}
	o.Retention.Bytes = 50 << 20
	mustOpen(t, o)
	o.Retention.Bytes = 200 << 20
	if _, err := natslog.Open(ctx, o); err == nil || ctx.Err() != nil {
		t.Errorf("a larger retention: %v", err)
	}
}
