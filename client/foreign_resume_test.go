package client_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/streamtest"
)

// stream answers with an event stream, the header, and the text, and ends it.
func stream(text string, header ...string) streamtest.Script {
	return streamtest.Script{streamtest.Open(header...), streamtest.Send(text)}
}

// cut is stream, cut in the middle of the body.
func cut(text string, header ...string) streamtest.Script {
	return append(stream(text, header...), streamtest.Cut())
}

// quiet is stream that stays open.
func quiet(text string, header ...string) streamtest.Script {
	return append(stream(text, header...), streamtest.Hold())
}

// Open returns at the header, without an event.
func TestForeignOpens(t *testing.T) {
	s := opened[orderEvent](t)(serve(t, streamtest.Script{streamtest.Open(at("7")...), streamtest.Hold()}).orders())
	if got := s.LastEventID(); got != "7" {
		t.Errorf("LastEventID: %q, want 7", got)
	}
}

// The position survives a cut before the first event, and any later one.
func TestForeignResumes(t *testing.T) {
	for name, test := range map[string]struct {
		opts    []client.Option
		scripts []streamtest.Script
		events  []string
		asked   []string
	}{
		"before the first event": {nil, []streamtest.Script{cut(":\n", at("7")...), cut("", at("7")...), stream(placed("8"), at("7")...), over},
			[]string{"placed 8"}, []string{"-", "7", "7", "8"}},
		"drained at once": {nil, []streamtest.Script{stream("retry: 1\n", at("7")...), stream(placed("8"), at("7")...), over},
			[]string{"placed 8"}, []string{"-", "7", "8"}},
		"after an event": {nil, []streamtest.Script{cut(placed("8") + "data: unfinis"), stream(placed("9"), at("8")...), over},
			[]string{"placed 8", "placed 9"}, []string{"-", "8", "9"}},
		"from the start": {[]client.Option{client.FromStart()}, []streamtest.Script{cut("", at("6")...), stream(placed("7"), at("6")...), over},
			[]string{"placed 7"}, []string{"0", "6", "7"}},
		"after an id, without a header": {[]client.Option{client.After("5")}, []streamtest.Script{cut(""), stream(placed("6")), over},
			[]string{"placed 6"}, []string{"5", "5", "6"}},
		"of a server that ids some": {nil, []streamtest.Script{cut(placed("8") + "event: other\ndata: x\n\n"), over},
			[]string{"placed 8", "other 8"}, []string{"-", "8"}},
		"refused before it opens": {nil, []streamtest.Script{answer(503, "", ""), {streamtest.Cut()}, stream(placed("8")), over},
			[]string{"placed 8"}, []string{"-", "-", "-", "8"}},
	} {
		t.Run(name, func(t *testing.T) {
			server := serve(t, test.scripts...)
			wantEnd(t, opened[orderEvent](t)(server.orders(test.opts...)), test.events...)
			wantIDs(t, server, test.asked...)
		})
	}
}

// A stream without a position is not resumed. It ends with an error.
func TestForeignNotResumable(t *testing.T) {
	for name, test := range map[string]struct {
		opts   []client.Option
		script streamtest.Script
		events []string
	}{
		"before the first event":         {nil, cut(":\n"), nil},
		"no ids":                         {nil, cut(placed("")), []string{"placed "}},
		"no ids, a clean end":            {nil, stream(placed("")), []string{"placed "}},
		"no ids, after one that was set": {[]client.Option{client.After("5")}, cut(placed("")), []string{"placed 5"}},
		"no ids, from the start":         {[]client.Option{client.FromStart()}, cut(placed("")), []string{"placed 0"}},
		"no ids, after a position":       {nil, cut(placed(""), at("7")...), []string{"placed 7"}},
		"an id that was taken back":      {nil, cut(placed("5") + "event: other\nid:\ndata: x\n\n"), []string{"placed 5", "other "}},
	} {
		t.Run(name, func(t *testing.T) {
			server := serve(t, test.script, over)
			s := opened[orderEvent](t)(server.orders(test.opts...))
			if wantRead(t, s, test.events...); !errors.Is(s.Err(), client.ErrNotResumable) || errors.Is(s.Err(), client.ErrGaveUp) {
				t.Errorf("error: %v", s.Err())
			}
			if s.Next() || server.Connections() != 1 {
				t.Errorf("%d connections", server.Connections())
			}
		})
	}
}

// The error wraps the cause. The end of the context and Close keep their own errors.
func TestForeignNotResumableCause(t *testing.T) {
	s := opened[orderEvent](t)(serve(t, quiet(placed(""))).orders(client.WithIdleTimeout(20 * time.Millisecond)))
	if wantRead(t, s, "placed "); !errors.Is(s.Err(), client.ErrNotResumable) || !errors.Is(s.Err(), client.ErrIdle) {
		t.Errorf("idle: %v", s.Err())
	}
	s = opened[orderEvent](t)(serve(t, quiet(placed(""))).orders())
	if !s.Next() {
		t.Fatal(s.Err())
	}
	s.Close()
	if s.Next() || !errors.Is(s.Err(), client.ErrClosed) || errors.Is(s.Err(), client.ErrNotResumable) {
		t.Errorf("closed: %v", s.Err())
	}
	s = opened[orderEvent](t)(serve(t, quiet(placed("")+":\n")).orders(client.WithHooks(client.Hooks{Comment: func([]byte) { s.Close() }})))
	if wantRead(t, s, "placed "); !errors.Is(s.Err(), client.ErrClosed) || errors.Is(s.Err(), client.ErrNotResumable) {
		t.Errorf("closed while it reads: %v", s.Err())
	}
	s = opened[orderEvent](t)(serve(t, quiet(placed(""))).orders())
	if s.Next(); s.Err() != nil {
		t.Fatal(s.Err())
	}
	if s.Reconnect(); s.Next() || !errors.Is(s.Err(), client.ErrNotResumable) {
		t.Errorf("reconnected: %v", s.Err())
	}
}

