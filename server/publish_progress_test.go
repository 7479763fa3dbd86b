package server_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server"
)

// addressed has the address of a client come from a header, as a middleware behind a
// proxy does.
func addressed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if from := r.Header.Get("X-From"); from != "" {
			r.RemoteAddr = from
		}
		next.ServeHTTP(w, r)
	})
}

// A client that opens a thousand bodies and trickles empty lines does not keep others
// from publishing, with the limits that a server has by default.
func TestOneClientTakesNotAllPlaces(t *testing.T) {
	const attackers, limit = 1000, 250
	var asked atomic.Int64
	srv := newServer(t, server.WithPublishAuthorizer(func(*http.Request, string) error { asked.Add(1); return nil }))
	ts := serve(t, addressed(srv))
	refused := make(chan string, attackers)
	var readers sync.WaitGroup
	conns := make([]net.Conn, attackers)
	for i := range conns {
		conn, err := net.Dial("tcp", ts.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		conns[i] = conn
		_ = conn.SetDeadline(time.Now().Add(2 * patience))
		fmt.Fprintf(conn, "POST /stream?sessionId=s HTTP/1.1\r\nHost: x\r\nX-From: 192.0.2.1:%d\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n\n\r\n", 1000+i, ndjsonType)
		readers.Go(func() {
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				return // it is closed below
			}
			res.Body.Close()
			refused <- res.Status + " " + res.Header.Get("Retry-After")
		})
	}
	defer readers.Wait()
	defer func() {
		for _, conn := range conns {
			conn.Close()
		}
	}()
	until(t, "all attackers have come", func() bool { return asked.Load() == attackers })

	r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, streamURL(ts, "s"), strings.NewReader(oneLine))
	r.Header.Set("X-From", "192.0.2.2:1")
	r.Header.Set("Content-Type", ndjsonType)
	if got := send(t, ts, r); got.status != http.StatusCreated {
		t.Fatalf("another client is answered %v", got)
	}
	for range attackers - limit {
		if got := receive(t, refused); !strings.HasPrefix(got, "429 Too Many Requests ") || strings.HasSuffix(got, " ") {
			t.Errorf("an attacker is answered %q", got)
		}
	}
	// A body that ends gives its place back.
	if srv.Publishers() < limit {
		t.Errorf("%d places are taken", srv.Publishers())
	}
	for _, conn := range conns {
		conn.Close()
	}
	until(t, "all places are free", func() bool { return srv.Publishers() == 0 })
}

// trickle sends a text again and again until the reader of the body has left.
func trickle(w *io.PipeWriter, first, text string) {
	_, err := io.WriteString(w, first)
	for err == nil {
		time.Sleep(10 * time.Millisecond)
		_, err = io.WriteString(w, text)
	}
}

// A body that trickles what is no event ends, over HTTP/1.1 and HTTP/2, and tells how far
// it came.
func TestTrickledBodyEnds(t *testing.T) {
	for name, c := range map[string]struct {
		mediaType, first, text string
		published              int
	}{
		"empty lines":       {ndjsonType, "", "\n", 0},
		"blank lines":       {ndjsonType, contentLine("a"), " \t\r\n", 1},
		"other white space": {ndjsonType, contentLine("a"), "\u2003\n", 1},
		"a line":            {ndjsonType, contentLine("a") + `{"event":"content"`, " ", 1},
		"nothing":           {ndjsonType, contentLine("a"), "", 1},
		"an event":          {jsonType, `{"event":"content"`, "\n", 0},
		"before an event":   {jsonType, "", "\n", 0},
	} {
		for _, http2 := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, HTTP/2 %v", name, http2), func(t *testing.T) {
				t.Parallel()
				ts := serve(t, newServer(t, everyonePublishes, server.WithPublishIdleTimeout(500*time.Millisecond), server.WithMaxPublishes(1)),
					func(ts *httptest.Server) { ts.EnableHTTP2 = http2 })
				body, in := io.Pipe()
				done := make(chan struct{})
				go func() { defer close(done); trickle(in, c.first, c.text) }()
				got := post(t, ts, "s", c.mediaType, "", body)
				body.Close()
				<-done
				line := fmt.Sprintf("503 unavailable line 0, %d published: the body brought no whole event within 500ms", c.published)
				if got.String() != line || got.header.Get("Retry-After") == "" {
					t.Error(got)
				}
				// The only place is free again.
				if got := post(t, ts, "s", jsonType, "", strings.NewReader(oneLine)); got.status != http.StatusCreated {
					t.Errorf("after it: %v", got)
				}
			})
		}
	}
}

// timedBody is a body whose pieces come after a time each.
type timedBody struct {
	pieces []string
	pause  time.Duration
}

func (b *timedBody) Read(p []byte) (int, error) {
	if len(b.pieces) == 0 {
		return 0, io.EOF
	}
	time.Sleep(b.pause)
	n := copy(p, b.pieces[0])
	b.pieces = b.pieces[1:]
	return n, nil
}

