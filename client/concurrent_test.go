package client_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/streamtest"
)

// TestManyStreams reads many streams at once, each with events of its own, on connections
// that are cut anywhere. No stream sees an event of another, or misses one.
func TestManyStreams(t *testing.T) {
	const streams, events = 40, 40
	text := func(session string, i int) string {
		return fmt.Sprintf("%s-%d-%s", session, i, strings.Repeat(session, i))
	}
	server := serve(t, streamtest.Script{streamtest.Open(), func(c *streamtest.Conn) error {
		session := c.Request.URL.Query().Get("sessionId")
		last, _ := strconv.Atoi(c.Request.Header.Get("Last-Event-ID"))
		var rest strings.Builder
		rest.WriteString(block("connected", strconv.Itoa(max(last, 1)), `{"sessionId":"`+session+`"}`))
		for i := max(last, 1) + 1; i <= events; i++ {
			rest.WriteString(content(strconv.Itoa(i), text(session, i)))
		}
		rest.WriteString(deleted(strconv.Itoa(events+1), session))
		n := min(200+rand.IntN(4000), rest.Len())
		if err := c.Send(rest.String()[:n]); err != nil || n < rest.Len() {
			return streamtest.Cut()(c)
		}
		return nil
	}})
	c := server.client()
	var running sync.WaitGroup
	for n := range streams {
		running.Go(func() {
			session := fmt.Sprintf("s%d", n)
			s, err := c.StreamEvents(t.Context(), session, nil)
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			want := 2
			for s.Next() {
				switch data := s.Event().Data.(type) {
				case *gen.ConnectedData:
					if data.SessionID != session {
						t.Errorf("%s: connected to %s", session, data.SessionID)
					}
				case *gen.ContentData:
					if data.Content != text(session, want) || s.LastEventID() != strconv.Itoa(want) {
						t.Errorf("%s: event %s %.40q, want %d", session, s.LastEventID(), data.Content, want)
					}
					want++
				}
			}
			if s.Err() != nil || want != events+1 {
				t.Errorf("%s: %d events, error %v", session, want, s.Err())
			}
		})
	}
	running.Wait()
	if n := server.Connections(); n < 2*streams {
		t.Errorf("only %d connections for %d streams", n, streams)
	}
}

// TestManyEventsInOneRead and one event in many reads.
func TestManyEventsInOneRead(t *testing.T) {
	var text strings.Builder
	want := []string{"connected 1"}
	text.WriteString(connected("1"))
	for i := 2; i < 500; i++ {
		text.WriteString(content(strconv.Itoa(i), "a"))
		want = append(want, fmt.Sprint("content ", i))
	}
	wantFinished(t, serve(t, send(text.String()), over).stream(""), want...)

	long := content("2", strings.Repeat("x", 3000))
	server := serve(t, streamtest.Script{streamtest.Open(), streamtest.Send(connected("1")), streamtest.Trickle(long, 0)}, over)
	s := server.stream("", client.WithStrict())
	wantFinished(t, s, "connected 1", "content 2")
}
