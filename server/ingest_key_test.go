package server_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/servertest"
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

// A repetition costs a few calls of the log, in however many pieces the first try came
// and wherever it was cut.
func TestRepetitionCosts(t *testing.T) {
	const events = 250
	log := &calls{Log: eventlog.NewMemory(eventlog.Retention{}), done: make(chan struct{}, 1)}
	ts := servertest.Serve(t, servertest.NewServer(t, everyonePublishes, server.WithLog(log)))
	in, out := io.Pipe()
	first := make(chan publication, 1)
	go func() { first <- post(t, ts, "s", ndjsonType, "key", in) }()
	for i := range events { // each in a piece of its own
		io.WriteString(out, contentLines(i, i+1))
		servertest.Receive(t, log.done)
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
	if got := servertest.Receive(t, first); got.status != 422 || *got.PublishError.Count != events {
		t.Error(got)
	}
	wantTexts(t, ts, "s", texts(0, 2*events)...)
}

// What is trimmed is repeated all the same.
func TestRepetitionAfterTrimming(t *testing.T) {
	ts := servertest.Serve(t, servertest.NewServer(t, everyonePublishes, servertest.SmallLog(10)))
	for name, body := range map[string]string{ndjsonType: contentLines(0, 5), jsonType: contentLine("one")} {
		first := post(t, ts, "s", name, name, strings.NewReader(body))
		others := post(t, ts, "s", ndjsonType, "", strings.NewReader(contentLines(100, 200)))
		if again := post(t, ts, "s", name, name, strings.NewReader(body)); first.status != 201 || again.status != 201 || again.result != first.result {
			t.Errorf("got %v %+v, and first %v %+v", again, again.result, first, first.result)
		}
		if next := post(t, ts, "s", jsonType, "", strings.NewReader(contentLine("next"))); servertest.Number(t, next.lastID()) != servertest.Number(t, others.lastID())+1 {
			t.Errorf("%s: something was published between %s and %s", name, others.lastID(), next.lastID())
		}
	}
}

// The answer to a repetition has the ids of before, also if it comes as one piece.
func TestRepetitionHasIDsOfBefore(t *testing.T) {
	log := &calls{Log: eventlog.NewMemory(eventlog.Retention{}), done: make(chan struct{}, 1)}
	ts := servertest.Serve(t, servertest.NewServer(t, everyonePublishes, server.WithLog(log)))
	in, out := io.Pipe()
	answer := make(chan publication, 1)
	go func() { answer <- post(t, ts, "s", ndjsonType, "key", in) }()
	for i := range 3 {
		io.WriteString(out, contentLines(i, i+1))
		servertest.Receive(t, log.done)
		post(t, ts, "other", jsonType, "", strings.NewReader(contentLine("between")))
		servertest.Receive(t, log.done)
	}
	out.Close()
	first := servertest.Receive(t, answer)
	for range 2 {
		if again := post(t, ts, "s", ndjsonType, "key", strings.NewReader(contentLines(0, 3))); first.status != 201 || again.status != 201 || again.result != first.result {
			t.Errorf("%+v at first, and then %+v", first.result, again.result)
		}
	}
	wantTexts(t, ts, "s", texts(0, 3)...)
}

// A key stands for events, in whatever form their body comes.
func TestRepetitionInAnotherForm(t *testing.T) {
	ts := servertest.Serve(t, servertest.NewServer(t, everyonePublishes))
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

// The observer is told which events were published before.
func TestRepetitionObserved(t *testing.T) {
	o := &publishCounter{}
	ts := servertest.Serve(t, servertest.NewServer(t, everyonePublishes, server.WithObserver(o)))
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

func TestPublishOneRetried(t *testing.T) {
	ts := servertest.Serve(t, servertest.NewServer(t, everyonePublishes))
	first := post(t, ts, "s", jsonType, "key", strings.NewReader(contentLine("a")))
	again := post(t, ts, "s", jsonType, "key", strings.NewReader(contentLine("a")))
	other := post(t, ts, "s", jsonType, "other", strings.NewReader(contentLine("a")))
	if first.status != 201 || again.result != first.result || servertest.Number(t, other.result.FirstID) != servertest.Number(t, first.result.FirstID)+1 {
		t.Error(first.result, again.result, other.result)
	}
}

// A line that was refused, and mended, is where a repetition goes on.
func TestPublishMended(t *testing.T) {
	ts := servertest.Serve(t, servertest.NewServer(t, everyonePublishes))
	before := contentLines(0, 3)
	first := post(t, ts, "s", ndjsonType, "key", strings.NewReader(before+"nonsense\n"+contentLines(4, 10)))
	if first.status != 400 || *first.Line != 4 || *first.PublishError.Count != 3 {
		t.Fatal(first)
	}
	second := post(t, ts, "s", ndjsonType, "key", strings.NewReader(contentLines(0, 10)))
	if second.status != 201 || servertest.Number(t, second.lastID()) != servertest.Number(t, first.lastID())+7 {
		t.Errorf("got %v %+v after %s", second, second.result, first.lastID())
	}
}

// A body that is cut anywhere, whose pieces come in any size, and that is sent again
// under its key until it is through, is published once.
func TestPublishRetriedAfterCuts(t *testing.T) {
	const events = 700
	for seed := range uint64(12) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 6))
			ts := servertest.Serve(t, servertest.NewServer(t, everyonePublishes))
			body := contentLines(0, events)
			for range 4 {
				sendCut(t, ts, body[:random.IntN(len(body))], random)
			}
			got := post(t, ts, "s", ndjsonType, "key", pieces(body, random))
			if got.status != 201 || got.result.Count != events {
				t.Fatal(got)
			}
			again := post(t, ts, "s", ndjsonType, "key", pieces(body, random))
			if again.status != 201 || again.result != got.result {
				t.Errorf("got %+v, and before %+v", again.result, got.result)
			}
			if servertest.Number(t, got.lastID())-servertest.Number(t, got.result.FirstID) != events-1 {
				t.Errorf("ids from %s to %s", got.result.FirstID, got.lastID())
			}
			var want []string
			for i := range events {
				want = append(want, strconv.Itoa(i))
			}
			if texts := published(t, ts, "s", events); !slices.Equal(texts, want) {
				t.Errorf("published %v", texts)
			}
			if id := post(t, ts, "s", jsonType, "", strings.NewReader(contentLine("last"))).lastID(); servertest.Number(t, id) != servertest.Number(t, got.lastID())+1 {
				t.Errorf("something was published between %s and %s", got.lastID(), id)
			}
		})
	}
}

