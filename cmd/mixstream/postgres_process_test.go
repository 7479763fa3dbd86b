package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixstream/mixstream/internal/pgtest"
	"github.com/mixstream/mixstream/internal/servertest"
)

// replica is a process of the command that serves.
type replica struct {
	cmd    *exec.Cmd
	stderr *lines
	url    string
	told   strings.Builder // on standard error, since it listens; complete once ended is closed
	ended  chan struct{}
}

// startReplica starts one. The end of the test kills it.
func startReplica(t *testing.T, args ...string) *replica {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r := &replica{stderr: newLines(), ended: make(chan struct{}), cmd: exec.Command(program, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)}
	r.cmd.Env = append(os.Environ(), mainVariable+"=1")
	r.cmd.Stderr = r.stderr
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.kill)
	_, r.url, _ = strings.Cut(r.stderr.find(t, "listening on"), "listening on ")
	go func() {
		defer close(r.ended)
		for line := range r.stderr.all {
			r.told.WriteString(line + "\n")
		}
	}()
	return r
}

// kill ends it as kill -9 does.
func (r *replica) kill() {
	if r.cmd.ProcessState == nil {
		_ = r.cmd.Process.Kill()
		_ = r.cmd.Wait() // it was killed
		r.stderr.close()
		<-r.ended
	}
}

// numbered returns lines with events that contain the numbers from first to last.
func numbered(first, last int) string {
	var b strings.Builder
	for n := first; n <= last; n++ {
		fmt.Fprintf(&b, `{"event":"content","data":{"type":"content","content":"(%d)"}}`+"\n", n)
	}
	return b.String()
}

// A reader loses nothing while the database restarts, and one of two servers is killed. The servers
// show the password in their addresses nowhere.
func TestPostgresReplicas(t *testing.T) {
	server := pgtest.Start(t)
	log := []string{"--log", server.URL("postgres")}
	expect(t, exitSuccess, "is made", append([]string{"migrate"}, log...)...)
	secret := strings.Replace(server.URL("postgres"), "postgres@", "postgres:hunter2@", 1) + "&password=hunter2"
	a, b := startReplica(t, append(log, "--level", "debug")...), startReplica(t, "--log", secret, "--log-listen", secret, "--level", "debug")
	var shown string
	var first atomic.Pointer[replica] // to which the reader connects
	first.Store(a)
	front := "http://" + forward(t, func() (net.Conn, error) {
		return net.Dial("tcp", strings.TrimPrefix(first.Load().url, "http://"))
	})
	publish := func(first, last int, to ...string) {
		t.Helper()
		if status, _, stderr := execute(t, numbered(first, last), slices.Concat([]string{"publish"}, to, []string{"s1"})...); status != exitSuccess {
			t.Errorf("publish: status %d: %s", status, stderr)
		}
	}
	publish(1, 10, log...)
	reader := start(t, "tail", front, "s1", "--last-event-id", "0", "--until-complete")
	publish(11, 20, b.url)

	server.Kill(t)
	for _, r := range []*replica{a, b} {
		servertest.Until(t, "a server is not ready", func() bool { return ask(t, r.url+"/readyz", "").status == http.StatusServiceUnavailable })
		wantTotal(t, scrape(t, r.url), "mixstream_server_ready", nil, 0)
		shown += ask(t, r.url+"/readyz", "").body + ask(t, r.url+"/metrics", "").body
	}
	// A publication that comes meanwhile waits.
	waiting := make(chan string, 1)
	go func() {
		_, stdout, stderr := execute(t, numbered(21, 30), "publish", b.url, "s1")
		waiting <- stdout + stderr
	}()
	expect(t, exitFailure, "no such file or directory", append([]string{"publish", "s1", "complete", `{"type":"complete","done":true}`}, log...)...)
	server.Up(t)
	if told := servertest.Receive(t, waiting); !strings.Contains(told, "10 events published") {
		t.Errorf("while the database was gone: %s", told)
	}
	for _, r := range []*replica{a, b} {
		servertest.Until(t, "a server is ready again", func() bool { return ask(t, r.url+"/readyz", "").status == http.StatusOK })
	}

	first.Store(b)
	a.kill()
	publish(31, 40, b.url)
	publish(41, 50, log...)
	execute(t, "", append([]string{"publish", "s1", "complete", `{"type":"complete","done":true}`}, log...)...)
	select {
	case status := <-reader.status:
		if status != exitSuccess {
			t.Errorf("tail: status %d", status)
		}
	case <-time.After(time.Minute):
		t.Fatal("tail does not end")
	}
	var want strings.Builder
	for n := range 50 {
		fmt.Fprintf(&want, "(%d)", n+1)
	}
	if got := strings.Join(regexp.MustCompile(`\(\d+\)`).FindAllString(reader.stdout.String(), -1), ""); got != want.String() {
		t.Errorf("the reader got %s", got)
	}
	b.kill()
	if shown += b.told.String(); strings.Contains(shown, "hunter2") || !strings.Contains(shown, "not ready") || !strings.Contains(shown, "the connection is lost") {
		t.Errorf("a password is shown, or the outage is not: %s", shown)
	}
}

