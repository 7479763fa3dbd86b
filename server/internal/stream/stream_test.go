package stream_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/server/internal/hidden"
	"github.com/mixstream/mixstream/server/internal/stream"
)

// row is a promise about what a stream says and when. The log has ids from 10, its floor, to 20.
type row struct {
	name  string
	words func() stream.Vocabulary // full by default
	rules func(*stream.Rules)
	log   func(*log)
	with  string // the id that the client resumes after
	begin string // how the request is answered; "stream …" by default
	steps []step
}

// step lets time pass and something happen, and takes turns until the stream rests.
type step struct {
	after time.Duration
	do    func(*fixture)
	want  string
}

func (r row) test(t *testing.T) {
	words := r.words
	if words == nil {
		words = full
	}
	rs := rules(words())
	if r.rules != nil {
		r.rules(&rs)
	}
	l := &log{floor: 10, end: 10}
	l.addN(10)
	if r.log != nil {
		r.log(l)
	}
	f := newFixture(t, rs, l)
	if got := f.begin(r.with); got != r.begin && (r.begin != "" || !strings.HasPrefix(got, "stream ")) {
		t.Fatalf("the request is answered with %q, want %q", got, r.begin)
	}
	for i, s := range r.steps {
		f.wait(s.after)
		if s.do != nil {
			s.do(f)
		}
		if got := f.turns(); got != s.want {
			t.Fatalf("step %d: got\n\t%s\nwant\n\t%s", i, got, s.want)
		}
	}
}

func testRows(t *testing.T, rows []row) {
	t.Helper()
	for _, r := range rows {
		t.Run(r.name, r.test)
	}
}

// endWithoutSession is a contract whose event for the end of a session does not name it.
func endWithoutSession() stream.Vocabulary {
	return stream.NewVocabulary(&contract.Control{Deleted: contract.ControlEvent{Name: "session_deleted"}}, "")
}

// fromEnd makes a stream without a position begin at the end, whatever its contract.
func fromEnd(r *stream.Rules) { r.FromStart = false }

func publishes(n int) func(*fixture) { return func(f *fixture) { f.log.addN(n) } }

func drains(after time.Duration) func(*fixture) {
	return func(f *fixture) { f.stream.Drain(f.now.Add(after)) }
}

// Where a stream begins: docs/server.md, "Where a stream begins".
func TestBeginning(t *testing.T) {
	const last = "content 18, content 19, content 20 -> again / -> rest 15s"
	testRows(t, []row{
		{name: "no position", begin: "stream 20", steps: []step{{want: "connected retry=2000 20 -> again / -> rest 15s"}}},
		{name: "no position, no event for it", words: bare, begin: "stream 10", log: func(l *log) { l.trim(17); l.floor = 10 },
			steps: []step{{want: ": -> again / content retry=2000 18, content 19, content 20 -> again / -> rest 15s"}}},
		{name: "no position, from the start", rules: func(r *stream.Rules) { r.FromStart = true }, log: func(l *log) { l.trim(17) }, begin: "stream 17",
			steps: []step{{want: "connected retry=2000 17 -> again / " + last}}},
		{name: "no position, from the end", words: bare, rules: fromEnd, begin: "stream 20", steps: []step{{want: ": -> again / -> rest 15s"}}},
		{name: "the oldest", with: "0", log: func(l *log) { l.trim(17) }, begin: "stream 17", steps: []step{{want: "connected retry=2000 17 -> again / " + last}}},
		{name: "after an id", with: "17", begin: "stream 17", steps: []step{{want: "connected retry=2000 17 -> again / " + last}}},
		{name: "after the last", with: "20", begin: "stream 20", steps: []step{{want: "connected retry=2000 20 -> again / -> rest 15s"}}},
		{name: "at the floor", with: "17", log: func(l *log) { l.trim(17) }, begin: "stream 17", steps: []step{{want: "connected retry=2000 17 -> again / " + last}}},
		// connected and the gap go out in one write, so that no cut can hide the gap. connected makes
		// the gap again.
		{name: "trimmed", with: "16", log: func(l *log) { l.trim(17) }, begin: "stream 16", steps: []step{{want: "connected retry=2000 16, error 17 -> again / " + last}}},
		{name: "the id of an unknown position", with: "1", log: func(l *log) { l.floor = 0; l.trim(17); l.floor = 0 }, begin: "stream 1",
			steps: []step{{want: "connected retry=2000 1, error 0 -> again / " + last}}},
		{name: "trimmed, no event for it", words: bare, with: "16", log: func(l *log) { l.trim(17) }, begin: "gone 17"},
		{name: "trimmed, silent", words: bare, rules: func(r *stream.Rules) { r.SilentGaps = true }, with: "16", log: func(l *log) { l.trim(17) }, begin: "stream 16",
			steps: []step{{want: ": -> again / content retry=2000 18, content 19, content 20 -> again / -> rest 15s"}}},
		{name: "unknown session", log: func(l *log) { l.unknown = true }, begin: "unknown 0"},
		{name: "unknown session, resumed", with: "0", log: func(l *log) { l.unknown = true }, begin: "unknown 0"},
		{name: "unknown session, gap", with: "nonsense", words: bare, log: func(l *log) { l.unknown = true }, begin: "unknown 0"},
		{name: "log fails", log: func(l *log) { l.fails = errors.New("broken") }, begin: "error broken"},
	})
}

