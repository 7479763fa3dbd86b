package docs_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// accounts maps the digest of a token to the token's user. It contains no token, and the time
// that a lookup takes gives none away.
type accounts map[[sha256.Size]byte]string

// nameOf returns the user that makes the request; empty if its token is unknown.
func (a accounts) nameOf(r *http.Request) string {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return ""
	}
	return a[sha256.Sum256([]byte(token))]
}

func ownSession(name, sessionID string) bool { return strings.HasPrefix(sessionID, name+"/") }

func Example_securityAuthorizer() {
	users := accounts{sha256.Sum256([]byte("3f0c")): "alice", sha256.Sum256([]byte("77a1")): "bob"}
	srv, err := mix.NewServer(
		server.WithAuthorizer(func(r *http.Request, sessionID string) error {
			switch name := users.nameOf(r); { // the application's own: a cookie, a token, what a middleware found out
			case name == "":
				return server.ErrUnauthorized
			case !ownSession(name, sessionID):
				return server.ErrForbidden
			}
			return nil
		}),
		server.WithTiming(server.Timing{Reauthorization: time.Minute}),
		server.WithLimits(server.Limits{StreamsPerClient: 50, ClientKey: users.nameOf}),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, token := range []string{"", "3f0c", "77a1"} {
		r := httptest.NewRequest(http.MethodGet, "/stream?sessionId=alice/1", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		srv.ServeHTTP(w, r)
		fmt.Println(w.Code)
	}
	// Output:
	// 401
	// 404
	// 403
}

func Example_securityPublish() {
	users := accounts{sha256.Sum256([]byte("3f0c")): "alice", sha256.Sum256([]byte("00ff")): "agent"}
	srv, err := mix.NewServer(
		server.WithPublishAuthorizer(func(r *http.Request, sessionID string) error {
			if users.nameOf(r) != "agent" { // a user may read, and must not speak for the agent
				return server.ErrForbidden
			}
			return nil
		}),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, token := range []string{"3f0c", "00ff"} {
		r := httptest.NewRequest(http.MethodPost, "/stream?sessionId=alice/1", strings.NewReader(`{"event":"thinking","data":{"type":"thinking","content":"Hm"}}`))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		srv.ServeHTTP(w, r)
		fmt.Println(w.Code)
	}
	// Output:
	// 403
	// 201
}

// TestSecretsAreNotLogged has everything logged that the server logs, and looks for what
// docs/security.md says is not.
func TestSecretsAreNotLogged(t *testing.T) {
	var logged bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	refuse := false
	srv, err := mix.NewServer(
		server.WithLogger(logger),
		server.WithPublishAuthorizer(func(*http.Request, string) error { return nil }),
		server.WithAuthorizer(func(*http.Request, string) error {
			if refuse {
				return server.ErrForbidden
			}
			return nil
		}),
	)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := srv.Publish(t.Context(), "s1", &gen.ContentData{Type: "content", Content: "secret-content"}); err != nil {
		t.Fatal(err)
	}
	ask := func(method, body string) int {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		r := httptest.NewRequest(method, "/stream?sessionId=s1&lastEventId=0&key=secret-query", strings.NewReader(body)).WithContext(ctx)
		r.Header.Set("Authorization", "Bearer secret-token")
		r.Header.Set("Cookie", "id=secret-cookie")
		r.Header.Set("Content-Type", "application/json")
		w := &flushed{httptest.NewRecorder(), cancel} // a stream is left when it has begun
		srv.ServeHTTP(w, r)
		return w.Code
	}
	if status := ask(http.MethodGet, ""); status != http.StatusOK {
		t.Errorf("the stream was answered with %d", status)
	}
	if status := ask(http.MethodPost, `{"event":"content","data":{"content":"secret-refused"}}`); status != http.StatusBadRequest {
		t.Errorf("the publication was answered with %d", status)
	}
	refuse = true
	if status := ask(http.MethodGet, ""); status != http.StatusForbidden {
		t.Errorf("the refused one was answered with %d", status)
	}
	for _, said := range []string{"stream opened", "stream ended", "stream refused", "session=s1"} {
		if !strings.Contains(logged.String(), said) {
			t.Errorf("%q was not logged", said)
		}
	}
	if strings.Contains(logged.String(), "secret") {
		t.Errorf("a secret was logged:\n%s", &logged)
	}
}

// flushed calls a function at each flush.
type flushed struct {
	*httptest.ResponseRecorder
	then func()
}

func (f *flushed) Flush() {
	f.ResponseRecorder.Flush()
	f.then()
}
