package main

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
)

// checked returns the findings of check, as lines of verdict, subject and text.
func checked(t *testing.T, args ...string) (status int, findings []string) {
	t.Helper()
	status, stdout, stderr := execute(t, "", append([]string{"check", "--json", "--listen", "127.0.0.1:0"}, args...)...)
	if stderr != "" {
		t.Errorf("%q: on standard error: %s", args, stderr)
	}
	for line := range strings.Lines(stdout) {
		var f finding
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		findings = append(findings, string(f.Verdict)+" "+f.Subject+": "+f.Text)
	}
	return status, findings
}

func TestCheck(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		"tokens": "alice-1\nbob-2\n", "empty": "# nobody\n", "file": "",
		"good.yaml": "max-streams: 5\n", "bad.yaml": "max-streams: many\nnonsense: 1\n",
	})
	in := func(name string) string { return filepath.Join(dir, name) }
	for name, valid := range map[string]time.Duration{"long": 1000 * time.Hour, "soon": time.Hour, "over": -time.Hour} {
		if err := os.Mkdir(in(name), 0o700); err != nil {
			t.Fatal(err)
		}
		writePair(t, in(name), 1, valid)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	used := t.TempDir()
	serving(t, "--log", "file:"+used)
	pair := func(name string) []string {
		return []string{"--tls-cert", in(name + "/cert.pem"), "--tls-key", in(name + "/key.pem")}
	}
	for _, c := range []struct {
		args   []string
		status int
		want   string
	}{
		{nil, exitSuccess, "ok listen: 127.0.0.1:0 is free"},
		{nil, exitSuccess, "ok tokens: none are needed, because the address is local to this machine"},
		{nil, exitSuccess, "ok tls: none"},
		{nil, exitSuccess, "ok cors: pages of no other origin"},
		{nil, exitSuccess, "ok limits: 20000 streams, 10000 of a session"},
		{nil, exitSuccess, "ok log: in memory"},
		{[]string{"--config", in("good.yaml")}, exitSuccess, "ok limits: 5 streams"},
		{[]string{"--config", in("good.yaml")}, exitSuccess, "ok configuration: " + in("good.yaml") + " is read"},
		{[]string{"--config", in("bad.yaml")}, exitUsage, `problem configuration: ` + in("bad.yaml") + `:1: --max-streams "many"`},
		{[]string{"--config", in("bad.yaml")}, exitUsage, `problem configuration: ` + in("bad.yaml") + `:2: unknown key "nonsense"`},
		{[]string{"--config", in("none.yaml")}, exitUsage, "problem configuration: --config: open "},
		{[]string{"--listen", taken.Addr().String()}, exitUsage, "problem listen: --listen: listen tcp "},
		{[]string{"--ops-listen", "127.0.0.1:0"}, exitSuccess, "ok ops: 127.0.0.1:0 is free, and needs no token"},
		{[]string{"--ops-listen", taken.Addr().String()}, exitUsage, "problem ops: --ops-listen: listen tcp "},
		{[]string{"--heartbeat", "0"}, exitUsage, "problem limits: --heartbeat 0s: must be positive"},
		{[]string{"--listen", "0.0.0.0:0"}, exitSuccess, "warning tokens: none are needed: everybody who reaches the address"},
		{[]string{"--listen", "0.0.0.0:0", "--token-file", in("tokens")}, exitSuccess, "warning tls: none: tokens travel in the clear"},
		{[]string{"--token-file", in("tokens")}, exitSuccess, "ok tokens: 2 are accepted"},
		{[]string{"--token-file", in("empty")}, exitUsage, "problem tokens: --token-file: "},
		{[]string{"--token-file", ""}, exitUsage, "problem tokens: --token-file: names no file"},
		{pair("long"), exitSuccess, "ok tls: " + in("long/cert.pem") + " is valid until "},
		{pair("soon"), exitSuccess, "warning tls: " + in("soon/cert.pem") + " is valid until "},
		{pair("over"), exitUsage, "problem tls: " + in("over/cert.pem") + " has expired at "},
		{[]string{"--tls-cert", in("long/cert.pem"), "--tls-key", in("soon/key.pem")}, exitUsage, "problem tls: --tls-cert, --tls-key: tls: private key does not match"},
		{[]string{"--tls-cert", in("long/cert.pem")}, exitUsage, "problem tls: --tls-cert, --tls-key: each needs the other"},
		{[]string{"--cors-credentials"}, exitUsage, "problem cors: --cors-credentials: set --cors-origin, too"},
		{[]string{"--max-streams=-1"}, exitUsage, "problem limits: --max-streams -1: must not be negative"},
		{[]string{"--demo", "--dir", in("none")}, exitUsage, "problem demo: "},
		{[]string{"--log", "file:" + in("new/log")}, exitSuccess, "ok log: " + in("new/log") + " can be used"},
		{[]string{"--log", "file:" + used}, exitUsage, "problem log: --log \"file:" + used + "\": folder " + used + " is in use by another process"},
		{[]string{"--log", "file:" + in("file")}, exitUsage, "problem log: "},
		{[]string{"--log", "redis://host"}, exitUsage, "problem log: --log "},
		{[]string{"--log", "nats://127.0.0.1:1"}, exitUsage, "problem log: --log "},
		{[]string{"--log", "file:" + in("new/log"), "--log-replicas", "3"}, exitUsage, "problem log: --log-creds, --log-ca and --log-replicas are for a log on NATS"},
		{[]string{"--log", "file:" + in("new/log"), "--log-sync=-1s"}, exitUsage, "problem log: --log \"file:" + in("new/log") + "\": natslog: negative duration"},
	} {
		status, findings := checked(t, c.args...)
		all := strings.Join(findings, "\n")
		if status != c.status || !strings.Contains("\n"+all, "\n"+c.want) {
			t.Errorf("%q: status %d, want %d and %q:\n%s", c.args, status, c.status, c.want, all)
		}
	}
	if _, err := os.Stat(in("new")); err == nil {
		t.Error("a folder was made")
	}
}