// A session ends: its streams tell the end and nothing after it, and a client that has all of it
// gets none.
func TestEndOfSession(t *testing.T) {
	const own, other = `{"sessionId":"s"}`, `{"sessionId":"t"}`
	deleted := func(l *log) { l.delete("session_deleted", own); l.add("content", "{}") }
	hiddenDeleted := func(l *log) { l.delete(hidden.Deleted.Name, own) }
	sentinel := func(v stream.Vocabulary) func() stream.Vocabulary {
		return func() stream.Vocabulary { v.Sentinel = "[DONE]"; return v }
	}
	ended := hidden.End{Session: "s", Event: "complete", Data: []byte(`{"a":1}`)}
	others := hidden.End{Session: "t", Event: "complete", Data: []byte(`{"b":1}`)}
	testRows(t, []row{
		{name: "resumed", with: "19", log: deleted, steps: []step{{want: "connected retry=2000 19 -> again / content 20, session_deleted 21 -> end session"}}},
		{name: "open", steps: []step{
			{want: "connected retry=2000 20 -> again / -> rest 15s"},
			{do: func(f *fixture) { deleted(f.log) }, want: "session_deleted 21 -> end session"},
			{after: time.Hour, want: "-> end session"}}},
		{name: "of another session of the scope", with: "20", log: func(l *log) { l.add("session_deleted", other) },
			steps: []step{{want: "connected retry=2000 20 -> again / session_deleted 21 -> again / -> rest 15s"}}},
		{name: "at the end", with: "21", log: deleted, begin: "ended 0"},
		{name: "behind the end", with: "22", log: deleted, begin: "ended 0"},
		{name: "no position", log: deleted, begin: "unknown 0"},
		{name: "in a gap", with: "9", log: func(l *log) { deleted(l); l.trim(22) }, begin: "stream 9",
			steps: []step{{want: "connected retry=2000 9, error 22 -> end session"}}},
		{name: "no event for it", words: bare, with: "19", log: hiddenDeleted, steps: []step{{want: ": -> again / content retry=2000 20 -> end session"}}},
		{name: "no event for it, and a read that does not reach it", words: bare, with: "20", log: func(l *log) { l.deleted = 25 }, begin: "stream 20",
			steps: []step{{want: ": -> again / -> rest 15s"}}},
		{name: "by an event that the contract does not have", with: "20", log: func(l *log) { l.delete("other", own); l.add("content", "{}") },
			steps: []step{{want: "connected retry=2000 20 -> again / other 21 -> end session"}}},
		{name: "no event for it, all seen", words: bare, with: "20", log: hiddenDeleted, begin: "ended 0"},
		{name: "no event for it, and only a comment said", words: bare, with: "20", steps: []step{
			{want: ": -> again / -> rest 15s"},
			{do: func(f *fixture) { hiddenDeleted(f.log) }, want: "retry=2000 -> end session"}}},
		{name: "no event for it, and an event after the last comment", words: bare, with: "20", steps: []step{
			{want: ": -> again / -> rest 15s"},
			{do: publishes(1), want: "content retry=2000 21 -> again / -> rest 15s"},
			{after: 15 * time.Second, want: ": -> again / -> rest 15s"},
			{do: publishes(1), want: "content 22 -> again / -> rest 15s"},
			{do: func(f *fixture) { hiddenDeleted(f.log) }, want: "-> end session"}}},
		{name: "sentinel", words: sentinel(full()), with: "20", log: deleted, steps: []step{{want: "connected retry=2000 20 -> again / session_deleted 21, [DONE] -> end session"}}},
		{name: "sentinel, no event for the end", words: sentinel(bare()), with: "20", steps: []step{
			{want: ": -> again / -> rest 15s"},
			{do: func(f *fixture) { hiddenDeleted(f.log) }, want: "[DONE] -> end session"}}},
		{name: "sentinel, and the session is forgotten in a gap", words: sentinel(full()), steps: []step{
			{want: "connected retry=2000 20 -> again / -> rest 15s"},
			{do: func(f *fixture) { f.log.addN(10); f.log.trim(28); f.log.unknown = true }, want: "error 28 -> end session"}}},
		{name: "the log has no entry for it", with: "20", log: func(l *log) { l.end, l.deleted = 25, 22 },
			steps: []step{{want: "connected retry=2000 20 -> again / -> end session"}}},
		{name: "by an event", with: "20", words: bare, log: func(l *log) { l.addEntry(others.Entry()); l.addEntry(ended.Entry()); l.deleted = l.end },
			steps: []step{{want: ": -> again / complete retry=2000 22 -> end session"}}},
		{name: "by an event, all seen", with: "21", words: bare, log: func(l *log) { l.addEntry(ended.Entry()); l.deleted = l.end }, begin: "ended 0"},
		{name: "the event for it names no session", words: endWithoutSession, with: "20", rules: fromEnd, steps: []step{
			{want: ": -> again / -> rest 15s"},
			{do: func(f *fixture) { f.log.add("session_deleted", "{}") }, want: "session_deleted retry=2000 21 -> again / -> rest 15s"},
			{do: func(f *fixture) { f.log.delete("session_deleted", "{}") }, want: "session_deleted 22 -> end session"}}},
		{name: "and is forgotten before the stream looks", words: endWithoutSession, with: "20", steps: []step{
			{want: ": -> again / -> rest 15s"},
			{do: func(f *fixture) { f.log.add("session_deleted", "{}"); f.log.unknown = true }, want: "session_deleted retry=2000 21 -> end session"}}},
		{name: "nothing of it is left to show", with: "20", steps: []step{
			{want: "connected retry=2000 20 -> again / -> rest 15s"},
			{do: func(f *fixture) { f.log.end = 30; f.log.trim(25); f.log.deleted = 24 }, want: "error 25 -> end session"}}},
	})
}

