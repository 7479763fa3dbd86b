package client_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/streamtest"
)

// An end that the caller names is clean, and no request follows it.
func TestUntil(t *testing.T) {
	third := client.Until(func(e *client.Event[answerEvent]) bool {
		data, ok := e.Data.(*answerDelta)
		return ok && data.Sequence == 3
	})
	never := client.Until(func(*client.Event[answerEvent]) bool { return false })
	text := delta(1) + delta(2) + delta(3) + "data: [DONE]\n\n" + done + delta(4)
	deltas := []string{"delta ", "delta ", "delta "}
	for name, test := range map[string]struct {
		opts   []client.Option
		events []string
	}{
		"data":             {[]client.Option{client.UntilData("[DONE]")}, deltas},
		"one of two":       {[]client.Option{client.UntilData("x"), client.UntilData("[DONE]")}, deltas},
		"an event":         {[]client.Option{client.UntilEvent("x", "done")}, append(deltas[:3:3], " ", "done ")},
		"a function":       {[]client.Option{third}, deltas},
		"one of functions": {[]client.Option{never, third, never}, deltas},
		"whatever is first": {[]client.Option{client.UntilEvent("done"), client.UntilEvent("delta"), client.UntilData("[DONE]"), third},
			deltas[:1]},
	} {
		t.Run(name, func(t *testing.T) {
			server := serve(t, quiet(text))
			s := opened[answerEvent](t)(server.answers(test.opts...))
			if wantEnd(t, s, test.events...); server.Connections() != 1 || s.Next() {
				t.Errorf("%d connections", server.Connections())
			}
		})
	}
}

// An event that only resembles the named end does not end the stream.
func TestUntilOtherData(t *testing.T) {
	s := opened[answerEvent](t)(serve(t, stream("data: [DONE] \n\ndata: \"[DONE]\"\n\n")).answers(client.UntilData("[DONE]")))
	if wantRead(t, s, " ", " "); !errors.Is(s.Err(), client.ErrNotResumable) || !strings.Contains(s.Err().Error(), "UntilData") {
		t.Errorf("error: %v", s.Err())
	}
	if errors.Is(s.Err(), io.EOF) {
		t.Error("a caller would take it for a clean end")
	}
}

// Any connection of a stream can bring its end.
func TestUntilLater(t *testing.T) {
	server := serve(t, cut(placed("1")), quiet(placed("2")+"data: bye\nid: 3\n\n"))
	s := opened[orderEvent](t)(server.orders(client.UntilData("bye")))
	wantEnd(t, s, "placed 1", "placed 2")
	wantIDs(t, server, "-", "1")
	if s.LastEventID() != "2" {
		t.Errorf("LastEventID: %s, which was not delivered", s.LastEventID())
	}
}

// A function for other events is an error.
func TestUntilOfOtherEvents(t *testing.T) {
	server := serve(t, over)
	_, err := server.orders(mix.UntilComplete())
	if err == nil || !strings.Contains(err.Error(), "gen.Event") || !strings.Contains(err.Error(), "orderEvent") || server.Connections() != 0 {
		t.Errorf("error: %v", err)
	}
}

// A sentinel does not hide a gap that connected has shown.
func TestUntilDataAfterGap(t *testing.T) {
	s := serve(t, streamtest.Script{streamtest.Open(), streamtest.Send(connected("1") + "data: [DONE]\n\n"), streamtest.Hold()}).stream("5000", client.UntilData("[DONE]"))
	if wantRead(t, s, "connected 1"); !errors.As(s.Err(), new(*client.GapError)) {
		t.Errorf("error: %v", s.Err())
	}
}
