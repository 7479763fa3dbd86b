package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"

	"github.com/mixstream/mixstream/internal/servertest"
)

const (
	helloEvent    = `{"event":"content","data":{"type":"content","content":"Hello"}}`
	completeEvent = `{"event":"complete","data":{"type":"complete","done":true}}`
	worldLine     = `{"session":"s1","event":"content","data":{"type":"content","content":"world"}}`
)

// tailed returns the output of tail for a session from its beginning to its first complete
// event.
func tailed(t *testing.T, url string) string {
	t.Helper()
	status, stdout, stderr := execute(t, "", "tail", url, "s1", "--last-event-id", "0", "--until-complete")
	if status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	return stdout
}

// Events published to a folder, before the server ran and by the server, are there when it
// runs again.
func TestServeFileLog(t *testing.T) {
	dir := "file:" + t.TempDir()
	status, stdout, stderr := execute(t, helloEvent+"\n\nnonsense\n", "publish", "--log", dir, "s1")
	if status != 1 || !strings.HasPrefix(stdout, "1 events published to ") || !strings.Contains(stderr, "line 3 of the input: ") {
		t.Errorf("status %d: %q %s", status, stdout, stderr)
	}
	status, stdout, stderr = execute(t, "", "publish", "--log", dir, "s1", "content", `{"type":"content","content":"single"}`)
	single := strings.TrimSpace(stdout)
	if status != 0 || len(single) < 10 {
		t.Errorf("status %d: %q %s", status, stdout, stderr)
	}
	p, _ := serving(t, "--log", dir)
	if status, _, stderr := execute(t, helloEvent, "publish", "--log", dir, "s1"); status != 1 || !strings.Contains(stderr, "another process") {
		t.Errorf("a log that is in use: status %d: %s", status, stderr)
	}
	fmt.Fprintln(p.stdin, worldLine)
	fmt.Fprintln(p.stdin, "end")
	p.stderr.find(t, "line 2: not a JSON event")
	p.stop()
	if status := <-p.status; status != 0 {
		t.Errorf("serve ended with status %d", status)
	}
	p, url := serving(t, "--log", dir)
	fmt.Fprintln(p.stdin, `{"session":"s1","event":"complete","data":{"type":"complete","done":true}}`)
	if got := tailed(t, url); !strings.Contains(got, "Hellosingleworld") {
		t.Errorf("got %q", got)
	}
	if _, stdout, _ := execute(t, "", "tail", url, "s1", "--last-event-id", single, "--until-complete"); strings.Contains(stdout, "single") || !strings.Contains(stdout, "world") {
		t.Errorf("resumed after %s: %q", single, stdout)
	}
}

// The log to copy must exist.
func TestCopyOfNothing(t *testing.T) {
	dir := t.TempDir()
	nothing, fresh := filepath.Join(dir, "nothing"), filepath.Join(dir, "fresh")
	for status, from := range map[int]string{exitUsage: nothing, exitFailure: dir} {
		if got, _, stderr := execute(t, "", "copy", "--from", "file:"+from, "--log", "file:"+fresh); got != status {
			t.Errorf("%s: status %d: %s", from, got, stderr)
		}
	}
	for _, made := range []string{nothing, fresh} {
		if _, err := os.Stat(made); err == nil {
			t.Errorf("%s was made", made)
		}
	}
}

// A copy of a folder is restored into a new one.
func TestCopy(t *testing.T) {
	old, fresh := "file:"+t.TempDir(), "file:"+t.TempDir()
	if status, _, stderr := execute(t, helloEvent, "publish", "--log", old, "s1"); status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	for _, want := range []string{"1 events copied", "not empty"} {
		_, _, stderr := execute(t, "", "copy", "--from", old, "--log", fresh)
		if !strings.Contains(stderr, want) {
			t.Errorf("got %q, want %q", stderr, want)
		}
	}
	p, url := serving(t, "--log", fresh)
	fmt.Fprintln(p.stdin, `{"session":"s1","event":"complete","data":{"type":"complete","done":true}}`)
	if got := tailed(t, url); !strings.Contains(got, "Hello") {
		t.Errorf("got %q", got)
	}
}

