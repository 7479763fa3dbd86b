package client_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/client"
)

const problemType = "application/problem+json"

// The text of an error has the title and the detail of a problem (RFC 9457).
func TestProblem(t *testing.T) {
	for name, test := range map[string]struct{ contentType, body, says string }{
		"all of it":           {problemType, `{"type":"https://x","title":"Out of credit","detail":"30 are missing"}`, "404 Not Found: Out of credit: 30 are missing"},
		"a parameter":         {problemType + "; charset=utf-8", `{"detail":"no order 7"}`, "404 Not Found: no order 7"},
		"the status's title":  {problemType, `{"title":"not found","detail":"no order 7"}`, "404 Not Found: no order 7"},
		"a title alone":       {problemType, `{"title":"No such order"}`, "404 Not Found: No such order"},
		"members of no type":  {problemType, `{"title":7,"detail":{}}`, "404 Not Found"},
		"nothing":             {problemType, `{}`, "404 Not Found"},
		"no JSON":             {problemType, `{"title":`, "404 Not Found"},
		"another media type":  {"application/json", `{"title":"x"}`, "404 Not Found"},
		"a detail of 2,000 x": {problemType, `{"detail":"` + strings.Repeat("x", 2000) + `"}`, "x… (2000 bytes)"},
	} {
		_, err := serve(t, answer(404, test.contentType, test.body)).orders()
		if err == nil || !strings.HasSuffix(err.Error(), test.says) || len(err.Error()) > 900 {
			t.Errorf("%s: %v, want %q", name, err, test.says)
		}
	}
}

func TestDecodeBody(t *testing.T) {
	var body struct{ Detail string }
	for contentType, want := range map[string]string{"application/json": "", "application/vnd.x+json; a=b": "", "text/html": "not JSON", "": "not JSON"} {
		err := (&client.APIError{Header: http.Header{"Content-Type": {contentType}}, Body: []byte(`{"detail":"d"}`)}).Decode(&body)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", contentType, err)
		}
	}
	if body.Detail != "d" {
		t.Errorf("body %+v", body)
	}
	if err := (&client.APIError{Header: http.Header{"Content-Type": {problemType}}, Body: []byte(`{`)}).Decode(&body); err == nil {
		t.Error("half a body was decoded")
	}
}

// creditError is an error of another spec.
type creditError struct {
	answer *client.APIError
	Needed int
}

func (e *creditError) Error() string { return "out of credit" }
func (e *creditError) Unwrap() error { return e.answer }

// errors.As finds the error of a spec through every wrapper, and the answer with it.
func TestWithErrors(t *testing.T) {
	typed := client.WithErrors(func(e *client.APIError) error {
		body := creditError{answer: e}
		if e.StatusCode != http.StatusPaymentRequired || e.Decode(&body) != nil {
			return nil
		}
		return &body
	})
	refusing := answer(402, "application/json", `{"needed":30}`)
	want := func(name string, err error) {
		t.Helper()
		var credit *creditError
		var api *client.APIError
		if !errors.As(err, &credit) || credit.Needed != 30 || !errors.As(err, &api) || api.StatusCode != 402 || api.Err != error(credit) {
			t.Errorf("%s: %v", name, err)
		}
		// The error wraps its answer, which must not make a circle of the two.
		if errors.Is(err, client.ErrClosed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := serve(t, refusing).orders(typed)
	want("at first", err)
	s := opened[orderEvent](t)(serve(t, stream(placed("1")), refusing).orders(typed))
	wantRead(t, s, "placed 1")
	want("later", s.Err())
	_, err = serve(t, refusing).answers(typed)
	want("of a POST", err)

	if _, err = serve(t, answer(404, "", "")).orders(typed); !errors.As(err, new(*client.APIError)) || errors.As(err, new(*creditError)) {
		t.Errorf("none of the spec's: %v", err)
	}
	own := errors.New("the caller's own")
	_, err = serve(t, refusing).orders(client.WithErrors(func(*client.APIError) error { return own }))
	if !errors.Is(err, own) || !errors.As(err, new(*client.APIError)) || !strings.HasSuffix(err.Error(), "answered 402 Payment Required: the caller's own") {
		t.Errorf("an error that does not wrap the answer: %v", err)
	}
	if _, err = serve(t, refusing).orders(typed, client.WithErrors(nil)); errors.As(err, new(*creditError)) || !errors.As(err, new(*client.APIError)) {
		t.Errorf("nil: %v", err)
	}
}
