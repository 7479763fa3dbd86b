package client_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/streamtest"
)

// resumable returns createAnswer with a contract that resumes it by GET.
func resumable(params ...contract.ResumeParam) contract.Operation[answerParams, answerEvent] {
	op := createAnswer
	op.End = contract.End{Events: []string{"done"}}
	op.Resume = &contract.Resume{Operation: "getAnswer", Method: http.MethodGet, Path: "/answers/{id}", Params: params}
	return op
}

var (
	answerID   = contract.ResumeParam{In: "path", Name: "id", From: "$event.data#/answer/id"}
	startAfter = contract.ResumeParam{In: "query", Name: "starting_after", From: "$event.data#/sequence"}
	streamTrue = contract.ResumeParam{In: "query", Name: "stream", From: "true"}
)

const created = "data: {\"type\":\"created\",\"sequence\":0,\"answer\":{\"id\":\"a/1 ü\"}}\n\n"

// targets returns the method, the escaped path and the query of each request so far.
func (s *fakeServer) targets() []string {
	var all []string
	for _, r := range s.Requests() {
		all = append(all, strings.TrimSuffix(r.Method+" "+r.URL.EscapedPath()+"?"+r.URL.RawQuery, "?"))
	}
	return all
}

func wantTargets(t *testing.T, s *fakeServer, want ...string) {
	t.Helper()
	if got := s.targets(); !slices.Equal(got, want) {
		t.Errorf("asked\n%q, want\n%q", got, want)
	}
}

// A GET resumes an answer that a POST began, with values from its data, over any number of
// failures. Every attempt has the headers and passes the editors.
func TestResumeByContract(t *testing.T) {
	op := resumable(answerID, startAfter, streamTrue)
	server := serve(t, cut(created+delta(1)), streamtest.Script{streamtest.Cut()}, answer(503, "", ""),
		cut(delta(2)+delta(9007199254740993)), stream(""), quiet(done))
	edited := 0
	s := openOf(t, server, op, answerParams{Prompt: "hi"}, client.WithHeader("X-A", "1"), client.WithRequestEditor(func(_ context.Context, r *http.Request) error {
		edited++
		r.Header.Set("Authorization", "Bearer x")
		return nil
	}))
	wantEnd(t, s, "created ", "delta ", "delta ", "delta ", "done ")
	const get = "GET /answers/a%2F1%20%C3%BC?starting_after="
	wantTargets(t, server, "POST /answers", get+"1&stream=true", get+"1&stream=true", get+"1&stream=true", get+"9007199254740993&stream=true", get+"9007199254740993&stream=true")
	for i, r := range server.Requests() {
		h := r.Header
		if h.Get("X-A") != "1" || h.Get("Authorization") != "Bearer x" || h.Get("Accept") != "text/event-stream" || h.Get("Last-Event-ID") != "" || i > 0 && (h.Get("Content-Type") != "" || r.ContentLength > 0) {
			t.Errorf("request %d has %v", i, h)
		}
	}
	if edited != 6 {
		t.Errorf("%d edits", edited)
	}
}