// A gap that comes up on an open stream.
func TestGapOnOpenStream(t *testing.T) {
	behind := func(f *fixture) { f.log.addN(10); f.log.trim(28) }
	testRows(t, []row{
		{name: "told", steps: []step{
			{want: "connected retry=2000 20 -> again / -> rest 15s"},
			{do: behind, want: "error 28 -> again / content 29, content 30 -> again / -> rest 15s"}}},
		{name: "silent", words: bare, rules: func(r *stream.Rules) { r.SilentGaps, r.FromStart = true, false }, steps: []step{
			{want: ": -> again / -> rest 15s"},
			{do: behind, want: "-> again / content retry=2000 29, content 30 -> again / -> rest 15s"}}},
		{name: "silent, read on", with: "20", words: bare, rules: func(r *stream.Rules) { r.SilentGaps = true }, steps: []step{
			{want: ": -> again / -> rest 15s"},
			{after: 15 * time.Second, do: behind, want: "-> again / content retry=2000 29, content 30 -> again / -> rest 15s"}}},
		{name: "ends the stream", words: bare, rules: fromEnd, steps: []step{
			{want: ": -> again / -> rest 15s"},
			{do: behind, want: "retry=2000 -> end gap: server: events are no longer retained"},
			{want: "-> end gap: server: events are no longer retained"}}},
		{name: "ends the stream, heartbeat", words: func() stream.Vocabulary {
			return stream.NewVocabulary(&contract.Control{Heartbeat: contract.ControlEvent{Name: "heartbeat"}}, "")
		}, rules: fromEnd, steps: []step{
			{want: ": -> again / -> rest 15s"},
			{do: behind, want: "heartbeat retry=2000 20 -> end gap: server: events are no longer retained"}}},
		{name: "the session is forgotten within it", steps: []step{
			{want: "connected retry=2000 20 -> again / -> rest 15s"},
			{do: func(f *fixture) { behind(f); f.log.unknown = true }, want: "error 28 -> end session"}}},
		{name: "the session had ended, and is known again", with: "19", log: func(l *log) { l.deleted = 25 }, steps: []step{
			{want: "connected retry=2000 19 -> again / content 20 -> again / -> rest 15s"},
			{do: func(f *fixture) { f.log.end = 40; f.log.trim(30); f.log.deleted = 0 }, want: "error 30 -> end session"}}},
		{name: "the log has lost its end", steps: []step{
			{want: "connected retry=2000 20 -> again / -> rest 15s"},
			{do: func(f *fixture) { f.log.end, f.log.entries = 12, f.log.entries[:2] }, want: "error 10 -> again / content 11, content 12 -> again / -> rest 15s"}}},
		{name: "a log that is out of date tells one", steps: []step{
			{want: "connected retry=2000 20 -> again / -> rest 15s"},
			{do: func(f *fixture) { f.log.addN(1); f.log.staleGap = true }, want: "-> rest 500ms"},
			{after: time.Second, do: func(f *fixture) { f.log.staleGap = false }, want: "content 21 -> again / -> rest 15s"}}},
	})
}

