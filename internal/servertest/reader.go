package servertest

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/sse"
)

// Event is an event as a stream carries it.
type Event struct {
	Name, ID, Data string
	Retry          int // in milliseconds; -1: none
}

// ReadEvent reads the next event of a stream.
func ReadEvent(dec *sse.Decoder) (Event, error) {
	e, err := dec.Next()
	if err != nil {
		return Event{}, err
	}
	retry := -1
	if e.HasRetry {
		retry = int(e.Retry.Milliseconds())
	}
	return Event{e.Name, string(e.ID), string(e.Data), retry}, nil
}

// Reader reads a stream. Its methods fail the test when something else comes.
type Reader struct {
	Response *http.Response
	Decoder  *sse.Decoder

	// IgnoreBeats makes Next and what uses it pass over heartbeats. It is for a test whose
	// heartbeats come at any time.
	IgnoreBeats bool

	t testing.TB
}

// NewReader returns a reader of a stream whose events come from body. That is the body of
// the response, or what a test decodes from it.
func NewReader(t testing.TB, res *http.Response, body io.Reader) *Reader {
	return &Reader{t: t, Response: res, Decoder: sse.NewDecoder(body)}
}

// Next returns the next event.
func (r *Reader) Next() Event {
	r.t.Helper()
	for {
		e, err := ReadEvent(r.Decoder)
		if err != nil {
			r.t.Fatalf("next event: %v", err)
		}
		if !r.IgnoreBeats || e.Name != "heartbeat" {
			return e
		}
	}
}

// Want expects events. Its arguments are pairs of a name and an id.
func (r *Reader) Want(namesAndIDs ...string) {
	r.t.Helper()
	for i := 0; i < len(namesAndIDs); i += 2 {
		if e := r.Next(); e.Name != namesAndIDs[i] || e.ID != namesAndIDs[i+1] {
			r.t.Fatalf("event %d is %+v, want %s with id %s", i/2, e, namesAndIDs[i], namesAndIDs[i+1])
		}
	}
}

// WantContents expects a content event with each of the ids.
func (r *Reader) WantContents(ids ...string) {
	r.t.Helper()
	for _, id := range ids {
		r.Want("content", id)
	}
}

// WantGap expects a gap event with this position.
func (r *Reader) WantGap(id string) {
	r.t.Helper()
	if e := r.Next(); !IsGap(e) || e.ID != id {
		r.t.Fatalf("got %+v, want a gap event with id %s", e, id)
	}
}

// WantEnd expects the clean end of the stream.
func (r *Reader) WantEnd() {
	r.t.Helper()
	e, err := ReadEvent(r.Decoder)
	for err == nil && r.IgnoreBeats && e.Name == "heartbeat" {
		e, err = ReadEvent(r.Decoder)
	}
	if !errors.Is(err, io.EOF) {
		r.t.Fatalf("got %+v, %v, want the end", e, err)
	}
}

// Close leaves the stream.
func (r *Reader) Close() { r.Response.Body.Close() }

// WantBeats expects an event with this name and id, after any number of heartbeats.
func (r *Reader) WantBeats(name, id string) {
	r.t.Helper()
	e := r.Next()
	for e.Name == "heartbeat" {
		e = r.Next()
	}
	if e.Name != name || e.ID != id {
		r.t.Fatalf("got %s %s, want %s %s", e.Name, e.ID, name, id)
	}
}

// WantCut expects an end that no client takes for a complete answer, after any number of
// heartbeats.
func (r *Reader) WantCut() {
	r.t.Helper()
	for {
		e, err := ReadEvent(r.Decoder)
		if err == nil && e.Name == "heartbeat" {
			continue
		}
		if err == nil || errors.Is(err, io.EOF) {
			r.t.Errorf("got %+v, %v, want a cut", e, err)
		}
		return
	}
}

// Open opens the stream of a session. It sends a Last-Event-ID header for each id.
func Open(t testing.TB, ts *httptest.Server, session string, lastEventIDs ...string) *Reader {
	t.Helper()
	return OpenURL(t, ts, StreamURL(ts, session), lastEventIDs...)
}

// OpenURL is open for any URL.
func OpenURL(t testing.TB, ts *httptest.Server, target string, lastEventIDs ...string) *Reader {
	t.Helper()
	res := Get(t, ts, target, lastEventIDs...)
	if res.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(res.Body)
		t.Fatalf("%s: %s", res.Status, body)
	}
	return NewReader(t, res, res.Body)
}

// OpenSmall opens a stream with a small receive buffer, so that the server notices soon
// when the reader stops.
func OpenSmall(t *testing.T, ts *httptest.Server, session string) *Reader {
	t.Helper()
	transport := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetReadBuffer(4 << 10)
		}
		return conn, err
	}}
	t.Cleanup(transport.CloseIdleConnections)
	req := Must(http.NewRequestWithContext(t.Context(), http.MethodGet, StreamURL(ts, session), nil))(t)
	res := Must(transport.RoundTrip(req))(t)
	t.Cleanup(func() { res.Body.Close() })
	return NewReader(t, res, res.Body)
}

// ReadContents reads n content events and returns their ids. A negative n reads to the end of
// the connection. Any goroutine may call it.
func ReadContents(r *Reader, n int) (ids []string, err error) {
	for len(ids) != n {
		e, err := ReadEvent(r.Decoder)
		if err != nil {
			return ids, err
		}
		if e.Name != "content" {
			return ids, errors.New("not a content event: " + e.Name + " " + e.Data)
		}
		ids = append(ids, e.ID)
	}
	return ids, nil
}

// IsGap reports whether an event tells a gap.
func IsGap(e Event) bool {
	data, ok := gen.StreamEvents.Decode(e.Name, []byte(e.Data)).(*gen.ErrorData)
	return ok && data.Type != nil && *data.Type == "replay_gap"
}
