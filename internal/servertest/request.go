package servertest

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/mixstream/mixstream/gen"
)

// StreamURL returns the URL of the stream of a session.
func StreamURL(ts *httptest.Server, session string) string {
	return ts.URL + "/stream?sessionId=" + url.QueryEscape(session)
}

// Get sends a GET request with a Last-Event-ID header for each id. The request ends after
// [Patience].
func Get(t testing.TB, ts *httptest.Server, target string, lastEventIDs ...string) *http.Response {
	t.Helper()
	res := Must(Try(t, ts, target, lastEventIDs...))(t)
	return res
}

// Try is get for a request that may fail.
func Try(t testing.TB, ts *httptest.Server, target string, lastEventIDs ...string) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, err
	}
	for _, id := range lastEventIDs {
		req.Header.Add("Last-Event-ID", id)
	}
	res, err := ts.Client().Do(req)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { res.Body.Close() })
	return res, nil
}

// WantError expects an ErrorResponse of our own spec, and returns its message.
func WantError(t testing.TB, res *http.Response, code int, kind gen.RESTErrorType) string {
	t.Helper()
	body := Must(io.ReadAll(res.Body))(t)
	if res.StatusCode != code || res.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("%s, %s: %s; want %d", res.Status, res.Header.Get("Content-Type"), body, code)
	}
	var e gen.ErrorResponse
	if err := json.Unmarshal(body, &e); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	if e.Error.Code != code || e.Error.Type != kind || e.Error.Message == "" {
		t.Errorf("body %s, want code %d and type %s", body, code, kind)
	}
	return e.Error.Message
}