// A contract may have an event for one thing that the server says, and none for the others.
func TestPartOfTheEvents(t *testing.T) {
	with := func(set func(*contract.Control, contract.ControlEvent)) func() stream.Vocabulary {
		return func() stream.Vocabulary {
			c := new(contract.Control)
			set(c, contract.ControlEvent{Name: "own", Session: "sessionId"})
			return stream.NewVocabulary(c, "")
		}
	}
	connected := with(func(c *contract.Control, e contract.ControlEvent) { c.Connected = e })
	deleted := with(func(c *contract.Control, e contract.ControlEvent) { c.Deleted = e })
	gap := with(func(c *contract.Control, e contract.ControlEvent) { c.Gap = e })
	deletes := func(f *fixture) { f.log.delete("own", `{"sessionId":"s"}`) }
	testRows(t, []row{
		{name: "connected", words: connected, begin: "stream 20", steps: []step{
			{want: "own retry=2000 20 -> again / -> rest 15s"},
			{after: 15 * time.Second, want: ": -> again / -> rest 15s"},
			{do: drains(0), want: "retry=2000 -> end drained"}}},
		{name: "connected, while the server shuts down", words: connected, steps: []step{
			{do: func(f *fixture) { f.stream.SendAway() }, want: "own retry=2000 20 -> end drained"}}},
		{name: "heartbeat", words: with(func(c *contract.Control, e contract.ControlEvent) { c.Heartbeat = e }), rules: fromEnd, steps: []step{
			{want: ": -> again / -> rest 15s"},
			{after: 15 * time.Second, want: "own retry=2000 20 -> again / -> rest 15s"},
			{after: 15 * time.Second, want: "own 20 -> again / -> rest 15s"}}},
		{name: "gap", words: gap, with: "16", log: func(l *log) { l.trim(17) }, begin: "stream 16", steps: []step{
			{want: ":, own retry=2000 17 -> again / content 18, content 19, content 20 -> again / -> rest 15s"}}},
		{name: "deleted", words: deleted, rules: fromEnd, steps: []step{
			{want: ": -> again / -> rest 15s"}, {do: deletes, want: "own retry=2000 21 -> end session"}}},
		{name: "deleted before", words: deleted, with: "20", log: func(l *log) { l.delete("own", `{"sessionId":"s"}`) }, steps: []step{
			{want: ": -> again / own retry=2000 21 -> end session"}}},
		{name: "deleted, all seen", words: deleted, with: "21", log: func(l *log) { l.delete("own", `{"sessionId":"s"}`) }, begin: "ended 0"},
		{name: "deleted, of another session", words: endWithoutSession, rules: fromEnd, steps: []step{
			{want: ": -> again / -> rest 15s"},
			{do: func(f *fixture) { f.log.add("session_deleted", "{}") }, want: "session_deleted retry=2000 21 -> again / -> rest 15s"},
			{do: func(f *fixture) { f.log.delete("session_deleted", "{}") }, want: "session_deleted 22 -> end session"}}},
	})
}

