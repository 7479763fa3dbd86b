package stream_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/ssewrite"
	"github.com/mixstream/mixstream/server/internal/clock"
	"github.com/mixstream/mixstream/server/internal/stream"
)

// log is a log with fixed ids, of one session and its scope.
type log struct {
	floor, end   uint64
	entries      []eventlog.Entry
	unknown      bool   // there is no such session
	deleted      uint64 // the id of its last entry
	fails        error  // every call
	failsReads   error
	failsLookups error
	failsBounds  error
	staleGap     bool // a read tells a gap that there is not
	reads        int
	closed       int
}

func (l *log) add(name, data string) { l.addEntry(eventlog.Entry{Name: name, Data: []byte(data)}) }

func (l *log) addEntry(e eventlog.Entry) {
	l.end++
	e.ID = l.end
	l.entries = append(l.entries, e)
}

func (l *log) addN(n int) {
	for range n {
		l.add("content", "{}")
	}
}

// delete ends the session with the entry of its contract.
func (l *log) delete(name, data string) {
	l.add(name, data)
	l.deleted = l.end
}

// trim forgets all entries up to an id.
func (l *log) trim(id uint64) {
	l.floor = id
	l.entries = slices.DeleteFunc(l.entries, func(e eventlog.Entry) bool { return e.ID <= id })
}

func (l *log) Lookup(context.Context, string) (bool, uint64, error) {
	return !l.unknown, l.deleted, cmp.Or(l.fails, l.failsLookups)
}

func (l *log) Bounds(context.Context) (floor, end uint64, err error) {
	return l.floor, l.end, cmp.Or(l.fails, l.failsBounds)
}

func (l *log) Read(_ context.Context, after uint64, limit int) (eventlog.Batch, error) {
	l.reads++
	switch {
	case l.fails != nil:
		return eventlog.Batch{}, l.fails
	case l.failsReads != nil:
		return eventlog.Batch{}, l.failsReads
	case after < l.floor, after > l.end, l.staleGap:
		return eventlog.Batch{}, eventlog.ErrGap
	}
	b := eventlog.Batch{Position: l.end}
	for _, e := range l.entries {
		if e.ID <= after {
			continue
		}
		if limit -= len(e.Data); limit < 0 && len(b.Entries) > 0 {
			b.Position = b.Entries[len(b.Entries)-1].ID
			break
		}
		b.Entries = append(b.Entries, e)
	}
	return b, nil
}

func (l *log) Close() { l.closed++ }

// full is a contract that has all events of the server.
func full() stream.Vocabulary {
	return stream.NewVocabulary(&contract.Control{
		Connected: contract.ControlEvent{Name: "connected", Session: "sessionId"},
		Heartbeat: contract.ControlEvent{Name: "heartbeat"},
		Gap:       contract.ControlEvent{Name: "error", Set: map[string]string{"type": "replay_gap"}, Message: "message"},
		Created:   contract.ControlEvent{Name: "session_created", Session: "sessionId"},
		Deleted:   contract.ControlEvent{Name: "session_deleted", Session: "sessionId"},
	}, "")
}

// bare is a contract that has none.
func bare() stream.Vocabulary { return stream.NewVocabulary(nil, "") }

// rules are those of a server with its defaults. No time is random.
func rules(v stream.Vocabulary) stream.Rules {
	return stream.Rules{
		Vocabulary: v, FromStart: !v.TellsPosition(),
		Retry: 2 * time.Second, DrainWindow: 5 * time.Second, Heartbeat: 15 * time.Second, LogOutage: 30 * time.Second,
		Jitter: func(time.Duration) time.Duration { return 0 },
	}
}

// fixture drives one stream as a driver does, on a clock of its own.
type fixture struct {
	*testing.T
	log    *log
	rules  *stream.Rules
	stream stream.Stream
	now    clock.Instant
	said   stream.Counts // of the last turn
	raw    string        // its bytes

	failsOnce bool // the log is there again after the next read
}

func newFixture(t *testing.T, r stream.Rules, l *log) *fixture {
	f := &fixture{T: t, log: l, rules: &r, now: clock.Instant(time.Hour)}
	r.Sessions = l
	f.rules = &r
	f.stream = stream.New(f.rules, "s")
	f.stream.Follow(l)
	return f
}