// While the database is gone, streams end after the limit of an outage, publications and readers
// are refused, and the metrics tell.
func TestPostgresOutage(t *testing.T) {
	if os.Getenv("MIXSTREAM_SLOW") == "" {
		t.Skip("takes a minute; MIXSTREAM_SLOW=1 runs it")
	}
	server := pgtest.Start(t)
	log := []string{"--log", server.URL("postgres")}
	expect(t, exitSuccess, "is made", append([]string{"migrate"}, log...)...)
	r := startReplica(t, log...)
	execute(t, numbered(1, 1), "publish", r.url, "s1")
	reader := start(t, "tail", r.url, "s1", "--last-event-id", "0", "--until-complete")
	metric := func(name string, labels map[string]string) float64 { return total(scrape(t, r.url)[name], labels) }
	servertest.Until(t, "the reader is there", func() bool { return metric("mixstream_stream_active", nil) == 1 })
	server.Stop(t)
	res, err := http.Post(r.url+"/stream?sessionId=s1", "application/json", strings.NewReader(helloEvent))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" {
		t.Errorf("a publication: %s, to be repeated after %q", res.Status, res.Header.Get("Retry-After"))
	}
	if n := metric("mixstream_publish_duration_seconds", map[string]string{"error_type": "log_unavailable"}); n != 1 {
		t.Errorf("%v publications have failed by the log", n)
	}
	servertest.UntilWithin(t, time.Minute, "the stream ends", func() bool {
		return metric("mixstream_stream_duration_seconds", map[string]string{"mixstream_stream_end_reason": "log_unavailable"}) >= 1
	})
	server.Up(t)
	servertest.Until(t, "the server is ready again", func() bool { return ask(t, r.url+"/readyz", "").status == http.StatusOK })
	execute(t, completeEvent, "publish", r.url, "s1")
	if status := <-reader.status; status != exitSuccess || strings.Count(reader.stdout.String(), "(1)") != 1 {
		t.Errorf("tail: status %d: %s", status, reader.stdout.String())
	}
	http.DefaultClient.CloseIdleConnections()
}

// hanging is a connection to a server that answers nothing after a while.
type hanging struct {
	net.Conn
	hangs    *atomic.Bool
	withheld *atomic.Int32 // answers
	released chan struct{}
}

func (c hanging) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.hangs.Load() {
		c.withheld.Add(1)
		<-c.released
		return 0, io.EOF
	}
	return n, err
}

// A server ends while the database answers nothing.
func TestStopWhileTheDatabaseHangs(t *testing.T) {
	server := pgtest.Shared(t)
	address := newDatabase(t)
	expect(t, exitSuccess, "is made", "migrate", "--log", address)
	var hangs atomic.Bool
	var withheld atomic.Int32
	released := make(chan struct{})
	host := forward(t, func() (net.Conn, error) {
		c, err := net.Dial("unix", filepath.Join(server.Folder(), ".s.PGSQL.5432"))
		return hanging{c, &hangs, &withheld, released}, err
	})
	t.Cleanup(func() { close(released) })
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	r := startReplica(t, "--log", "postgres://postgres@"+host+u.Path, "--shutdown-timeout", "100ms")
	execute(t, numbered(1, 1), "publish", r.url, "s1")
	hangs.Store(true)
	var publishing sync.WaitGroup
	defer publishing.Wait()
	publishing.Go(func() {
		if res, err := http.Post(r.url+"/stream?sessionId=s1", "application/json", strings.NewReader(helloEvent)); err == nil {
			res.Body.Close()
		}
	})
	servertest.Until(t, "the server waits for the database", func() bool { return withheld.Load() >= 2 }) // one for the tail
	if err := r.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(14*time.Second, func() { // the pool alone would wait for 15 s
		t.Error("the server goes on")
		_ = r.cmd.Process.Kill()
	})
	_ = r.cmd.Wait() // how it ended is not of interest
	late.Stop()
	r.stderr.close()
	<-r.ended
	if told := r.told.String(); !strings.Contains(told, "did not end within --shutdown-timeout 100ms") {
		t.Errorf("it tells %s", told)
	}
}
