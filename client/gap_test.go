package client_test

import (
	"errors"
	"testing"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
)

func wantGap(t *testing.T, err error, requested, resumeFrom string) {
	t.Helper()
	var e *client.GapError
	if !errors.As(err, &e) || e.Requested != requested || e.ResumeFrom != resumeFrom || e.Message != "events were trimmed" {
		t.Errorf("error: %v, want a gap from %q to %q", err, requested, resumeFrom)
	}
}

func TestGap(t *testing.T) {
	tests := []struct {
		name      string
		id        string
		first     string // the first stream, which ends
		second    string
		requested string
	}{
		{name: "at first", id: "3", first: connected("3") + gap("10") + content("11", "a"), requested: "3"},
		{name: "malformed", id: "x y", first: connected("1") + gap("10"), requested: "x y"},
		{name: "without connected", id: "3", first: content("4", "a") + gap("10"), requested: "4"},
		{name: "after a reconnection", id: "3", first: connected("3") + content("4", "a"), second: connected("4") + gap("10"), requested: "4"},
		{name: "mid-stream", id: "3", first: connected("3") + content("4", "a") + gap("10"), requested: "4"},
		{name: "after a heartbeat", id: "3", first: connected("3") + block("heartbeat", "8", `{"type":"heartbeat"}`) + gap("10"), requested: "8"},
		{name: "without an id", id: "", first: connected("2") + gap("10"), requested: ""},
		// The cut hides the gap; the id of connected makes a gap again.
		{name: "cut before it", id: "x", first: connected("1") + "event: error\n", second: connected("1") + gap("10"), requested: "1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var told []*client.GapError
			server := serve(t, send(test.first), hold(test.second))
			s := server.stream(test.id, client.WithHooks(client.Hooks{Gap: func(e *client.GapError) { told = append(told, e) }}))
			before := names(s)
			wantGap(t, s.Err(), test.requested, "10")
			if len(told) != 1 || !errors.Is(s.Err(), told[0]) {
				t.Errorf("told: %v", told)
			}
			if s.Next() || s.Event().Data != nil {
				t.Error("an event after the end")
			}
			if s.LastEventID() == "10" || len(before) == 0 {
				t.Errorf("the gap counts as delivered: %q", before)
			}
		})
	}
}

func TestGapIsFirst(t *testing.T) {
	server := serve(t, hold(gap("10")))
	id := "3"
	_, err := server.client().StreamEvents(t.Context(), session, &id)
	wantGap(t, err, "3", "10")
}

func TestContinueOnGap(t *testing.T) {
	var told []*client.GapError
	server := serve(t, send(connected("3")+gap("10")), send(connected("10")+content("11", "a")), over)
	s := server.stream("3", client.ContinueOnGap(), client.WithHooks(client.Hooks{Gap: func(e *client.GapError) { told = append(told, e) }}))
	next(t, s)
	e, ok := next(t, s).Data.(*gen.ErrorData)
	if !ok || e.Type == nil || *e.Type != "replay_gap" {
		t.Errorf("the gap as an event: %+v", e)
	}
	wantNames(t, s, "connected 10", "content 11")
	if s.Err() != nil || len(told) != 1 {
		t.Errorf("error %v, told %v", s.Err(), told)
	}
	wantGap(t, told[0], "3", "10")
	wantIDs(t, server, "3", "10", "11")
}

func TestErrorEventIsNoGap(t *testing.T) {
	server := serve(t, send(connected("1")+block("error", "2", `{"error":"model overloaded","type":"overloaded"}`)+block("error", "3", `{"error":"x"}`)), over)
	s := server.stream("")
	wantNames(t, s, "connected 1", "error 2", "error 3")
	if s.Err() != nil {
		t.Error(s.Err())
	}
}

// A server that goes on at another position than the client asked for has a gap, even if it
// does not say so: some servers ignore Last-Event-ID, and some proxies drop it.
func TestGapUntold(t *testing.T) {
	gapIn := func(s *mix.Stream, requested, resumeFrom string) {
		t.Helper()
		var e *client.GapError
		if !errors.As(s.Err(), &e) || e.Requested != requested || e.ResumeFrom != resumeFrom {
			t.Errorf("error: %v, want a gap from %q to %q", s.Err(), requested, resumeFrom)
		}
	}
	server := serve(t, send(connected("3")+content("4", "a")), hold(connected("9")+content("10", "b")))
	s := server.stream("3")
	wantNames(t, s, "connected 3", "content 4")
	gapIn(s, "4", "9")

	id := "3"
	if _, err := serve(t, hold(connected("9"))).client().StreamEvents(t.Context(), session, &id); !errors.As(err, new(*client.GapError)) {
		t.Errorf("at first: %v", err)
	}

	gaps := 0
	s = serve(t, send(connected("3")+content("4", "a")), send(connected("9")), over).stream("3", client.ContinueOnGap(), client.WithHooks(client.Hooks{Gap: func(*client.GapError) { gaps++ }}))
	wantNames(t, s, "connected 3", "content 4", "connected 9")
	if s.Err() != nil || gaps != 1 {
		t.Errorf("error %v, %d gaps", s.Err(), gaps)
	}

	noIDs := "event: content\ndata: {\"content\":\"a\",\"type\":\"content\"}\n\n"
	s = serve(t, send(noIDs), hold(noIDs)).stream("")
	wantNames(t, s, "content ")
	gapIn(s, "", "")

	// No event has come yet, and the client asks for all.
	wantNames(t, serve(t, send("data: unfinished"), send(connected("5")), over).stream(""), "connected 5")
	wantNames(t, serve(t, send(connected("5")), over).stream("0"), "connected 5")
}

// An event that the caller's own decoding refuses hides no gap.
func TestGapUndecoded(t *testing.T) {
	nothing := client.WithJSON(func([]byte, any) error { return errors.New("refused") })
	s := serve(t, send(connected("3")+content("4", "a")), hold(connected("4")+gap("10"))).stream("3", nothing)
	wantNames(t, s, "connected 3", "content 4", "connected 4")
	wantGap(t, s.Err(), "4", "10")

	s = serve(t, send(connected("3")+content("4", "a")), hold(connected("9"))).stream("3", nothing)
	wantNames(t, s, "connected 3", "content 4")
	if !errors.As(s.Err(), new(*client.GapError)) {
		t.Errorf("elsewhere: %v", s.Err())
	}
}

// The client tells a gap that connected has shown, even if nothing more comes.
func TestGapThenNothingMore(t *testing.T) {
	s := serve(t, send(connected("1")), over).stream("5000")
	var gap *client.GapError
	if got := names(s); !errors.As(s.Err(), &gap) || gap.Requested != "5000" {
		t.Errorf("got %s, error %v", got, s.Err())
	}
	var told *client.GapError
	s = serve(t, send(connected("1")), over).stream("5000", client.ContinueOnGap(), client.WithHooks(client.Hooks{Gap: func(g *client.GapError) { told = g }}))
	if names(s); s.Err() != nil || told == nil {
		t.Errorf("error %v, told %v", s.Err(), told)
	}
}

// The client knows a gap event by its type alone.
func TestGapOfOtherShape(t *testing.T) {
	s := serve(t, send(connected("5")+block("error", "100", `{"error":{"code":1},"type":"replay_gap"}`)+content("101", "x"))).stream("5")
	var gap *client.GapError
	if got := names(s); !errors.As(s.Err(), &gap) || gap.ResumeFrom != "100" {
		t.Errorf("got %s, error %v", got, s.Err())
	}
}