// Signs of life, and the position in them.
func TestHeartbeat(t *testing.T) {
	testRows(t, []row{
		{name: "with the position", steps: []step{
			{want: "connected retry=2000 20 -> again / -> rest 15s"},
			{after: 15 * time.Second, want: "heartbeat 20 -> again / -> rest 15s"},
			// An entry of another session moves the position, and nothing is said of it.
			{after: 5 * time.Second, do: func(f *fixture) { f.log.end = 25 }, want: "-> rest 10s"},
			{after: 10 * time.Second, want: "heartbeat 25 -> again / -> rest 15s"}}},
		{name: "an event puts it off", steps: []step{
			{want: "connected retry=2000 20 -> again / -> rest 15s"},
			{after: 14 * time.Second, do: publishes(1), want: "content 21 -> again / -> rest 15s"}}},
		{name: "a comment", words: bare, rules: fromEnd, steps: []step{
			{want: ": -> again / -> rest 15s"},
			{after: 15 * time.Second, want: ": -> again / -> rest 15s"}}},
		{name: "a turn too early", steps: []step{
			{want: "connected retry=2000 20 -> again / -> rest 15s"},
			{after: 15*time.Second - 1, want: "-> rest 1ns"}}},
		{name: "the first event tells the reconnection time, after a heartbeat too", words: bare, rules: fromEnd, steps: []step{
			{want: ": -> again / -> rest 15s"},
			{after: 15 * time.Second, want: ": -> again / -> rest 15s"},
			{do: publishes(2), want: "content retry=2000 21, content 22 -> again / -> rest 15s"}}},
	})
}

// What ends an open stream, and its last words.
func TestLeaving(t *testing.T) {
	aged := func(r *stream.Rules) { r.MaxAge = 20 * time.Second }
	begun := step{want: "connected retry=2000 20 -> again / -> rest 15s"}
	bareBegun := step{want: ": -> again / -> rest 15s"}
	testRows(t, []row{
		{name: "drained", steps: []step{begun,
			{do: drains(3 * time.Second), want: "-> rest 3s"},
			{after: 3 * time.Second, want: "heartbeat retry=2000 20 -> end drained"},
			{want: "-> end drained"}}},
		{name: "drained at once", steps: []step{begun, {do: drains(0), want: "heartbeat retry=2000 20 -> end drained"}}},
		{name: "drained right after a write", steps: []step{begun,
			{do: func(f *fixture) { f.log.addN(1); f.turn(); drains(0)(f) }, want: "heartbeat retry=2000 21 -> end drained"}}},
		{name: "drained, no event for it", words: bare, rules: fromEnd, steps: []step{bareBegun, {do: drains(0), want: "retry=2000 -> end drained"}}},
		{name: "drained, jittered", rules: func(r *stream.Rules) { r.Jitter = func(d time.Duration) time.Duration { return d } },
			steps: []step{begun, {do: drains(0), want: "heartbeat retry=7000 20 -> end drained"}}},
		{name: "what is pending goes out before the last words", steps: []step{begun,
			{do: func(f *fixture) { f.log.addN(2); drains(0)(f) }, want: "content 21, content 22 -> again / heartbeat retry=2000 22 -> end drained"}}},
		{name: "drained before the first turn", rules: aged, steps: []step{
			{do: drains(0), want: "connected retry=2000 20 -> again / heartbeat retry=2000 20 -> end drained"}}},
		{name: "opened while the server shuts down", steps: []step{{do: func(f *fixture) { f.stream.SendAway() }, want: "connected retry=2000 20 -> end drained"}}},
		{name: "opened while the server shuts down, no event for it", words: bare, steps: []step{{do: func(f *fixture) { f.stream.SendAway() }, want: "retry=2000 -> end drained"}}},
		{name: "aged", rules: aged, steps: []step{begun,
			{after: 15 * time.Second, want: "heartbeat 20 -> again / -> rest 5s"},
			{after: 5 * time.Second, want: "heartbeat retry=2000 20 -> end aged"}}},
		{name: "aged, jittered", rules: func(r *stream.Rules) { aged(r); r.Jitter = func(d time.Duration) time.Duration { return d } }, steps: []step{begun,
			{after: 15 * time.Second, want: "heartbeat 20 -> again / -> rest 3s"},
			{after: 3 * time.Second, want: "heartbeat retry=4000 20 -> end aged"}}},
		{name: "a drain puts off no end", rules: aged, steps: []step{begun,
			{after: 20 * time.Second, do: drains(time.Second), want: "heartbeat 20 -> again / -> rest 1s"},
			{after: time.Second, want: "heartbeat retry=2000 20 -> end drained"}}},
		{name: "the session ends as the stream ages", rules: aged, steps: []step{begun,
			{after: 20 * time.Second, do: func(f *fixture) { f.log.delete("session_deleted", `{"sessionId":"s"}`) }, want: "session_deleted 21 -> end session"}}},
	})
}

