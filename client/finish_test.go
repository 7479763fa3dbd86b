package client_test

import (
	"testing"

	"github.com/mixstream/mixstream/mix"
)

// wantFinished reads the rest of the stream, which must end cleanly.
func wantFinished(t *testing.T, s *mix.Stream, want ...string) {
	t.Helper()
	wantNames(t, s, want...)
	if s.Err() != nil {
		t.Errorf("error: %v", s.Err())
	}
	for range 2 {
		if s.Next() || s.Err() != nil {
			t.Errorf("after the end: %v", s.Err())
		}
	}
	if err := s.Close(); err != nil || s.Err() != nil {
		t.Errorf("closed after the end: %v, %v", err, s.Err())
	}
}

func TestNothingMore(t *testing.T) {
	server := serve(t, over)
	wantFinished(t, server.stream("4"))
	wantIDs(t, server, "4")

	server = serve(t, send(connected("1")+content("2", "a")), over)
	wantFinished(t, server.stream(""), "connected 1", "content 2")
	wantIDs(t, server, "-", "2")

	server = serve(t, answer(503, "", ""), over)
	wantFinished(t, server.stream("4"))
}

func TestSessionDeleted(t *testing.T) {
	server := serve(t, hold(connected("1")+deleted("2", "another")+content("3", "a")+deleted("4", session)+content("5", "b")))
	s := server.stream("")
	wantFinished(t, s, "connected 1", "session_deleted 2", "content 3", "session_deleted 4")
	if s.LastEventID() != "4" {
		t.Errorf("LastEventID: %s", s.LastEventID())
	}
	wantIDs(t, server, "-")

	wantFinished(t, serve(t, hold(deleted("4", session))).stream(""), "session_deleted 4")
}

func TestUntilComplete(t *testing.T) {
	text := connected("1") +
		block("complete", "2", `{"type":"complete","done":true,"parentToolCallId":"call-1"}`) +
		block("complete", "3", `{"type":"complete","done":true}`) +
		content("4", "next turn") + deleted("5", session)
	server := serve(t, hold(text))
	wantFinished(t, server.stream("", mix.UntilComplete()), "connected 1", "complete 2", "complete 3")
	wantIDs(t, server, "-")
	wantFinished(t, server.stream(""), "connected 1", "complete 2", "complete 3", "content 4", "session_deleted 5")

	cut := serve(t, send(connected("1")), send(connected("1")+block("complete", "3", `{"done":true}`)))
	wantFinished(t, cut.stream("", mix.UntilComplete()), "connected 1", "connected 1", "complete 3")
}
