package client_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/streamtest"
)

var afterID = contract.ResumeParam{In: "query", Name: "after", From: "$event.id"}

// A position that no event has told says nothing about the events after it. The request that
// resumes must not name it again, or they would come twice.
func TestResumeWithoutStalePosition(t *testing.T) {
	for name, opts := range map[string][]client.Option{"of the caller": {client.After("7")}, "of the answer": nil} {
		t.Run(name, func(t *testing.T) {
			server := serve(t, cut(created+delta(1), at("7")...), quiet(delta(2)+done))
			s := openOf(t, server, resumable(answerID, startAfter), answerParams{}, opts...)
			wantEnd(t, s, "created 7", "delta 7", "delta ", "done ")
			if got := server.Requests()[1].Header.Values("Last-Event-ID"); got != nil {
				t.Errorf("Last-Event-ID: %q", got)
			}

			server = serve(t, cut(created+delta(1), at("7")...), quiet(done))
			s = openOf(t, server, resumable(answerID, afterID), answerParams{}, opts...)
			if wantRead(t, s, "created 7", "delta 7"); !errors.Is(s.Err(), client.ErrNotResumable) || server.Connections() != 1 {
				t.Errorf("error: %v, %d connections", s.Err(), server.Connections())
			}
		})
	}
	// Before the first event, the position holds.
	server := serve(t, cut("", at("7")...), quiet(done))
	s := openOf(t, server, resumable(contract.ResumeParam{In: "path", Name: "id", From: "a"}, afterID), answerParams{})
	wantEnd(t, s, "done 7")
	wantTargets(t, server, "POST /answers", "GET /answers/a?after=7")
}

// A request that is not safe was cut before its first event, and nothing says where to go on:
// the one that resumes it could begin at any position.
func TestNothingToResumeAfter(t *testing.T) {
	constant := contract.ResumeParam{In: "path", Name: "id", From: "a"}
	server := serve(t, cut(":\n"), quiet(done))
	s := openOf(t, server, resumable(constant), answerParams{})
	if wantRead(t, s); !errors.Is(s.Err(), client.ErrNotResumable) || server.Connections() != 1 {
		t.Errorf("error: %v, %d connections", s.Err(), server.Connections())
	}
	server = serve(t, cut(":\n", at("3")...), quiet(done))
	wantEnd(t, openOf(t, server, resumable(constant), answerParams{}), "done 3")
	wantIDs(t, server, "-", "3")
}

// The position of an event that is too large is not known, also if the one before had none.
func TestResumeBehindLargeEventWithoutPosition(t *testing.T) {
	big := "data: {\"type\":\"delta\",\"sequence\":2,\"text\":\"" + strings.Repeat("x", 2000) + "\"}\n\n"
	server := serve(t, cut(created+delta(1)+"event: ping\ndata: {}\n\n"+big), quiet(done))
	s := openOf(t, server, resumable(answerID, startAfter), answerParams{}, client.WithMaxEventSize(1000))
	wantRead(t, s, "created ", "delta ", "ping ", " ")
	if !errors.Is(s.Err(), client.ErrNotResumable) || server.Connections() != 1 {
		t.Errorf("error: %v, %d connections", s.Err(), server.Connections())
	}
}

// Events get ahead by the value that says where to go on, as others do by their ids.
func TestProgressWithoutIDs(t *testing.T) {
	scripts := []streamtest.Script{cut(created)}
	want := []string{"created "}
	for n := range int64(4) {
		scripts, want = append(scripts, cut(delta(n+1))), append(want, "delta ")
	}
	few := client.WithRetryPolicy(client.RetryPolicy{InitialInterval: 1, MaxAttempts: 2})
	server := serve(t, append(scripts, quiet(done))...)
	wantEnd(t, openOf(t, server, resumable(answerID, startAfter), answerParams{}, few), append(want, "done ")...)

	// Repetitions of the same event are no progress.
	server = serve(t, cut(created+delta(1)), cut(delta(1)), cut(delta(1)), cut(delta(1)))
	s := openOf(t, server, resumable(answerID, startAfter), answerParams{}, few)
	if wantRead(t, s, "created ", "delta ", "delta ", "delta "); !errors.Is(s.Err(), client.ErrGaveUp) {
		t.Errorf("error: %v", s.Err())
	}
}

