package server_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

func TestClientAddress(t *testing.T) {
	for remote, want := range map[string]string{
		"192.0.2.1:1234":                        "192.0.2.1",
		"[::ffff:192.0.2.1]:1":                  "192.0.2.1",
		"[2001:db8:1:2:3:4:5:6]:1":              "2001:db8:1:2::/64",
		"[2001:db8:1:2:ffff::1]:9":              "2001:db8:1:2::/64",
		"[fe80::1%eth0]:1":                      "fe80::/64",
		"[::1]:1":                               "::/64",
		"192.0.2.1":                             "",
		"":                                      "",
		"@":                                     "",
		strings.Repeat("1", 1<<16) + ".0.0.1:1": "",
	} {
		if got := server.ClientAddress(&http.Request{RemoteAddr: remote}); got != want {
			t.Errorf("%.40q: got %q, want %q", remote, got, want)
		}
	}
}

// A request that publishes takes a place until its body ends. The key that identifies a client is
// the application's own, and a client whose key is empty has no limit.
func TestMaxPublishes(t *testing.T) {
	client := func(r *http.Request) string { return r.FormValue("client") }
	for name, test := range map[string]struct {
		limits  server.Limits
		refusal string
		allowed []string // clients
	}{
		"in all":    {server.Limits{Publishes: 1}, "503 unavailable line 0, 0 published: too many requests that publish", nil},
		"of client": {server.Limits{PublishesPerClient: 1, ClientKey: client}, "429 rate_limited line 0, 0 published: too many requests of this client that publish", []string{"b", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			ts := servertest.Serve(t, servertest.NewServer(t, everyonePublishes, server.WithLimits(test.limits)))
			publish := func(client string, body io.Reader) publication {
				return postTo(t, ts, "/stream?sessionId=s&client="+client, ndjsonType, "", body)
			}
			r := openEarly(t, ts)
			in, out := io.Pipe()
			answer := make(chan publication, 1)
			go func() { answer <- publish("a", in) }()
			io.WriteString(out, contentLine("a"))
			r.Next()
			if got := publish("a", strings.NewReader(oneLine)); got.String() != test.refusal || got.header.Get("Retry-After") == "" {
				t.Error(got)
			}
			for _, client := range test.allowed {
				if got := publish(client, strings.NewReader(oneLine)); got.status != 201 {
					t.Errorf("%q: %v", client, got)
				}
			}
			out.Close()
			for _, got := range []publication{<-answer, publish("a", strings.NewReader(oneLine))} {
				if got.status != 201 {
					t.Error(got)
				}
			}
		})
	}
}