// slowLog takes its time to append.
type slowLog struct {
	eventlog.Log
	pause time.Duration
}

func (l slowLog) Append(ctx context.Context, s eventlog.Session, key *eventlog.Key, entries []eventlog.Entry) error {
	time.Sleep(l.pause)
	return l.Log.Append(ctx, s, key, entries)
}

// A body lasts as long as what it tells of: what counts is the time between two events,
// and not that of the log. It holds where the connection has no read deadlines as well.
func TestBodyThatMakesProgress(t *testing.T) {
	event, half := contentLine("a"), len(contentLine("a"))/2
	for name, c := range map[string]struct {
		pause, ofLog time.Duration
		pieces       []string
		status       int
		options      []server.Option
	}{
		"an event each nine minutes":  {9 * time.Minute, 0, []string{event, event, event, event}, 201, nil},
		"one after eleven minutes":    {11 * time.Minute, 0, []string{event}, 503, nil},
		"halves":                      {4 * time.Minute, 0, []string{event[:half], event[half:], event[:half], event[half:]}, 201, nil},
		"halves that take too long":   {6 * time.Minute, 0, []string{event[:half], event[half:]}, 503, nil},
		"an event and half":           {9 * time.Minute, 0, []string{event + event[:half], event[half:] + event}, 201, nil},
		"empty lines":                 {time.Minute, 0, strings.SplitAfter(strings.Repeat("\n", 20), "\n"), 503, nil},
		"empty lines between":         {3 * time.Minute, 0, []string{"\n", event, "\n", "\n", event, "\n", "\n", event}, 201, nil},
		"a slow log":                  {9 * time.Minute, time.Hour, []string{event, event, event}, 201, nil},
		"no limit":                    {1000 * time.Hour, 0, []string{event, event}, 201, []server.Option{server.WithPublishIdleTimeout(0)}},
		"a limit of one's own":        {2 * time.Second, 0, []string{event, event}, 503, []server.Option{server.WithPublishIdleTimeout(time.Second)}},
		"the end after eight minutes": {8 * time.Minute, 0, []string{event, "\n"}, 201, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := newAttachedServer(t, append(c.options, everyonePublishes, server.WithLog(slowLog{eventlog.NewMemory(eventlog.Retention{Age: -1}), c.ofLog}))...)
				r := httptest.NewRequest(http.MethodPost, "/stream?sessionId=s", &timedBody{c.pieces, c.pause})
				r.Header.Set("Content-Type", ndjsonType)
				w := httptest.NewRecorder()
				srv.ServeHTTP(w, r)
				if w.Code != c.status {
					t.Errorf("%d %s", w.Code, w.Body)
				}
			})
		})
	}
}

func TestClientAddress(t *testing.T) {
	for remote, want := range map[string]string{
		"192.0.2.1:1234":                        "192.0.2.1",
		"[::ffff:192.0.2.1]:1":                  "192.0.2.1",
		"[2001:db8:1:2:3:4:5:6]:1":              "2001:db8:1:2::/64",
		"[2001:db8:1:2:ffff::1]:9":              "2001:db8:1:2::/64",
		"[fe80::1%eth0]:1":                      "fe80::/64",
		"[::1]:1":                               "::/64",
		"192.0.2.1":                             "",
		"":                                      "",
		"@":                                     "",
		strings.Repeat("1", 1<<16) + ".0.0.1:1": "",
	} {
		if got := server.ClientAddress(&http.Request{RemoteAddr: remote}); got != want {
			t.Errorf("%.40q: got %q, want %q", remote, got, want)
		}
	}
}

// The key that identifies a client is the application's own, and one that is empty is not
// limited.
func TestMaxPublishesPerClient(t *testing.T) {
	ts := serve(t, newServer(t, everyonePublishes, server.WithMaxPublishesPerClient(1, func(r *http.Request) string { return r.FormValue("client") })))
	publish := func(client string, body io.Reader) publication {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, streamURL(ts, "s")+"&client="+client, body)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", ndjsonType)
		return send(t, ts, r)
	}
	r := openEarly(t, ts)
	in, out := io.Pipe()
	answer := make(chan publication, 1)
	go func() { answer <- publish("a", in) }()
	io.WriteString(out, contentLine("a"))
	r.next()
	if got := publish("a", strings.NewReader(oneLine)); got.String() != "429 rate_limited line 0, 0 published: too many requests of this client that publish" || got.header.Get("Retry-After") == "" {
		t.Error(got)
	}
	for _, client := range []string{"b", ""} {
		if got := publish(client, strings.NewReader(oneLine)); got.status != 201 {
			t.Errorf("%q: %v", client, got)
		}
	}
	out.Close()
	if got := <-answer; got.status != 201 {
		t.Error(got)
	}
	if got := publish("a", strings.NewReader(oneLine)); got.status != 201 {
		t.Error(got)
	}
}
