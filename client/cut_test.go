package client_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/streamtest"
)

// mixed is a stream with all line ends and all kinds of lines. Each block with an id starts
// or ends with it.
var mixed = []struct{ id, text string }{
	{"1", "event: connected\nretry: 1\ndata: {\"sessionId\":\"s1\"}\nid: 1\n\n"},
	{"2", "id: 2\nevent: content\ndata: {\"content\":\"a\"}\n\n"},
	{"3", "event: rate_limit_error\r\ndata: {}\r\nid: 3\r\n\r\n"},
	{"3", ": a comment\n\n"},
	{"4", "id: 4\nevent: tool_use_start\ndata: {\"id\":\"c\",\ndata: \"name\":\"Bash\"}\n\n"},
	{"4", "event: heartbeat\ndata: {\"type\":\"heartbeat\"}\nid: 4\n\n"},
	{"5", "id: 5\n\n"},
	{"6", "event: content\rdata: no JSON\rid: 6\r\r"},
	{"7", "event: thinking\ndata: {\"content\":\"\u00e9\u2028\"}\nid: 7\n\n"},
	{"8", "event: session_deleted\ndata: {\"sessionId\":\"s1\"}\nid: 8\n\n"},
}

// after returns the part of mixed that comes after an id.
func after(id string) string {
	var text strings.Builder
	for i := len(mixed) - 1; i >= 0 && mixed[i].id != id; i-- {
		next := text.String()
		text.Reset()
		text.WriteString(mixed[i].text + next)
	}
	return text.String()
}

// lastID returns the id of the last block that is complete within the first n
// bytes of mixed. A CR ends a line, whether or not an LF follows.
func lastID(n int) string {
	id, end := "-", 0
	for _, b := range mixed {
		end += len(b.text)
		if n < end && !(strings.HasSuffix(b.text, "\r\n") && n == end-1) {
			break
		}
		id = b.id
	}
	return id
}

func TestCutAfterEveryByte(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
	ends := map[string]func(text string) string{
		"end": func(text string) string { return head + "Connection: close\r\n\r\n" + text },
		"cut": func(text string) string { return head + "Content-Length: 100000\r\n\r\n" + text },
		"chunks": func(text string) string {
			return fmt.Sprintf("%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", head, max(len(text), 1), text)
		},
	}
	want := []string{"content 2", "rate_limit_error 3", "tool_use_start 4", "content 6", "thinking 7", "session_deleted 8"}
	whole := after("")
	for name, wrap := range ends {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var steps []streamtest.Script
			var ids []string
			for n := range len(whole) {
				id := lastID(n)
				ids = append(ids, "-", id)
				steps = append(steps, raw(wrap(whole[:n]), streamtest.Cut()), hold(connected(id)+after(id)))
			}
			server := serve(t, steps...)
			for n := range len(whole) {
				var got []string
				s := server.stream("", client.WithRetryPolicy(client.RetryPolicy{InitialInterval: 1, MaxInterval: 1, MaxServerDelay: client.NoServerDelay}))
				for s.Next() {
					switch e := s.Event(); e.Name {
					case "connected", "heartbeat":
					default:
						got = append(got, e.Name+" "+e.ID)
					}
				}
				if s.Err() != nil || !slices.Equal(got, want) {
					t.Fatalf("cut after %d bytes, %q: %q, %v", n, whole[max(0, n-20):n], got, s.Err())
				}
			}
			wantIDs(t, server, ids...)
		})
	}
}
