package main

import (
	"net"
	"os"
	"strings"
	"testing"
)

// TestUsageOpensNothing combines each wrong usage with an address in use and logs that do not
// exist: the command reports the usage, and creates no log.
func TestUsageOpensNothing(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	busy := taken.Addr().String()
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"serve", "--log", "redis://host"}, "must be memory, file:DIR or nats://HOST"},
		{[]string{"serve", "--log", "file:new", "--log-replicas", "3"}, "are for a log on NATS"},
		{[]string{"serve", "--log", "memory", "--log-sync", "1s"}, "are for other logs"},
		{[]string{"serve", "--log", "nats://127.0.0.1:1", "--log-stream", "a b"}, `name "a b"`},
		{[]string{"serve", "--log", "nats://127.0.0.1:1", "--log-ca", "missing"}, "--log-ca: open missing"},
		{[]string{"serve", "--log", "nats://127.0.0.1:1", "--log-creds", "missing"}, "MIXSTREAM_NATS_CREDS: stat missing"},
		{[]string{"serve", "--log", "file:new", "--ops-listen", "nowhere"}, "--ops-listen: address nowhere"},
		{[]string{"serve", "--log", "file:new", "--ops-listen", "127.0.0.1:99999"}, "--ops-listen: address 99999: invalid port"},
		{[]string{"serve", "--log", "file:new", "--tls-cert", "missing"}, "each needs the other"},
		{[]string{"serve", "--log", "file:new", "--tls-cert", "missing", "--tls-key", "missing"}, "--tls-cert, --tls-key: open missing"},
		{[]string{"serve", "--log", "file:new", "--token-file", "missing"}, "--token-file: open missing"},
		{[]string{"serve", "--log", "file:new", "--cors-credentials"}, "set --cors-origin, too"},
		{[]string{"serve", "--log", "file:new", "--heartbeat", "0s"}, "--heartbeat 0s: must be positive"},
		{[]string{"serve", "--log", "file:new", "--max-streams", "-1"}, "--max-streams -1"},
		{[]string{"serve", "--log", "file:new", "--demo", "--dir", "missing"}, "--dir: "},
		{[]string{"serve", "--log", "file:new", "--config", "missing"}, "--config: open missing"},
		{[]string{"copy", "--from", "file:.", "--log", "redis://host"}, "must be memory, file:DIR or nats://HOST"},
		{[]string{"copy", "--from", "file:.", "--log", "memory"}, "must be memory, file:DIR or nats://HOST"},
		{[]string{"copy", "--from", "file:.", "--log", "file:new", "--log-replicas", "3"}, "are for a log on NATS"},
		{[]string{"copy", "--from", "file:", "--log", "file:new"}, "must be memory, file:DIR or nats://HOST"},
		{[]string{"publish", "--log", "file:new", "s1", "content", "{"}, "the data is not JSON"},
		{[]string{"demo", "--cuts", "-1"}, "--cuts -1"},
	} {
		t.Chdir(t.TempDir())
		args := test.args
		if args[0] == "serve" {
			args = append(args, "--listen", busy)
		}
		if status, _, stderr := execute(t, "", args...); status != exitUsage || !strings.Contains(stderr, test.want) {
			t.Errorf("%q: status %d, want %q: %s", args, status, test.want, stderr)
		}
		if made, err := os.ReadDir("."); err != nil || len(made) > 0 {
			t.Errorf("%q: it made %v, %v", args, made, err)
		}
	}
	if status, _, stderr := execute(t, "", "serve", "--listen", busy); status != exitFailure || !strings.Contains(stderr, "--listen: listen tcp ") {
		t.Errorf("an address that is taken: status %d: %s", status, stderr)
	}
}
