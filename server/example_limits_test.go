package server_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// A user reads the sessions below the user's own name.
func ExampleWithAuthorizer() {
	users := map[string]string{"Bearer 3f0c": "alice", "Bearer 77a1": "bob"}
	user := func(r *http.Request) string { return users[r.Header.Get("Authorization")] }
	srv, err := mix.NewServer(
		server.WithAuthorizer(func(r *http.Request, sessionID string) error {
			switch name := user(r); {
			case name == "":
				return server.ErrUnauthorized
			case !strings.HasPrefix(sessionID, name+"/"):
				return server.ErrForbidden
			}
			return nil
		}),
		server.WithTiming(server.Timing{Reauthorization: time.Minute}),
		server.WithLimits(server.Limits{StreamsPerClient: 50, ClientKey: user}),
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
		fmt.Println(w.Code, strings.TrimSpace(w.Body.String()))
	}
	// Output:
	// 401 {"error":{"code":401,"message":"valid credentials are required","type":"unauthorized"}}
	// 404 {"error":{"code":404,"message":"session \"alice/1\" does not exist","type":"not_found"}}
	// 403 {"error":{"code":403,"message":"no access to this session","type":"forbidden"}}
}

func ExampleSendBuffer() {
	srv, err := mix.NewServer()
	if err != nil {
		fmt.Println(err)
		return
	}
	ts := httptest.NewUnstartedServer(srv)
	ts.Config.ConnContext = server.SendBuffer(64 << 10) // of the http.Server
	ts.Start()
	defer ts.Close()

	res, err := ts.Client().Get(ts.URL + "/stream?sessionId=s1")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer res.Body.Close()
	fmt.Println(res.Status)
	// Output: 404 Not Found
}