// A reader is authorized again and again.
func TestReauthorization(t *testing.T) {
	asks := func(r *stream.Rules) { r.Reauthorization = 10 * time.Second }
	allowed := func(f *fixture) { f.stream.Allow(f.now) }
	revoked := func(f *fixture) { f.stream.Revoke(errors.New("forbidden")) }
	begun := step{want: "connected retry=2000 20 -> again / -> rest 10s"}
	testRows(t, []row{
		{name: "allowed", rules: asks, steps: []step{begun,
			{after: 10 * time.Second, want: "-> ask"},
			{want: "-> ask"}, // until it is answered
			{do: allowed, want: "-> rest 5s"},
			{after: 5 * time.Second, want: "heartbeat 20 -> again / -> rest 5s"},
			{after: 5 * time.Second, want: "-> ask"}}},
		{name: "jittered", rules: func(r *stream.Rules) { asks(r); r.Jitter = func(d time.Duration) time.Duration { return d } },
			steps: []step{{want: "connected retry=2000 20 -> again / -> rest 9s"}}},
		{name: "revoked", rules: asks, steps: []step{begun,
			{after: 10 * time.Second, want: "-> ask"},
			{do: func(f *fixture) { f.log.addN(1); revoked(f) }, want: "-> end revoked: forbidden"}}},
		{name: "revoked after a comment", words: bare, rules: func(r *stream.Rules) { asks(r); fromEnd(r) }, steps: []step{
			{want: ": -> again / -> rest 10s"}, {after: 10 * time.Second, want: "-> ask"}, {do: revoked, want: "retry=2000 -> end revoked: forbidden"}}},
		{name: "a busy log does not put it off", rules: asks, steps: []step{begun,
			{after: 10 * time.Second, do: publishes(1), want: "content 21 -> ask"},
			{want: "-> ask"}}},
		{name: "a stream that ends does not ask", rules: asks, steps: []step{begun, {after: 10 * time.Second, do: drains(0), want: "heartbeat retry=2000 20 -> end drained"}}},
		{name: "asking in vain does not draw another end", rules: asks, steps: []step{begun,
			{after: 10 * time.Second, do: drains(time.Second), want: "-> ask"},
			{after: time.Second, want: "heartbeat retry=2000 20 -> end drained"}}},
		{name: "heartbeats are not missed for a question", rules: asks, steps: []step{begun,
			{after: 10 * time.Second, do: allowed, want: "-> rest 5s"}, {after: 5 * time.Second, want: "heartbeat 20 -> again / -> rest 5s"}}},
	})
}

// A driver that is late by some slack has what is due done early.
func TestSlack(t *testing.T) {
	early := func(age time.Duration) func(*stream.Rules) {
		return func(r *stream.Rules) { r.Heartbeat, r.Slack, r.MaxAge = 14*time.Second, time.Second, age }
	}
	testRows(t, []row{
		{name: "end", rules: early(20 * time.Second), steps: []step{
			{want: "connected retry=2000 20 -> again / -> rest 14s"},
			{after: 14 * time.Second, want: "heartbeat 20 -> again / -> rest 5s"},
			{after: 5 * time.Second, want: "heartbeat retry=2000 20 -> end aged"}}},
		{name: "end right after a heartbeat", rules: early(14500 * time.Millisecond), steps: []step{
			{want: "connected retry=2000 20 -> again / -> rest 13.5s"},
			{after: 13500 * time.Millisecond, want: "heartbeat retry=2000 20 -> end aged"}}},
	})
}