// begin begins the stream, and returns how the request is answered.
func (f *fixture) begin(resume string) string {
	f.Helper()
	o, err := f.stream.Begin(f.Context(), resume)
	if err != nil {
		return "error " + err.Error()
	}
	if o.Answer == stream.Streams {
		return fmt.Sprint("stream ", f.stream.Connected())
	}
	return fmt.Sprint([]string{"", "unknown", "gone", "ended"}[o.Answer], " ", o.Floor)
}

// wait lets time pass.
func (f *fixture) wait(d time.Duration) { f.now = f.now.Add(d) }

// turn takes a turn, and returns what it says and what comes next: "content 11, : -> again".
func (f *fixture) turn() string {
	f.Helper()
	said := f.unsent()
	f.said = f.stream.Sent()
	return said
}

// unsent takes a turn whose bytes do not go out.
func (f *fixture) unsent() string {
	f.Helper()
	var found stream.Found
	if f.stream.Reads() {
		f.stream.Read(f.Context(), &found)
	}
	if f.failsOnce {
		f.failsOnce, f.log.failsReads = false, nil
	}
	if at, ok := f.stream.SayNothing(&found); ok {
		f.raw = ""
		return "-> rest " + at.Sub(f.now).String()
	}
	return f.turnWith(&found)
}

func (f *fixture) turnWith(found *stream.Found) string {
	buf := ssewrite.NewBuffer()
	defer buf.Free()
	next := f.stream.Say(f.now, found, buf)
	f.raw = string(buf.Payload())
	f.wantWhole()
	return strings.TrimSpace(short(f.raw) + " -> " + f.next(next))
}

// wantWhole expects that a turn of a contract with all events of the server says whole events only,
// whose last line is the id: the bytes of a turn are one write.
func (f *fixture) wantWhole() {
	f.Helper()
	if v := &f.rules.Vocabulary; !v.TellsPosition() || !v.TellsGaps() || v.Sentinel != "" || f.raw == "" {
		return
	}
	blocks, whole := strings.CutSuffix(f.raw, "\n\n")
	for block := range strings.SplitSeq(blocks, "\n\n") {
		whole = whole && strings.HasPrefix(block, "event: ") && strings.Contains(block[strings.LastIndex(block, "\n"):], "\nid: ")
	}
	if !whole {
		f.Errorf("a turn says %q", f.raw)
	}
}

func (f *fixture) next(n stream.Next) string {
	switch n.Act {
	case stream.Continue:
		return "again"
	case stream.Wait:
		return "rest " + n.At.Sub(f.now).String()
	case stream.Ask:
		return "ask"
	}
	s := "end " + []string{"", "session", "drained", "aged", "revoked", "gap", "log failed", "log unavailable"}[n.Why]
	if n.Err != nil {
		s += ": " + n.Err.Error()
	}
	return s
}

// turns takes turns until one rests, asks or ends.
func (f *fixture) turns() string {
	f.Helper()
	var all []string
	for range 100 {
		said := f.turn()
		if !strings.HasSuffix(said, "-> again") {
			return strings.Join(append(all, said), " / ")
		}
		all = append(all, said)
	}
	f.Fatalf("it does not rest: %q", all)
	return ""
}

// short writes down the bytes of a stream in few words: the name and the id of a block, and its
// reconnection time; a comment; a line of its own that tells a reconnection time.
func short(raw string) string {
	var words []string
	for raw != "" {
		block, rest, ok := strings.Cut(raw, "\n\n")
		for line := range strings.Lines(block) {
			line = strings.TrimSuffix(line, "\n")
			field, value, _ := strings.Cut(line, ": ")
			switch {
			case line == ":":
				words = append(words, ":")
			case field == "event":
				words = append(words, value)
			case field == "retry" && (!ok || len(words) == 0):
				words = append(words, "retry="+value)
			case field == "retry":
				words[len(words)-1] += " retry=" + value
			case field == "id":
				words[len(words)-1] += " " + value
			case field == "data" && !strings.Contains(block, "event: "):
				words = append(words, value)
			}
		}
		raw = rest
	}
	return strings.Join(words, ", ")
}
