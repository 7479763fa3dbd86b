package main

import (
	"crypto/tls"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"

	"github.com/mixstream/mixstream/internal/servertest"
)

// startNATS starts a nats-server. The end of the test stops it, if it still runs.
func startNATS(t *testing.T, o *natsserver.Options) *natsserver.Server {
	t.Helper()
	o.Host, o.NoSigs, o.NoLog, o.JetStream = "127.0.0.1", true, true, true
	if o.Port == 0 {
		o.Port = natsserver.RANDOM_PORT
	}
	ns, err := natsserver.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	ns.Start()
	t.Cleanup(func() { stopNATS(ns) })
	if !ns.ReadyForConnections(10 * time.Second) {
		t.Fatal("the nats-server does not start")
	}
	return ns
}

func stopNATS(ns *natsserver.Server) {
	ns.Shutdown()
	ns.WaitForShutdown()
}

// The command copies a log to a NATS server, and serves from it. The server's certificate has
// an authority of its own, and it requires a user. No output contains the password.
func TestNATSWithTLS(t *testing.T) {
	dir := t.TempDir()
	writePair(t, dir, 1, time.Hour)
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	ns := startNATS(t, &natsserver.Options{
		StoreDir: t.TempDir(), Username: "alice", Password: "hunter2",
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, TLSTimeout: 10,
	})
	log := "tls://alice:hunter2@" + ns.Addr().String()
	var printed strings.Builder
	run := func(want int, stdin string, args ...string) string {
		t.Helper()
		status, stdout, stderr := execute(t, stdin, args...)
		printed.WriteString(stdout + stderr)
		if status != want {
			t.Errorf("%q: status %d, want %d: %s%s", args, status, want, stdout, stderr)
		}
		return stdout + stderr
	}
	if got := run(exitFailure, "", "serve", "--listen", "127.0.0.1:0", "--log", log); !strings.Contains(got, "certificate") {
		t.Errorf("without the authority: %s", got)
	}
	old := "file:" + t.TempDir()
	run(exitSuccess, helloEvent, "publish", "--log", old, "s1")
	run(exitSuccess, "", "copy", "--from", old, "--log", log, "--log-ca", certFile)
	run(exitSuccess, "", "check", "--listen", "127.0.0.1:0", "--log", log, "--log-ca", certFile)
	run(exitUsage, "", "check", "--listen", "127.0.0.1:0", "--log", log, "--log-ca", keyFile)
	run(exitUsage, "", "serve", "--log", log, "--log-replicas", "9")
	run(exitUsage, "", "publish", "--log", log, "http://127.0.0.1:1", "s1")
	_, url := serving(t, "--log", log, "--log-ca", certFile)
	run(exitSuccess, completeEvent, "publish", "--log", log, "--log-ca", certFile, "s1")
	if got := tailed(t, url); !strings.Contains(got, "Hello") {
		t.Errorf("got %q", got)
	}
	if strings.Contains(printed.String(), "hunter2") || strings.Contains(printed.String(), "alice") {
		t.Errorf("credentials were printed: %s", printed.String())
	}
}

// A server is ready exactly while its log on NATS is.
func TestReadyWhileNATSIs(t *testing.T) {
	o := &natsserver.Options{StoreDir: t.TempDir()}
	ns := startNATS(t, o)
	o.Port = ns.Addr().(*net.TCPAddr).Port
	_, url := serving(t, "--log", ns.ClientURL())
	ready := func(want int, text string) {
		t.Helper()
		servertest.Until(t, "/readyz answers "+text, func() bool {
			res, body := get(t, http.MethodGet, url+"/readyz")
			if want == http.StatusOK {
				return res.StatusCode == want
			}
			return res.StatusCode == want && strings.Contains(body, text)
		})
		if res, _ := get(t, http.MethodGet, url+"/healthz"); res.StatusCode != http.StatusOK {
			t.Errorf("/healthz: %s", res.Status)
		}
	}
	ready(http.StatusOK, "ok")
	stopNATS(ns)
	ready(http.StatusServiceUnavailable, "the log of events cannot be reached")
	startNATS(t, o)
	ready(http.StatusOK, "ok again")
}

// Wrong usage leaves no log behind.
func TestWrongUsageMakesNoLog(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made")
	for _, args := range [][]string{
		{"--tls-cert", "only.pem"},
		{"--listen", "nowhere"},
		{"--cors-credentials"},
		{"--max-streams=-1"},
		{"--token-file", "missing"},
		{"--demo", "--dir", "missing"},
	} {
		status, _, stderr := execute(t, "", append([]string{"serve", "--listen", "127.0.0.1:0", "--log", "file:" + dir}, args...)...)
		if _, err := os.Stat(dir); status != exitUsage || err == nil {
			t.Errorf("%q: status %d, the folder: %v: %s", args, status, err, stderr)
		}
	}
}
