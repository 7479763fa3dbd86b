package main

import (
	"net/http"
	"testing"
)

// A detached stream does not give its connection back.
func TestServeDetachesStreams(t *testing.T) {
	for _, c := range []struct {
		args   []string
		closes bool
	}{{nil, true}, {[]string{"--attached"}, false}} {
		_, base := serving(t, c.args...)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/stream?sessionId=s", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusOK || res.Close != c.closes {
			t.Errorf("%v: %s, the connection closes: %t", c.args, res.Status, res.Close)
		}
	}
}