// The base URL keeps its path, and ids go along as Last-Event-ID.
func TestResumeBelowBase(t *testing.T) {
	op := resumable(contract.ResumeParam{In: "path", Name: "id", From: "x.y"}, contract.ResumeParam{In: "header", Name: "X-After", From: "$event.id"},
		contract.ResumeParam{In: "cookie", Name: "at", From: "$event.data#/sequence"})
	server := serve(t, cut("id: e1\n"+delta(1)), quiet("id: e2\n"+delta(2)+done))
	c, err := client.New(op, server.URL+"/v2%2F/", quick(nil)...)
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.Open(t.Context(), answerParams{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	wantEnd(t, s, "delta e1", "delta e2", "done e2")
	r := server.Requests()[1]
	if r.URL.EscapedPath() != "/v2%2F/answers/x.y" || r.Header.Get("X-After") != "e1" || r.Header.Get("Last-Event-ID") != "e1" || r.Header.Get("Cookie") != "at=1" {
		t.Errorf("%s with %v", r.URL, r.Header)
	}
}

// A safe operation resumes itself: its request is made anew, and the parameters of Resume
// replace some of it.
func TestResumeItself(t *testing.T) {
	op := orderEvents
	op.Resume = &contract.Resume{Operation: op.ID, Params: []contract.ResumeParam{
		{In: "query", Name: "since", From: "$event.data#/Total"}, {In: "query", Name: "kind", From: "z"}, {In: "header", Name: "X-Tenant", From: "other"},
	}}
	server := serve(t, cut(placed("")), over)
	wantEnd(t, openOf(t, server, op, orderParams{Order: "a/b", Kinds: []string{"x", "y"}, Tenant: "acme"}), "placed ")
	wantTargets(t, server, "GET /orders/a%2Fb/events?kind=x&kind=y", "GET /orders/a%2Fb/events?since=5&kind=z")
	if got := server.Requests()[1].Header.Values("X-Tenant"); !slices.Equal(got, []string{"other"}) {
		t.Errorf("X-Tenant: %q", got)
	}

	// A parameter of the path is replaced as well.
	op.Resume = &contract.Resume{Params: []contract.ResumeParam{{In: "path", Name: "orderId", From: "$event.data#/Total"}, {In: "query", Name: "since", From: "$event.data#/Total"}}}
	server = serve(t, cut(placed("")), over)
	wantEnd(t, openOf(t, server, op, orderParams{Order: "a/b"}), "placed ")
	wantTargets(t, server, "GET /orders/a%2Fb/events", "GET /orders/5/events?since=5")
}

// A parameter in the path of the first request is carried over.
func TestResumeCarriesPath(t *testing.T) {
	op := orderEvents
	op.Resume = &contract.Resume{Operation: "later", Method: http.MethodGet, Path: "/later/{order}.json", Params: []contract.ResumeParam{
		{In: "path", Name: "order", From: "$request.path.orderId"}, {In: "query", Name: "since", From: "$event.id"},
	}}
	server := serve(t, cut(placed("7")), over)
	wantEnd(t, openOf(t, server, op, orderParams{Order: "a/b%"}), "placed 7")
	wantTargets(t, server, "GET /orders/a%2Fb%25/events", "GET /later/a%2Fb%25.json?since=7")
}

// A safe request that was cut before its first event is made again.
func TestResumeBeforeFirstEvent(t *testing.T) {
	op := orderEvents
	op.Resume = &contract.Resume{Params: []contract.ResumeParam{{In: "query", Name: "since", From: "$event.data#/Total"}}}
	server := serve(t, cut("", at("4")...), cut(placed(""), at("4")...), over)
	wantEnd(t, openOf(t, server, op, orderParams{Order: "7"}), "placed 4")
	wantTargets(t, server, "GET /orders/7/events", "GET /orders/7/events", "GET /orders/7/events?since=5")
}

// A stream is not resumed without a value, and the error names the value.
func TestNotResumableByContract(t *testing.T) {
	big := "data: {\"type\":\"delta\",\"sequence\":2,\"text\":\"" + strings.Repeat("x", 2000) + "\"}\n\n"
	small := client.WithMaxEventSize(1000)

	for name, test := range map[string]struct {
		op     contract.Operation[answerParams, answerEvent]
		script streamtest.Script
		why    string
	}{
		"before the first event": {resumable(answerID, startAfter), cut(":\n"), "no event had a value at $event.data#/answer/id, from which the parameter id is made"},
		"a position alone":       {resumable(answerID, startAfter), cut("", at("9")...), "no event had a value at $event.data#/answer/id"},
		"no id of the answer":    {resumable(answerID, startAfter), cut(delta(1)), "no event had a value at $event.data#/answer/id"},
		"null":                   {resumable(answerID, startAfter), cut("data: {\"answer\":{\"id\":null},\"sequence\":1}\n\n"), "no event had a value at $event.data#/answer/id"},
		"no position":            {resumable(answerID, startAfter), cut("data: {\"answer\":{\"id\":\"a\"}}\n\n"), "no event had a value at $event.data#/sequence, from which the parameter starting_after is made"},
		"no event id":            {resumable(answerID, afterID), cut(created), "no event had an id, from which the parameter after is made"},
		"nothing but a name":     {resumable(answerID, streamTrue), cut(created), "the events had no id to resume after, and no parameter of the request that resumes says where"},
		"too large":              {resumable(answerID, startAfter), cut(created + delta(1) + big), "the last event was too large to be read, and the parameter starting_after is made from its value at $event.data#/sequence"},
		"no answer":              {resumable(answerID, startAfter), streamtest.Script{streamtest.Cut()}, "the server may have done"},
	} {
		t.Run(name, func(t *testing.T) {
			server := serve(t, test.script, quiet(done))
			c, err := client.New(test.op, server.URL, quick(nil)...)
			if err != nil {
				t.Fatal(err)
			}
			s, err := c.Open(t.Context(), answerParams{}, small, client.ContinueOnGap())
			if err == nil {
				defer s.Close()
				read(s)
				err = s.Err()
			}
			if !errors.Is(err, client.ErrNotResumable) || !strings.Contains(err.Error(), test.why) {
				t.Errorf("error: %v\nwant %s", err, test.why)
			}
			if server.Connections() != 1 {
				t.Errorf("%d connections", server.Connections())
			}
		})
	}
}

// A stream stays resumable after an event that was too large, and after events that do not
// repeat a value.
func TestResumeBehindLargeEvent(t *testing.T) {
	big := "data: {\"type\":\"delta\",\"sequence\":2,\"text\":\"" + strings.Repeat("x", 2000) + "\"}\n\n"
	server := serve(t, cut(created+delta(1)+big+delta(3)), quiet(done))
	wantEnd(t, openOf(t, server, resumable(answerID, startAfter), answerParams{}, client.WithMaxEventSize(1000)), "created ", "delta ", " ", "delta ", "done ")
	wantTargets(t, server, "POST /answers", "GET /answers/a%2F1%20%C3%BC?starting_after=3")
}

// A request without a position in its parameters resumes by Last-Event-ID.
func TestResumeByIDElsewhere(t *testing.T) {
	server := serve(t, cut("id: 4\n"+created), quiet("id: 5\n"+done))
	wantEnd(t, openOf(t, server, resumable(answerID), answerParams{}), "created 4", "done 5")
	wantIDs(t, server, "-", "4")
}

// The gaps of a stream that resumes by the contract are those of any other.
func TestGapBehindResume(t *testing.T) {
	var gap *client.GapError
	server := serve(t, cut("id: 4\n"+created), quiet("id: 9\n"+done, at("8")...))
	s := openOf(t, server, resumable(answerID, startAfter), answerParams{})
	if wantRead(t, s, "created 4"); !errors.As(s.Err(), &gap) || gap.Requested != "4" || gap.ResumeFrom != "8" {
		t.Errorf("elsewhere: %v", s.Err())
	}
	server = serve(t, cut("id: 4\n"+created), answer(410, "application/problem+json", trimmed, at("8")...))
	s = openOf(t, server, resumable(answerID, startAfter), answerParams{}, client.ContinueOnGap())
	if wantRead(t, s, "created 4"); !errors.As(s.Err(), &gap) || gap.ResumeFrom != "8" {
		t.Errorf("gone: %v", s.Err())
	}
	server = serve(t, cut(created), answer(404, "", ""))
	s = openOf(t, server, resumable(answerID, startAfter), answerParams{})
	var api *client.APIError
	if wantRead(t, s, "created "); !errors.As(s.Err(), &api) || api.StatusCode != http.StatusNotFound {
		t.Errorf("not found: %v", s.Err())
	}
	server = serve(t, cut(created), over)
	wantEnd(t, openOf(t, server, resumable(answerID, startAfter), answerParams{}), "created ")
}

// A value that its place cannot hold ends the stream, without another request.
func TestIllegalResumeValue(t *testing.T) {
	header := contract.ResumeParam{In: "header", Name: "X-ID", From: "$event.data#/answer/id"}
	cookie := contract.ResumeParam{In: "cookie", Name: "id", From: "$event.data#/answer/id"}
	constant := contract.ResumeParam{In: "path", Name: "id", From: "x"}
	for value, op := range map[string]contract.Operation[answerParams, answerEvent]{
		"..":    resumable(answerID, startAfter),
		"":      resumable(answerID, startAfter),
		`a\nb`:  resumable(constant, header, startAfter),
		"a;b=c": resumable(constant, cookie, startAfter),
	} {
		server := serve(t, cut("data: {\"sequence\":1,\"answer\":{\"id\":\""+value+"\"}}\n\n"), quiet(done))
		s := openOf(t, server, op, answerParams{})
		if wantRead(t, s, " "); s.Err() == nil || !strings.Contains(s.Err().Error(), "it cannot be") || server.Connections() != 1 {
			t.Errorf("%q: %v, %d connections", value, s.Err(), server.Connections())
		}
	}
}

// New refuses a descriptor whose Resume cannot be right.
func TestWrongResume(t *testing.T) {
	for want, params := range map[string][]contract.ResumeParam{
		`malformed expression "$event.it"`:              {{In: "path", Name: "id", From: "$event.it"}},
		"the path of the operation has no parameter x":  {{In: "path", Name: "id", From: "$request.path.x"}},
		"the path has no such parameter":                {answerID, {In: "path", Name: "other", From: "x"}},
		`there are no parameters in "body"`:             {answerID, {In: "body", Name: "x", From: "x"}},
		`its parameter "id", in the path, has no value`: {startAfter},
	} {
		if _, err := client.New(resumable(params...), "http://host"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// Read ignores the Resume of the contract.
func TestReadIgnoresResume(t *testing.T) {
	server := serve(t, cut(delta(1)), quiet(done))
	s := client.Read(t.Context(), resumable(answerID, startAfter), server.ask, quick(nil)...)
	defer s.Close()
	wantEnd(t, s, "delta ", "done ")
	wantAsked(t, server, "POST", "GET after=1")
}

func TestScalarAt(t *testing.T) {
	const data = ` { "a" : [ 1 , {"b/c":"x\n"}, [true] ] , "n": 9007199254740993 , "z":null, "":"e", "q":"", "f":-1.5e3 } `
	for pointer, want := range map[string]string{
		"a 0": "1", "a 1 b/c": "x\n", "a 2 0": "true", "n": "9007199254740993", "": "e", "q": "", "f": "-1.5e3",
		"a": "-", "a 1": "-", "a 3": "-", "a 01": "-", "a -": "-", "z": "-", "n x": "-", "y": "-", "a 1 b/c x": "-",
	} {
		got := "-"
		if text, ok := client.ScalarAt([]byte(data), strings.Split(pointer, " "), "1"); ok {
			got = text
		}
		if got != want {
			t.Errorf("%q: %q, want %q", pointer, got, want)
		}
	}
	for data, want := range map[string]string{`"x"`: "x", "7": "7", "false": "false", "nonsense": "-", "{}": "-", "": "-", "null": "-", `"x" 1`: "-"} {
		got := "-"
		if text, ok := client.ScalarAt([]byte(" "+data+"\n"), nil, "7"); ok {
			got = text
		}
		if got != want {
			t.Errorf("%s: %q, want %q", data, got, want)
		}
	}
}
