package mix

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/server"
)

// The spec of this repository has only the operations of /stream, so the parts that serve an
// added operation are tested one by one.

func TestFailureOfAddedOperation(t *testing.T) {
	s, err := NewServer()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		err  error
		want string
	}{
		{&contract.NotImplementedError{Operation: "listSessions"}, `501 {"error":{"code":501,"message":"operation listSessions is not implemented","type":"internal_error"}}`},
		{fmt.Errorf("not you: %w", server.ErrForbidden), `403 {"error":{"code":403,"message":"no access to this session","type":"forbidden"}}`},
		{errors.New("a secret"), `500 {"error":{"code":500,"message":"internal error","type":"internal_error"}}`},
	} {
		rec := httptest.NewRecorder()
		s.fail(rec, httptest.NewRequest(http.MethodGet, "/sessions", nil), test.err)
		wantAnswer(t, rec, test.want)
	}
}

func TestRequestOfAddedOperation(t *testing.T) {
	for _, test := range []struct {
		err  error
		want string
	}{
		{&gen.RequiredParamError{ParamName: "limit"}, `400 {"error":{"code":400,"message":"query parameter limit is required","type":"bad_request"}}`},
		{&gen.InvalidParamFormatError{ParamName: "limit", Err: errors.New("no number")}, `400 {"error":{"code":400,"message":"parameter limit: no number","type":"bad_request"}}`},
		{errors.New("other"), `400 {"error":{"code":400,"message":"other","type":"bad_request"}}`},
	} {
		rec := httptest.NewRecorder()
		refuseRequest(rec, httptest.NewRequest(http.MethodGet, "/sessions", nil), test.err)
		wantAnswer(t, rec, test.want)
	}
}

// A resource refuses a method that it does not have, such as HEAD. It closes a connection
// whose body stays unread.
func TestMethodOfAddedOperation(t *testing.T) {
	res := resource{
		http.MethodGet:  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) },
		http.MethodPost: func(http.ResponseWriter, *http.Request) {},
	}
	rec := httptest.NewRecorder()
	if res.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/", nil)); rec.Code != http.StatusTeapot {
		t.Errorf("GET: %d", rec.Code)
	}
	for _, method := range []string{http.MethodHead, http.MethodPut} {
		rec = httptest.NewRecorder()
		res.ServeHTTP(rec, httptest.NewRequest(method, "/", strings.NewReader("body")))
		wantAnswer(t, rec, `405 {"error":{"code":405,"message":"method `+method+` is not allowed here","type":"bad_request"}}`)
		if rec.Header().Get("Allow") != "GET, POST" || rec.Header().Get("Connection") != "close" {
			t.Errorf("%s: %v", method, rec.Header())
		}
	}
}

func wantAnswer(t *testing.T, rec *httptest.ResponseRecorder, want string) {
	t.Helper()
	if got := fmt.Sprint(rec.Code, " ", strings.TrimSpace(rec.Body.String())); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
