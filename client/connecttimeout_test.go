package client_test

import (
	"errors"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/streamtest"
)

// connectTimeout is short. A busy machine may exceed it on any attempt, so these tests look at
// the ids of the requests, and not at their number.
const connectTimeout = 200 * time.Millisecond

// The events of TestConnectTimeoutOfAnOpenStream come later than the connect timeout. Then
// attempts hang.
func TestConnectTimeoutOfAnOpenStream(t *testing.T) {
	late := streamtest.Pause(3 * connectTimeout)
	var again atomic.Int32
	server := serve(t, streamtest.Script{func(c *streamtest.Conn) error {
		script := append(send(connected("1")), late, streamtest.Send(content("2", "a")), late, streamtest.Send(content("3", "b")), streamtest.Cut())
		switch id := c.Request.Header.Get("Last-Event-ID"); {
		case id == "1" || id == "2":
			t.Errorf("an open stream was given up after event %s", id)
			script = over
		case id == "3" && again.Add(1) == 1:
			script = hang
		case id == "3" && again.Load() == 2:
			script = hold(": no event\n\n")
		case id == "3":
			script = hold(connected("3") + deleted("4", session))
		}
		for _, step := range script {
			if err := step(c); err != nil {
				return err
			}
		}
		return nil
	}})
	var causes []error
	s := server.stream("", client.WithConnectTimeout(connectTimeout), client.WithHooks(client.Hooks{Retrying: func(r client.Retry) {
		if r.LastEventID == "3" {
			causes = append(causes, r.Err)
		}
	}}))
	defer time.AfterFunc(patience, func() { s.Close() }).Stop()
	wantFinished(t, s, "connected 1", "content 2", "content 3", "connected 3", "session_deleted 4")
	if len(causes) < 3 || !errors.Is(causes[0], io.ErrUnexpectedEOF) {
		t.Fatalf("causes: %v", causes)
	}
	for _, cause := range causes[1:] {
		if !errors.Is(cause, client.ErrConnectTimeout) {
			t.Errorf("cause: %v", cause)
		}
	}
}

// The connect timeout of a source ends with the header, and not with the first event.
func TestConnectTimeoutOfASource(t *testing.T) {
	opened := make(chan struct{}, 100)
	once := func(c *streamtest.Conn) error {
		if len(opened) > 0 {
			return errors.Join(streamtest.Answer(204, "")(c), streamtest.Cut()(c))
		}
		return nil
	}
	server := serve(t, streamtest.Script{once, streamtest.Open(), streamtest.Send(": hi\n"), streamtest.Pause(3 * connectTimeout), streamtest.Send("id: 1\ndata: a\n\n"), streamtest.Hold()})
	source := server.source("", client.WithConnectTimeout(connectTimeout), client.WithHooks(client.Hooks{Comment: func([]byte) { opened <- struct{}{} }}))
	if e, err := source.Next(); err != nil || string(e.ID) != "1" || len(opened) != 1 {
		t.Errorf("event %q, error %v, %d streams were opened", e.ID, err, len(opened))
	}
}
