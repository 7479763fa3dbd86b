package server_test

import (
	"context"
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
	"github.com/mixstream/mixstream/gen"
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
			wantTexts(t, ts, "s", texts(0, events)...)
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

// A repetition costs a few calls of the log, in however many pieces the first try came and wherever
// it was cut. Its answer has the ids of before, and the observer is told what was repeated.
func TestRepetitionCosts(t *testing.T) {
	const events = 250
	log := &calls{Log: eventlog.NewMemory(eventlog.Retention{}), done: make(chan struct{}, 1)}
	o := &publishCounter{}
	ts := servertest.Serve(t, servertest.NewServer(t, everyonePublishes, server.WithLog(log), server.WithObserver(o)))
	in, out := io.Pipe()
	first := make(chan publication, 1)
	go func() { first <- post(t, ts, "s", ndjsonType, "key", in) }()
	for i := range events { // each in a piece of its own
		io.WriteString(out, contentLines(i, i+1))
		servertest.Receive(t, log.done)
	}
	post(t, ts, "other", jsonType, "", strings.NewReader(contentLine("between")))
	servertest.Receive(t, log.done)
	var results []gen.PublishResult
	for i := range 2 { // the first has the rest as well
		log.n.Store(0)
		got := post(t, ts, "s", ndjsonType, "key", strings.NewReader(contentLines(0, 2*events)))
		if n := log.n.Load(); n > 4 || got.status != 201 || got.count() != 2*events {
			t.Errorf("repetition %d: %v after %d calls", i, got, n)
		}
		results = append(results, got.result)
	}
	if results[0] != results[1] {
		t.Errorf("got %+v", results)
	}
	out.Close() // of a body that has turned out to be another one
	if got := servertest.Receive(t, first); got.status != 422 || got.count() != events {
		t.Error(got)
	}
	wantTexts(t, ts, "s", texts(0, 2*events)...)
	// The observer is told of each event of each body.
	if published, repeated, failed := o.outcomes(); published != 2*events+2 || repeated != 3*events || failed != 0 {
		t.Errorf("%d published, %d repeated, %d failed", published, repeated, failed)
	}
}

// Bodies that come at once under one key, in any pieces: if they are the same, each is answered as
// the one that is published. If not, one is published whole and the others are refused.
func TestKeyOfRacingBodies(t *testing.T) {
	const bodies, common = 6, 200
	for name, own := range map[string]int{"the same": 0, "others": 1000} {
		for seed := range uint64(4) {
			t.Run(fmt.Sprint(name, seed), func(t *testing.T) {
				ts := servertest.Serve(t, servertest.NewServer(t, everyonePublishes))
				answers := make([]publication, bodies)
				var senders sync.WaitGroup
				rest := func(i int) (from, to int) { return own * (i + 1), own*(i+1) + own/30*i }
				for i := range answers {
					senders.Go(func() {
						from, to := rest(i)
						answers[i] = post(t, ts, "s", ndjsonType, "key", pieces(contentLines(0, common)+contentLines(from, to), rand.New(rand.NewPCG(seed, uint64(i)))))
					})
				}
				senders.Wait()
				winner := slices.IndexFunc(answers, func(p publication) bool { return p.status == 201 })
				if winner < 0 {
					t.Fatalf("every body is refused: %v", answers)
				}
				for i, got := range answers {
					if same := own == 0 || i == winner; same && got.result != answers[winner].result || !same && (got.status != 422 || got.Error.Type != "validation_error" || got.Line != nil) {
						t.Errorf("body %d: %v", i, got)
					}
				}
				wantTexts(t, ts, "s", append(texts(0, common), texts(rest(winner))...)...)
			})
		}
	}
}