// Comments are a sign of life.
func TestForeignComments(t *testing.T) {
	const alive = 400 * time.Millisecond
	script := streamtest.Script{streamtest.Open(at("7")...), streamtest.Trickle(":\n:\n:\n:\n", alive/4), streamtest.Send(placed("8"))}
	server := serve(t, script, over)
	wantEnd(t, opened[orderEvent](t)(server.orders(client.WithIdleTimeout(alive))), "placed 8")
	wantIDs(t, server, "-", "8")
}

// ContinueOnGap goes on without ids, and the hook gets each cut.
func TestForeignContinues(t *testing.T) {
	var gaps []*client.GapError
	server := serve(t, cut(placed("")), cut(placed("")), answer(503, "", ""), stream(placed("9")), over)
	s := opened[orderEvent](t)(server.orders(client.After("5"), client.ContinueOnGap(), client.WithHooks(client.Hooks{Gap: func(g *client.GapError) { gaps = append(gaps, g) }})))
	wantEnd(t, s, "placed 5", "placed ", "placed 9")
	wantIDs(t, server, "5", "-", "-", "-", "9")
	if len(gaps) != 2 || gaps[0].Requested != "5" || gaps[1].Requested != "" || gaps[0].ResumeFrom != "" || gaps[0].Err == nil {
		t.Errorf("gaps: %v", gaps)
	}
}

const trimmed = `{"title":"Gone","status":410,"detail":"trimmed"}`

// A 410 that tells a position is a gap.
func TestForeignGap(t *testing.T) {
	gone := func(position string) streamtest.Script {
		return answer(410, "application/problem+json", trimmed, at(position)...)
	}
	wantTold := func(err error) {
		t.Helper()
		var gap *client.GapError
		var api *client.APIError
		if !errors.As(err, &gap) || gap.Requested != "5" || gap.ResumeFrom != "20" || gap.Message != "trimmed" || !errors.As(err, &api) || api.StatusCode != http.StatusGone {
			t.Errorf("error: %v", err)
		}
	}
	var told []*client.GapError
	note := client.WithHooks(client.Hooks{Gap: func(g *client.GapError) { told = append(told, g) }})
	_, err := serve(t, gone("20")).orders(client.After("5"), note)
	wantTold(err)

	server := serve(t, stream(placed("5")), gone("20"))
	s := opened[orderEvent](t)(server.orders(note))
	wantRead(t, s, "placed 5")
	wantTold(s.Err())
	wantIDs(t, server, "-", "5")

	server = serve(t, stream(placed("5")), gone("20"), gone("21"), cut("", at("21")...), stream(placed("22"), at("21")...), over)
	wantEnd(t, opened[orderEvent](t)(server.orders(client.ContinueOnGap(), note)), "placed 5", "placed 22")
	wantIDs(t, server, "-", "5", "20", "21", "21", "22")
	if len(told) != 4 || told[3].Requested != "20" || told[3].ResumeFrom != "21" {
		t.Errorf("told: %v", told)
	}

	// A 410 without a position, or with the one that was asked for, is not a gap.
	for name, script := range map[string]streamtest.Script{"none": answer(410, "", ""), "the same": gone("5")} {
		server := serve(t, script)
		_, err := server.orders(client.After("5"), client.ContinueOnGap())
		if errors.As(err, new(*client.GapError)) || !errors.As(err, new(*client.APIError)) || server.Connections() != 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A stream that goes on at another position than the client asked for has a gap.
func TestForeignGapInHeader(t *testing.T) {
	var gap *client.GapError
	_, err := serve(t, quiet(placed("31"), at("30")...)).orders(client.After("5"))
	if !errors.As(err, &gap) || gap.Requested != "5" || gap.ResumeFrom != "30" {
		t.Errorf("at first: %v", err)
	}
	s := opened[orderEvent](t)(serve(t, stream(placed("5")), quiet(placed("31"), at("30")...)).orders())
	if wantRead(t, s, "placed 5"); !errors.As(s.Err(), &gap) || gap.ResumeFrom != "30" {
		t.Errorf("later: %v", s.Err())
	}
	gaps := 0
	server := serve(t, stream(placed("5")), cut("", at("30")...), stream(placed("31"), at("30")...), over)
	s = opened[orderEvent](t)(server.orders(client.ContinueOnGap(), client.WithHooks(client.Hooks{Gap: func(*client.GapError) { gaps++ }})))
	if wantEnd(t, s, "placed 5", "placed 31"); gaps != 1 {
		t.Errorf("%d gaps", gaps)
	}
	wantIDs(t, server, "-", "5", "30", "31")
}
