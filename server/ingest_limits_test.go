package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixstream/mixstream/internal/servertest"
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
	srv := servertest.NewServer(t, server.WithPublishAuthorizer(func(*http.Request, string) error { asked.Add(1); return nil }))
	ts := servertest.Serve(t, addressed(srv))
	refused := make(chan string, attackers)
	var readers sync.WaitGroup
	conns := make([]net.Conn, attackers)
	for i := range conns {
		conn, err := net.Dial("tcp", ts.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		conns[i] = conn
		_ = conn.SetDeadline(time.Now().Add(2 * servertest.Patience))
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
	servertest.Until(t, "all attackers have come", func() bool { return asked.Load() == attackers })

	r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, servertest.StreamURL(ts, "s"), strings.NewReader(oneLine))
	r.Header.Set("X-From", "192.0.2.2:1")
	r.Header.Set("Content-Type", ndjsonType)
	if got := send(t, ts, r); got.status != http.StatusCreated {
		t.Fatalf("another client is answered %v", got)
	}
	for range attackers - limit {
		if got := servertest.Receive(t, refused); !strings.HasPrefix(got, "429 Too Many Requests ") || strings.HasSuffix(got, " ") {
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
	servertest.Until(t, "all places are free", func() bool { return srv.Publishers() == 0 })
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
	ts := servertest.Serve(t, servertest.NewServer(t, everyonePublishes, server.WithLimits(server.Limits{PublishesPerClient: 1, ClientKey: func(r *http.Request) string { return r.FormValue("client") }})))
	publish := func(client string, body io.Reader) publication {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, servertest.StreamURL(ts, "s")+"&client="+client, body)
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
	r.Next()
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

func TestMaxPublishes(t *testing.T) {
	ts := servertest.Serve(t, servertest.NewServer(t, everyonePublishes, server.WithLimits(server.Limits{Publishes: 1})))
	r := openEarly(t, ts)
	in, out := io.Pipe()
	answer := make(chan publication, 1)
	go func() { answer <- post(t, ts, "s", ndjsonType, "", in) }()
	io.WriteString(out, contentLine("a"))
	r.Next()
	if got := post(t, ts, "s", jsonType, "", strings.NewReader(contentLine("b"))); got.String() != "503 unavailable line 0, 0 published: too many requests that publish" {
		t.Error(got)
	}
	out.Close()
	if got := <-answer; got.status != 201 {
		t.Error(got)
	}
	if got := post(t, ts, "s", jsonType, "", strings.NewReader(contentLine("b"))); got.status != 201 {
		t.Error(got)
	}
}