// sendCut sends the beginning of a body, and breaks the connection.
func sendCut(t *testing.T, ts *httptest.Server, body string, random *rand.Rand) {
	t.Helper()
	conn, err := net.Dial("tcp", ts.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /stream?sessionId=s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nIdempotency-Key: key\r\nContent-Length: 1000000\r\n\r\n", ndjsonType)
	if _, err := io.Copy(conn, pieces(body, random)); err != nil {
		t.Fatal(err)
	}
	if random.IntN(2) == 0 {
		conn.(*net.TCPConn).SetLinger(0)
	}
}

// Two requests with one body and one key at the same time publish it once, however
// their batches fall.
func TestPublishRetriedBeside(t *testing.T) {
	const events = 600
	ts := servertest.Serve(t, servertest.NewServer(t, everyonePublishes))
	body := contentLines(0, events)
	answers := make([]publication, 6)
	var senders sync.WaitGroup
	for i := range answers {
		senders.Go(func() {
			answers[i] = post(t, ts, "s", ndjsonType, "key", pieces(body, rand.New(rand.NewPCG(uint64(i), 7))))
		})
	}
	senders.Wait()
	for _, got := range answers {
		if got.status != 201 || got.result != answers[0].result || got.result.Count != events {
			t.Error(got, got.result)
		}
	}
	if servertest.Number(t, answers[0].lastID())-servertest.Number(t, answers[0].result.FirstID) != events-1 {
		t.Errorf("ids from %s to %s", answers[0].result.FirstID, answers[0].lastID())
	}
}