// Two servers and a publisher share a NATS server, which requires a token.
func TestServeNATSLog(t *testing.T) {
	ns := startNATS(t, &natsserver.Options{StoreDir: t.TempDir(), Authorization: "secret"})
	if status, _, stderr := execute(t, "", "serve", "--listen", "127.0.0.1:0", "--log", ns.ClientURL()); status != 1 || !strings.Contains(stderr, "Authorization") {
		t.Errorf("without the token: status %d: %s", status, stderr)
	}
	t.Setenv(natsTokenVariable, "secret")
	_, a := serving(t, "--log", ns.ClientURL())
	_, b := serving(t, "--log", ns.ClientURL())
	status, stdout, stderr := execute(t, helloEvent+"\n"+completeEvent, "publish", "--log", ns.ClientURL(), "s1")
	if status != 0 || !strings.HasPrefix(stdout, "2 events published, from ") {
		t.Errorf("status %d: %q %s", status, stdout, stderr)
	}
	for _, url := range []string{a, b} {
		if got := tailed(t, url); !strings.Contains(got, "Hello") {
			t.Errorf("got %q", got)
		}
	}
}

func TestLogIsChecked(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"publish"}, "needs URL and SESSION"},
		{[]string{"publish", "s1"}, "with --log instead of the URL"},
		{[]string{"publish", "--log", "file:x"}, "with --log needs SESSION"},
		{[]string{"publish", "--log", "file:x", "s1", "content"}, "received 2 arguments"},
		{[]string{"publish", "--log", "file:x", "http://127.0.0.1:1", "s1"}, "a URL or --log, not both"},
		{[]string{"publish", "--log", "file:x", "--token", "t", "s1"}, "--token is for a URL"},
		{[]string{"publish", "--log-stream", "X", "http://127.0.0.1:1", "s1"}, "--log-stream has no effect without --log"},
		{[]string{"publish", "--log", "", "s1"}, "must be memory, file:DIR, nats://HOST or postgres://HOST/DATABASE"},
		{[]string{"publish", "--log", "memory", "s1"}, "lost when this process ends"},
		{[]string{"serve", "--log", "redis://host"}, "must be memory, file:DIR, nats://HOST or postgres://HOST/DATABASE"},
		{[]string{"serve", "--log", "file:"}, "must be memory, file:DIR, nats://HOST or postgres://HOST/DATABASE"},
		{[]string{"serve", "--log", "nats://a,http://b"}, "must be memory, file:DIR, nats://HOST or postgres://HOST/DATABASE"},
		{[]string{"serve", "--log", "memory", "--log-sync", "1s"}, "are for other logs"},
		{[]string{"serve", "--log", "file:x", "--log-creds", "c"}, "--log-creds, --log-ca and --log-replicas are for a log on NATS"},
		{[]string{"serve", "--log", "tls://a", "--log-ca", "missing"}, "--log-ca: open missing"},
	} {
		t.Chdir(t.TempDir())
		if status, _, stderr := execute(t, "", test.args...); status != exitUsage || !strings.Contains(stderr, test.want) {
			t.Errorf("%q: status %d: %s", test.args, status, stderr)
		}
	}
	if status, _, stderr := execute(t, "", "serve", "--listen", "127.0.0.1:0", "--log", "nats://127.0.0.1:1"); status != exitFailure || !strings.Contains(stderr, "no servers available") {
		t.Errorf("nobody is there: status %d: %s", status, stderr)
	}
}

// With --log-idle, idle sessions are forgotten.
func TestServeForgetsIdleSessions(t *testing.T) {
	for name, log := range map[string]string{"memory": "memory", "folder": "file:" + t.TempDir(), "database": ""} {
		t.Run(name, func(t *testing.T) {
			if log == "" {
				log = newDatabase(t)
				expect(t, exitSuccess, "is made", "migrate", "--log", log)
			}
			p, url := serving(t, "--log", log, "--log-idle", "300ms", "--strict-sessions")
			fmt.Fprintln(p.stdin, strings.Replace(helloEvent, "{", `{"session":"s1",`, 1))
			status := func() int {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/stream?sessionId=s1&lastEventId=0", nil)
				if err != nil {
					t.Fatal(err)
				}
				res, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				res.Body.Close()
				http.DefaultClient.CloseIdleConnections()
				return res.StatusCode
			}
			servertest.Until(t, "the session is there", func() bool { return status() == http.StatusOK })
			for began := time.Now(); status() != http.StatusNotFound; time.Sleep(time.Second) { // each look is a use of it
				if time.Since(began) > 20*time.Second {
					t.Fatal("the session is not forgotten")
				}
			}
		})
	}
	if status, _, stderr := execute(t, "", "serve", "--listen", "127.0.0.1:0", "--log-idle", "-1s"); status != exitUsage || !strings.Contains(stderr, "--log-idle") {
		t.Errorf("status %d: %s", status, stderr)
	}
}
