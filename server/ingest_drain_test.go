package server_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// What has come whole is published, though the server shuts down meanwhile, and the
// connection is not used again.
func TestAppendOutlastsDrain(t *testing.T) {
	for _, mediaType := range []string{"application/json", "application/x-ndjson"} {
		began, goOn := make(chan struct{}), make(chan struct{})
		log := &servertest.HookedLog{Log: eventlog.NewMemory(eventlog.Retention{}), BeforeAppend: func(ctx context.Context) {
			close(began)
			select {
			case <-goOn:
			case <-ctx.Done(): // and the append fails
			}
		}}
		srv := servertest.NewServer(t, server.WithLog(log), everyonePublishes)
		conn, in := connect(t, servertest.Serve(t, srv))
		fmt.Fprintf(conn, "POST /stream?sessionId=s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", mediaType, len(oneLine), oneLine)
		<-began
		if err := srv.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		time.Sleep(50 * time.Millisecond) // in which the request would be cancelled
		close(goOn)
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != http.StatusCreated || !res.Close {
			t.Errorf("%s: %s, and the connection is closed: %v", mediaType, res.Status, res.Close)
		}
		res.Body.Close()
	}
}

// A drain ends a body that goes on, tells how far it came, and takes no new one.
func TestPublishDrained(t *testing.T) {
	srv := servertest.NewServer(t, everyonePublishes)
	ts := servertest.Serve(t, srv)
	r := openEarly(t, ts)
	in, out := io.Pipe()
	answer := make(chan publication, 1)
	go func() { answer <- post(t, ts, "s", ndjsonType, "", in) }()
	io.WriteString(out, contentLine("a"))
	r.Next()
	r.Close()
	if err := srv.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := <-answer
	out.Close()
	if got.String() != "503 unavailable line 0, 1 published: the server is shutting down" || got.header.Get("Retry-After") == "" {
		t.Error(got)
	}
	if got := post(t, ts, "s", jsonType, "", strings.NewReader(contentLine("b"))); got.status != 503 || got.header.Get("Retry-After") == "" {
		t.Error(got)
	}
}

// A drain that begins just before the body of an event is read ends it as well.
func TestPublishDrainedBeforeItsBody(t *testing.T) {
	var srv *mix.Server
	srv = servertest.NewServer(t, server.WithPublishAuthorizer(func(r *http.Request, _ string) error { return srv.Shutdown(r.Context()) }))
	ts := servertest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		srv.ServeHTTP(drainFirst{w, make(chan struct{})}, r)
	}))
	in, out := io.Pipe()
	answer := make(chan publication, 1)
	go func() { answer <- post(t, ts, "s", jsonType, "", in) }()
	io.WriteString(out, "{")
	got := servertest.Receive(t, answer)
	out.Close()
	if got.status != 503 || got.header.Get("Retry-After") == "" {
		t.Error(got)
	}
}

// drainFirst has other read deadlines wait for that of a drain.
type drainFirst struct {
	http.ResponseWriter
	drained chan struct{}
}

func (w drainFirst) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w drainFirst) SetReadDeadline(at time.Time) error {
	if at.Unix() == 1 {
		defer close(w.drained)
	} else {
		<-w.drained
	}
	return http.NewResponseController(w.ResponseWriter).SetReadDeadline(at)
}
