package server_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/mixstream/mixstream/mix"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/server"
	"github.com/mixstream/mixstream/sse"
)

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// newServer returns a server. With MIXSTREAM_DETACHED=1 its streams are detached where
// they can be: every test holds in both modes.
func newServer(t testing.TB, opts ...server.Option) *mix.Server {
	t.Helper()
	if !detachedMode() {
		return newAttachedServer(t, opts...)
	}
	srv := newAttachedServer(t, append([]server.Option{server.WithDetachedStreams(-1)}, opts...)...)
	t.Cleanup(func() { shutNow(srv) })
	return srv
}

// newAttachedServer returns a server whose streams stay attached, for what only holds
// for them.
func newAttachedServer(t testing.TB, opts ...server.Option) *mix.Server {
	t.Helper()
	srv, err := mix.NewServer(opts...)
	if err != nil {
		t.Fatal(err)
	}
	return srv
}

// below returns the handler of a server whose paths begin with base.
func below(t testing.TB, srv *mix.Server, base string) http.Handler {
	t.Helper()
	h, err := srv.Handler(mix.HandlerOptions{BasePath: base})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// closeAll closes a server and waits for its streams, as httptest does for attached
// ones.
func closeAll(t *testing.T, ts *httptest.Server, srv *mix.Server) {
	t.Helper()
	ts.Close()
	until(t, "the streams have ended", func() bool { slots, _, _ := srv.Counted(); return slots == 0 })
}

func detachedMode() bool { return os.Getenv("MIXSTREAM_DETACHED") != "" }

// shutNow ends all streams of a server, detached ones as well.
func shutNow(srv *mix.Server) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = srv.Shutdown(ctx)
}

// serve puts a handler on a socket until the test ends.
func serve(t testing.TB, h http.Handler, configure ...func(*httptest.Server)) *httptest.Server {
	t.Helper()
	ts := httptest.NewUnstartedServer(h)
	for _, f := range configure {
		f(ts)
	}
	if ts.EnableHTTP2 {
		ts.StartTLS()
	} else {
		ts.Start()
	}
	t.Cleanup(ts.Close)
	return ts
}

// smallLog retains few events of a session.
func smallLog(entries int) server.Option {
	return server.WithLog(eventlog.NewMemory(eventlog.Retention{Entries: entries}))
}

func content(s string) *gen.ContentData { return &gen.ContentData{Type: "content", Content: s} }

func publish(t testing.TB, srv *mix.Server, session, text string) (id string) {
	t.Helper()
	id, err := srv.Publish(context.Background(), session, content(text))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// publishN publishes n events and returns their ids.
func publishN(t testing.TB, srv *mix.Server, session string, n int) (ids []string) {
	t.Helper()
	for i := range n {
		ids = append(ids, publish(t, srv, session, strconv.Itoa(i)))
	}
	return ids
}

func number(t testing.TB, id string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// before returns the position before the event with this id.
func before(t testing.TB, id string) string {
	return strconv.FormatUint(number(t, id)-1, 10)
}

// event is an event as it came.
type event struct {
	name, id, data string
	retry          int // milliseconds; -1: none
}

// reader reads a stream.
type reader struct {
	t   testing.TB
	res *http.Response
	dec *sse.Decoder
}

func streamURL(ts *httptest.Server, session string) string {
	return ts.URL + "/stream?sessionId=" + url.QueryEscape(session)
}

// get sends a request; a header of the last event ID for each of lastEventIDs.
func get(t testing.TB, ts *httptest.Server, target string, lastEventIDs ...string) *http.Response {
	t.Helper()
	res, err := try(t, ts, target, lastEventIDs...)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func try(t testing.TB, ts *httptest.Server, target string, lastEventIDs ...string) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, err
	}
	for _, id := range lastEventIDs {
		req.Header.Add("Last-Event-ID", id)
	}
	res, err := ts.Client().Do(req)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { res.Body.Close() })
	return res, nil
}

// open opens the stream of a session.
func open(t testing.TB, ts *httptest.Server, session string, lastEventIDs ...string) *reader {
	t.Helper()
	return openURL(t, ts, streamURL(ts, session), lastEventIDs...)
}

func openURL(t testing.TB, ts *httptest.Server, target string, lastEventIDs ...string) *reader {
	t.Helper()
	res := get(t, ts, target, lastEventIDs...)
	if res.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(res.Body)
		t.Fatalf("%s: %s", res.Status, body)
	}
	return &reader{t: t, res: res, dec: sse.NewDecoder(res.Body)}
}

func read(dec *sse.Decoder) (event, error) {
	e, err := dec.Next()
	if err != nil {
		return event{}, err
	}
	retry := -1
	if e.HasRetry {
		retry = int(e.Retry.Milliseconds())
	}
	return event{e.Name, string(e.ID), string(e.Data), retry}, nil
}

// next returns the next event.
func (r *reader) next() event {
	r.t.Helper()
	e, err := read(r.dec)
	if err != nil {
		r.t.Fatalf("next event: %v", err)
	}
	return e
}

// want reads an event of each name and id, given in turn.
func (r *reader) want(namesAndIDs ...string) {
	r.t.Helper()
	for i := 0; i < len(namesAndIDs); i += 2 {
		if e := r.next(); e.name != namesAndIDs[i] || e.id != namesAndIDs[i+1] {
			r.t.Fatalf("event %d is %+v, want %s with id %s", i/2, e, namesAndIDs[i], namesAndIDs[i+1])
		}
	}
}

// wantContents reads a content event with each of the ids.
func (r *reader) wantContents(ids ...string) {
	r.t.Helper()
	for _, id := range ids {
		r.want("content", id)
	}
}

// wantGap reads a gap event with this position.
func (r *reader) wantGap(id string) {
	r.t.Helper()
	if e := r.next(); !isGap(e) || e.id != id {
		r.t.Fatalf("got %+v, want a gap event with id %s", e, id)
	}
}

// wantEnd expects the clean end of the stream.
func (r *reader) wantEnd() {
	r.t.Helper()
	if e, err := read(r.dec); !errors.Is(err, io.EOF) {
		r.t.Fatalf("got %+v, %v, want the end", e, err)
	}
}

func (r *reader) close() { r.res.Body.Close() }

func isGap(e event) bool {
	data, ok := gen.StreamEvents.Decode(e.name, []byte(e.data)).(*gen.ErrorData)
	return ok && data.Type != nil && *data.Type == "replay_gap"
}

// receive returns what comes from a channel.
func receive[T any](t testing.TB, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}
