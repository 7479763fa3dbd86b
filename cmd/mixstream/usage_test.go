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
		{[]string{"serve", "--log", "redis://host"}, "must be memory, file:DIR, nats://HOST or postgres://HOST/DATABASE"},
		{[]string{"serve", "--log", "file:new", "--log-replicas", "3"}, "are for a log on NATS"},
		{[]string{"serve", "--log", "memory", "--log-sync", "1s"}, "are for other logs"},
		{[]string{"serve", "--log", "memory", "--log-schema", "x"}, "are for a log in PostgreSQL"},
		{[]string{"serve", "--log", "file:new", "--log-schema", "x"}, "are for a log in PostgreSQL"},
		{[]string{"serve", "--log", "nats://127.0.0.1:1", "--log-listen", "postgres://h"}, "are for a log in PostgreSQL"},
		{[]string{"serve", "--log", "postgres://h/d", "--log-replicas", "3"}, "are for other logs; for PostgreSQL there are --log-schema"},
		{[]string{"serve", "--log", "postgres://h/d", "--log-sync", "1s"}, "are for other logs"},
		{[]string{"serve", "--log", "postgres://h/d", "--log-schema", "a b"}, `schema "a b"`},
		{[]string{"serve", "--log", "postgres://h/d", "--log-age", "1m"}, "must be at least 3m0s"},
		{[]string{"serve", "--log", "postgres://h/d", "--log-listen", "h"}, `--log-listen "h": must be postgres://HOST`},
		{[]string{"serve", "--log", "postgres://h/d?pool_max_conns=0"}, "pool_max_conns too small"},
		{[]string{"serve", "--log", "postgres://h/d?sslrootcert=missing"}, "failed to configure TLS (unable to read CA file: open missing"},
		{[]string{"serve", "--log", "postgres://h/d?service=missing"}, "failed to read service"},
		{[]string{"publish", "--log", "postgres://h:port/d", "s1"}, "invalid port"},
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
		{[]string{"copy", "--from", "file:.", "--log", "redis://host"}, "must be file:DIR, nats://HOST or postgres://HOST/DATABASE"},
		{[]string{"copy", "--from", "file:.", "--log", "memory"}, "must be file:DIR, nats://HOST or postgres://HOST/DATABASE"},
		{[]string{"copy", "--from", "file:.", "--log", "file:new", "--log-replicas", "3"}, "are for a log on NATS"},
		{[]string{"copy", "--from", "file:", "--log", "file:new"}, "must be file:DIR, nats://HOST or postgres://HOST/DATABASE"},
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
