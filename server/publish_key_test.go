package server_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server"
)

// calls is a log that counts the calls of Append, and tells of each that is done.
type calls struct {
	eventlog.Log
	n    atomic.Int64
	done chan struct{}
}

func (l *calls) Append(ctx context.Context, s eventlog.Session, key *eventlog.Key, entries []eventlog.Entry) error {
	l.n.Add(1)
	err := l.Log.Append(ctx, s, key, entries)
	select {
	case l.done <- struct{}{}:
	default:
	}
	return err
}

// wantTexts checks what is in a session, and that nothing follows.
func wantTexts(t *testing.T, ts *httptest.Server, session string, want ...string) {
	t.Helper()
	post(t, ts, session, jsonType, "", strings.NewReader(contentLine("the end")))
	if got := published(t, ts, session, len(want)+1); !slices.Equal(got, append(want, "the end")) {
		t.Errorf("published %q, want %q", got, want)
	}
}

func texts(from, to int) (texts []string) {
	for i := from; i < to; i++ {
		texts = append(texts, strconv.Itoa(i))
	}
	return texts
}

// A repetition costs a few calls of the log, in however many pieces the first try came
// and wherever it was cut.
func TestRepetitionCosts(t *testing.T) {
	const events = 250
	log := &calls{Log: eventlog.NewMemory(eventlog.Retention{}), done: make(chan struct{}, 1)}
	ts := serve(t, newServer(t, everyonePublishes, server.WithLog(log)))
	in, out := io.Pipe()
	first := make(chan publication, 1)
	go func() { first <- post(t, ts, "s", ndjsonType, "key", in) }()
	for i := range events { // each in a piece of its own
		io.WriteString(out, contentLines(i, i+1))
		receive(t, log.done)
	}
	if n := log.n.Load(); n != events {
		t.Fatalf("%d calls for %d pieces", n, events)
	}
	for i, body := range []string{contentLines(0, 2*events), contentLines(0, 2*events)} { // the first has the rest as well
		log.n.Store(0)
		if got := post(t, ts, "s", ndjsonType, "key", strings.NewReader(body)); got.status != 201 || got.result.Count != 2*events {
			t.Fatal(got)
		}
		if n := log.n.Load(); n > 4 {
			t.Errorf("repetition %d: %d calls", i, n)
		}
	}
	out.Close() // of a body that has turned out to be another one
	if got := receive(t, first); got.status != 422 || *got.PublishError.Count != events {
		t.Error(got)
	}
	wantTexts(t, ts, "s", texts(0, 2*events)...)
}

// What is trimmed is repeated all the same.
func TestRepetitionAfterTrimming(t *testing.T) {
	ts := serve(t, newServer(t, everyonePublishes, smallLog(10)))
	for name, body := range map[string]string{ndjsonType: contentLines(0, 5), jsonType: contentLine("one")} {
		first := post(t, ts, "s", name, name, strings.NewReader(body))
		others := post(t, ts, "s", ndjsonType, "", strings.NewReader(contentLines(100, 200)))
		if again := post(t, ts, "s", name, name, strings.NewReader(body)); first.status != 201 || again.status != 201 || again.result != first.result {
			t.Errorf("got %v %+v, and first %v %+v", again, again.result, first, first.result)
		}
		if next := post(t, ts, "s", jsonType, "", strings.NewReader(contentLine("next"))); number(t, next.lastID()) != number(t, others.lastID())+1 {
			t.Errorf("%s: something was published between %s and %s", name, others.lastID(), next.lastID())
		}
	}
}

// The answer to a repetition has the ids of before, also if it comes as one piece.
func TestRepetitionHasIDsOfBefore(t *testing.T) {
	log := &calls{Log: eventlog.NewMemory(eventlog.Retention{}), done: make(chan struct{}, 1)}
	ts := serve(t, newServer(t, everyonePublishes, server.WithLog(log)))
	in, out := io.Pipe()
	answer := make(chan publication, 1)
	go func() { answer <- post(t, ts, "s", ndjsonType, "key", in) }()
	for i := range 3 {
		io.WriteString(out, contentLines(i, i+1))
		receive(t, log.done)
		post(t, ts, "other", jsonType, "", strings.NewReader(contentLine("between")))
		receive(t, log.done)
	}
	out.Close()
	first := receive(t, answer)
	for range 2 {
		if again := post(t, ts, "s", ndjsonType, "key", strings.NewReader(contentLines(0, 3))); first.status != 201 || again.status != 201 || again.result != first.result {
			t.Errorf("%+v at first, and then %+v", first.result, again.result)
		}
	}
	wantTexts(t, ts, "s", texts(0, 3)...)
}

// A key stands for events, in whatever form their body comes.
func TestRepetitionInAnotherForm(t *testing.T) {
	ts := serve(t, newServer(t, everyonePublishes))
	line := contentLine("1")
	bare := strings.TrimSpace(line)
	first := post(t, ts, "s", jsonType, "key", strings.NewReader(bare))
	for name, body := range map[string]string{
		"a line":                    line,
		"without a line end":        bare,
		"CRLF":                      bare + "\r\n",
		"a byte order mark":         "\ufeff" + line,
		"blank lines":               "\n \r\n" + line + "\n\n",
		"white space in the object": strings.Replace(bare, `":`, `" : `, 1),
	} {
		for _, in := range []io.Reader{strings.NewReader(body), pieces(body, rand.New(rand.NewPCG(1, 4))), iotest.OneByteReader(strings.NewReader(body))} {
			if got := post(t, ts, "s", ndjsonType, "key", in); got.status != 201 || got.result != first.result {
				t.Errorf("%s: got %v %+v, and at first %+v", name, got, got.result, first.result)
			}
		}
	}
	wantTexts(t, ts, "s", "1")
}

