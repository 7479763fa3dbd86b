package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mixstream/mixstream/internal/pgtest"
)

// mainVariable makes the test's program run the command.
const mainVariable = "MIXSTREAM_TEST_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(mainVariable) != "" {
		main()
	}
	pgtest.Main(m)
}

// execute runs the command to its end.
func execute(t *testing.T, stdin string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errOut bytes.Buffer
	status = run(t.Context(), args, strings.NewReader(stdin), &out, &errOut)
	return status, out.String(), errOut.String()
}

// process is a command that runs beside the test.
type process struct {
	stop   context.CancelFunc
	stdin  *io.PipeWriter
	stderr *lines
	stdout bytes.Buffer // complete once there is a status
	status chan int
}

// start runs the command in the background. The end of the test stops it.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	in, stdin := io.Pipe()
	p := &process{stop: cancel, stdin: stdin, stderr: newLines(), status: make(chan int, 1)}
	go func() {
		p.status <- run(ctx, args, in, &p.stdout, p.stderr)
		p.stderr.close()
	}()
	t.Cleanup(func() {
		cancel()
		stdin.Close()
		p.stderr.drain()
	})
	return p
}

// lines is a writer whose lines a test can wait for.
type lines struct {
	w    *io.PipeWriter
	all  chan string
	once sync.Once
}

func newLines() *lines {
	r, w := io.Pipe()
	l := &lines{w: w, all: make(chan string, 1000)}
	go func() {
		defer close(l.all)
		for s := bufio.NewScanner(r); s.Scan(); {
			l.all <- s.Text()
		}
	}()
	return l
}

func (l *lines) Write(p []byte) (int, error) { return l.w.Write(p) }
func (l *lines) close()                      { l.once.Do(func() { l.w.Close() }) }

func (l *lines) drain() {
	for range l.all {
	}
}

// find returns the next line that contains the text.
func (l *lines) find(t *testing.T, text string) string {
	t.Helper()
	for line := range l.all {
		if strings.Contains(line, text) {
			return line
		}
	}
	t.Fatalf("no line with %q", text)
	return ""
}

func writeFiles(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestDemo(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		"README.md":     "# Tides\n\nPredicts tides. Second sentence.\n",
		"cmd/harbor.go": "package main\n\n// harbor is where it starts\nfunc main() {}\n",
		".hidden/x.md":  "not looked at: harbor",
	})
	status, stdout, stderr := execute(t, "", "demo", "--dir", dir, "--cuts", "5", "--json")
	if status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	events := strings.Split(strings.TrimSuffix(stdout, "\n"), "\n")
	var last struct{ Summary summary }
	if err := json.Unmarshal([]byte(events[len(events)-1]), &last); err != nil {
		t.Fatal(err)
	}
	s := last.Summary
	if s.Published < 50 || s.Received != s.Published || !s.clean() || s.Reconnects != 5 {
		t.Errorf("got %+v", s)
	}
	kinds := make(map[string]bool)
	for _, line := range events[:len(events)-1] {
		var e struct {
			ID, Event string
			Data      map[string]any
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.ID == "" || e.Data == nil {
			t.Fatalf("%s: %v", line, err)
		}
		kinds[e.Event] = true
		if e.Event == "complete" {
			if answer := e.Data["content"].(string); !strings.Contains(answer, `"harbor" stands in 1 lines, first in cmd/harbor.go at line 3`) || !strings.Contains(answer, "Predicts tides.") {
				t.Errorf("the agent answered %q", answer)
			}
		}
	}
	if len(kinds) < 9+2 { // connected and session_created come in addition to the agent's
		t.Errorf("only the kinds %v", kinds)
	}
}

func TestDemoEmptyFolder(t *testing.T) {
	status, stdout, stderr := execute(t, "", "demo", "--dir", t.TempDir(), "--cuts", "0")
	if status != 0 || !strings.Contains(stdout, "0 lost, 0 doubled, 0 reordered, 0 reconnections") || strings.Contains(stdout, "\x1b") {
		t.Errorf("status %d: %s%s", status, stdout, stderr)
	}
}

// With more cuts than events, the end of the session waits until all cuts are made.
func TestDemoManyCuts(t *testing.T) {
	status, stdout, stderr := execute(t, "", "demo", "--dir", t.TempDir(), "--cuts", "60", "--json")
	if status != 0 || !strings.Contains(stdout, `"reconnects":60`) {
		t.Errorf("status %d: %s", status, stderr)
	}
}

// The demonstration can fail.
func TestDemoFaults(t *testing.T) {
	dir := t.TempDir()
	for fault, want := range map[string]string{"drop": "1 lost", "double": "1 doubled", "swap": "1 reordered"} {
		status, _, stderr := execute(t, "", "demo", "--dir", dir, "--cuts", "1", "--fault", fault)
		if status != 1 || !strings.Contains(stderr, want) {
			t.Errorf("%s: status %d, %s", fault, status, stderr)
		}
	}
}

func TestUsage(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"demo", "--dir", "/does/not/exist"}, "--dir"},
		{[]string{"demo", "--cuts", "-1"}, "--cuts"},
		{[]string{"demo", "--fault", "burn"}, "--fault"},
		{[]string{"serve", "--listen", "nowhere"}, "--listen"},
		{[]string{"tail", "http://127.0.0.1:1"}, "accepts 2 arg"},
		{[]string{"tail", "127.0.0.1:1", "s"}, "base URL"},
		{[]string{"nonsense"}, "unknown command"},
	} {
		if status, _, stderr := execute(t, "", c.args...); status != exitUsage || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: status %d, %q", c.args, status, stderr)
		}
	}
	for _, args := range [][]string{{"--help"}, {"--version"}, {"demo", "--help"}, {"serve", "--help"}, {"tail", "--help"}, {"completion", "bash"}} {
		status, stdout, stderr := execute(t, "", args...)
		if status != 0 || stdout == "" || slices.Contains(args, "demo") && strings.Contains(stdout, "--fault") {
			t.Errorf("%v: status %d, %q", args, status, stderr)
		}
	}
}