// A request that is repeated must be safe, and its path must not become part of the host.
func TestWrongResumeRequest(t *testing.T) {
	for want, change := range map[string]func(*contract.Operation[answerParams, answerEvent]){
		"its method is POST": func(op *contract.Operation[answerParams, answerEvent]) { op.Resume.Method = http.MethodPost },
		"whose method is POST": func(op *contract.Operation[answerParams, answerEvent]) {
			op.Resume = &contract.Resume{Params: []contract.ResumeParam{afterID}}
		},
		`its path "{id}" must begin`: func(op *contract.Operation[answerParams, answerEvent]) { op.Resume.Path = "{id}" },
	} {
		op := resumable(answerID, startAfter)
		change(&op)
		if _, err := client.New(op, "http://host"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// A path that several values of its parameters make does not tell the values.
func TestAmbiguousPath(t *testing.T) {
	op := orderEvents
	op.Path = "/orders/{tenant}-{orderId}/events"
	op.Resume = &contract.Resume{Operation: "later", Method: http.MethodGet, Path: "/tenants/{tenant}/orders/{orderId}", Params: []contract.ResumeParam{
		{In: "path", Name: "tenant", From: "$request.path.tenant"}, {In: "path", Name: "orderId", From: "$request.path.orderId"}, afterID,
	}}
	server := serve(t, cut(placed("1")), over)
	wantEnd(t, openOf(t, server, op, orderParams{Order: "a-7"}), "placed 1")
	wantTargets(t, server, "GET /orders/a-7/events", "GET /tenants/a/orders/7?after=1")

	server = serve(t, cut(placed("1")), over)
	s := openOf(t, server, op, orderParams{Order: "a-b-7"})
	if wantRead(t, s, "placed 1"); !errors.Is(s.Err(), client.ErrNotResumable) || server.Connections() != 1 {
		t.Errorf("error: %v, %d connections", s.Err(), server.Connections())
	}
}

// A redirect to another origin does not get a parameter that is a header. A position in such a
// header must not get lost.
func TestPositionThroughRedirect(t *testing.T) {
	for _, in := range []string{"header", "cookie"} {
		op := resumable(contract.ResumeParam{In: "path", Name: "id", From: "a"}, contract.ResumeParam{In: in, Name: "X-After", From: "$event.data#/sequence"})
		other := serve(t, quiet(done))
		server := serve(t, cut(delta(1)), answer(307, "", "", "Location", other.URL+"/answers/a"))
		s := openOf(t, server, op, answerParams{})
		var api *client.APIError
		if wantRead(t, s, "delta "); !errors.As(s.Err(), &api) || api.StatusCode != 307 || !strings.Contains(s.Err().Error(), "X-After") || other.Connections() > 0 {
			t.Errorf("%s: %v, %d connections", in, s.Err(), other.Connections())
		}
		server = serve(t, cut(delta(1)), answer(307, "", "", "Location", "/elsewhere"), quiet(done))
		wantEnd(t, openOf(t, server, op, answerParams{}), "delta ", "done ")
		if r := server.Requests()[2]; r.Header.Get("X-After") != "1" && r.Header.Get("Cookie") != "X-After=1" {
			t.Errorf("%s: %v", in, r.Header)
		}
	}
	// Another parameter and Last-Event-ID do not stop it.
	op := resumable(contract.ResumeParam{In: "path", Name: "id", From: "a"}, contract.ResumeParam{In: "header", Name: "X-Try", From: "2"})
	other := serve(t, quiet(done))
	server := serve(t, cut("id: 4\n"+delta(1)), answer(307, "", "", "Location", other.URL+"/answers/a"))
	wantEnd(t, openOf(t, server, op, answerParams{}), "delta 4", "done 4")
	wantIDs(t, other, "4")
}

// A request editor may read the body of each request, such as to sign it, even if the request
// has none.
func TestEditorReadsBody(t *testing.T) {
	server := serve(t, cut(created+delta(1)), quiet(done))
	var bodies []string
	s := openOf(t, server, resumable(answerID, startAfter), answerParams{Prompt: "hi"}, client.WithRequestEditor(func(_ context.Context, r *http.Request) error {
		body, err := io.ReadAll(r.Body)
		bodies = append(bodies, string(body))
		if len(body) > 0 {
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		return err
	}))
	wantEnd(t, s, "created ", "delta ", "done ")
	if r := server.Requests()[1]; !slices.Equal(bodies, []string{`{"prompt":"hi","stream":false}`, ""}) || r.ContentLength != 0 || r.TransferEncoding != nil {
		t.Errorf("%q; %d, %q", bodies, r.ContentLength, r.TransferEncoding)
	}
}