// check reports all problems at once.
func TestCheckTellsAll(t *testing.T) {
	status, findings := checked(t, "--listen", "nowhere", "--tls-cert", "x", "--cors-credentials", "--log", "file:", "--max-streams=-1", "--token-file", "/does/not/exist")
	problems := 0
	for _, f := range findings {
		if strings.HasPrefix(f, "problem") {
			problems++
		}
	}
	if status != exitUsage || problems != 6 {
		t.Errorf("status %d: %q", status, findings)
	}
}

func TestCheckVariables(t *testing.T) {
	t.Setenv("MIXSTREAM_MAX_STREAM", "5")
	t.Setenv("MIXSTREAM_SERVICE_HOST", "10.0.0.1")
	t.Setenv(natsTokenVariable, "secret")
	_, findings := checked(t)
	all := strings.Join(findings, "\n")
	if !strings.Contains(all, "warning configuration: MIXSTREAM_MAX_STREAM is set, but no flag has this variable") ||
		strings.Contains(all, "SERVICE_HOST") || strings.Contains(all, natsTokenVariable) {
		t.Errorf("got %s", all)
	}
}

func TestCheckNATS(t *testing.T) {
	ns := startNATS(t, &natsserver.Options{StoreDir: t.TempDir(), Authorization: "secret"})
	expect := func(want int, text string, more ...string) {
		t.Helper()
		if status, findings := checked(t, append(more, "--log", ns.ClientURL())...); status != want || !strings.Contains(findings[len(findings)-1], text) {
			t.Errorf("status %d: %q", status, findings)
		}
	}
	expect(exitUsage, "Authorization")
	t.Setenv(natsTokenVariable, "secret")
	expect(exitSuccess, "its streams do not exist, serve would create them")
	expect(exitSuccess, "its streams do not exist, serve would create them") // check did not create them
	serving(t, "--log", ns.ClientURL())
	expect(exitSuccess, "its streams exist")
	expect(exitSuccess, "its streams exist", "--log-age", "5h") // serve would change this setting of the streams
}

func TestCheckForPeople(t *testing.T) {
	status, stdout, _ := execute(t, "", "check", "--listen", "127.0.0.1:0", "--cors-credentials")
	if status != exitUsage || !strings.Contains(stdout, "ok         listen: ") || !strings.Contains(stdout, "problem    cors: ") {
		t.Errorf("status %d: %s", status, stdout)
	}
}