// Another body under a key is refused, and nothing of it is published.
func TestKeyOfAnotherBody(t *testing.T) {
	ts := serve(t, newServer(t, everyonePublishes))
	if got := post(t, ts, "s", ndjsonType, "key", pieces(contentLines(0, 5), rand.New(rand.NewPCG(1, 1)))); got.status != 201 {
		t.Fatal(got)
	}
	for name, body := range map[string]string{
		"as long":           contentLines(10, 15),
		"longer":            contentLines(10, 20),
		"shorter":           contentLines(10, 12),
		"the same and more": contentLines(0, 6),
		"the beginning":     contentLines(0, 4),
		"another end":       contentLines(0, 4) + contentLines(10, 11),
		"another beginning": contentLines(10, 11) + contentLines(1, 5),
		"a bad line in it":  contentLines(0, 2) + "nonsense\n" + contentLines(3, 5),
	} {
		for _, chunked := range []bool{false, true} {
			in := io.Reader(strings.NewReader(body))
			if chunked {
				in = pieces(body, rand.New(rand.NewPCG(1, 2)))
			}
			if got := post(t, ts, "s", ndjsonType, "key", in); got.status != 422 || got.Error.Type != "validation_error" || got.Line != nil {
				t.Errorf("%s, chunked %v: got %v", name, chunked, got)
			}
		}
	}
	post(t, ts, "one", jsonType, "key", strings.NewReader(contentLine("a")))
	if got := post(t, ts, "one", jsonType, "key", strings.NewReader(contentLine("b"))); got.status != 422 {
		t.Error(got)
	}
	wantTexts(t, ts, "s", texts(0, 5)...)
	wantTexts(t, ts, "one", "a")
}

// Of bodies that come at once under one key, one is published whole, and the others
// are refused.
func TestKeyOfRacingBodies(t *testing.T) {
	const bodies, common = 6, 20
	for seed := range uint64(8) {
		ts := serve(t, newServer(t, everyonePublishes))
		answers := make([]publication, bodies)
		var senders sync.WaitGroup
		own := func(i int) (from, to int) { return 1000 * (i + 1), 1000*(i+1) + 30*i }
		for i := range answers {
			senders.Go(func() {
				from, to := own(i)
				answers[i] = post(t, ts, "s", ndjsonType, "key", pieces(contentLines(0, common)+contentLines(from, to), rand.New(rand.NewPCG(seed, uint64(i)))))
			})
		}
		senders.Wait()
		winner := -1
		for i, got := range answers {
			switch {
			case got.status == 201 && winner < 0:
				winner = i
			case got.status != 422:
				t.Errorf("seed %d: got %v", seed, got)
			}
		}
		if winner < 0 {
			t.Fatalf("seed %d: every body is refused", seed)
		}
		wantTexts(t, ts, "s", append(texts(0, common), texts(own(winner))...)...)
	}
}

// The observer is told which events were published before.
func TestRepetitionObserved(t *testing.T) {
	o := &publishCounter{}
	ts := serve(t, newServer(t, everyonePublishes, server.WithObserver(o)))
	post(t, ts, "s", ndjsonType, "key", pieces(contentLines(0, 300), rand.New(rand.NewPCG(1, 3))))
	post(t, ts, "s", ndjsonType, "key", strings.NewReader(contentLines(0, 300)))
	o.mu.Lock()
	defer o.mu.Unlock()
	outcomes := make(map[string]int)
	for _, p := range o.ended {
		switch {
		case p.Err == nil && p.ID != "":
			outcomes["published"]++
		case errors.Is(p.Err, server.ErrRepeated) && p.ID == "":
			outcomes["repeated"]++
		}
	}
	if want := map[string]int{"published": 300, "repeated": 300}; fmt.Sprint(outcomes) != fmt.Sprint(want) || o.started != 600 {
		t.Errorf("%d started, and %v; want %v", o.started, outcomes, want)
	}
}

// A log that refuses one entry for its size has those before it, at a cost that does
// not grow with their square.
func TestEntryTooLargeForLog(t *testing.T) {
	for _, key := range []string{"", "key"} {
		log := &calls{Log: narrow{eventlog.NewMemory(eventlog.Retention{})}}
		ts := serve(t, newServer(t, everyonePublishes, server.WithLog(log)))
		got := post(t, ts, "s", ndjsonType, key, strings.NewReader(contentLines(0, 200)+contentLine(strings.Repeat("x", 1000))+contentLines(200, 300)))
		if got.status != 413 || *got.PublishError.Count != 200 || log.n.Load() > 300 {
			t.Errorf("key %q: got %v, with %d calls", key, got, log.n.Load())
		}
		wantTexts(t, ts, "s", texts(0, 200)...)
	}
}

// narrow is a log that takes no large entry.
type narrow struct{ eventlog.Log }

func (l narrow) Append(ctx context.Context, s eventlog.Session, key *eventlog.Key, entries []eventlog.Entry) error {
	if slices.ContainsFunc(entries, func(e eventlog.Entry) bool { return len(e.Data) > 500 }) {
		return eventlog.ErrEntryTooLarge
	}
	return l.Log.Append(ctx, s, key, entries)
}
