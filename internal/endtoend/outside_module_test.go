//go:build unix

package endtoend_test

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mixstream/mixstream/internal/servertest"
)

// outside is a module in a temporary folder.
type outside struct {
	t   *testing.T
	dir string
	env []string
}

func newOutside(t *testing.T) outside {
	t.Helper()
	if testing.Short() {
		t.Skip("it compiles a module")
	}
	// The go command reads what all requirements require. The tests of this module need
	// only some of it.
	all := exec.CommandContext(t.Context(), "go", "list", "-m", "all")
	all.Dir = "../.."
	if out, err := all.CombinedOutput(); err != nil {
		t.Fatalf("go list -m all: %v\n%s", err, out)
	}
	cache := servertest.Must(exec.CommandContext(t.Context(), "go", "env", "GOMODCACHE").Output())(t)
	// After that the module cache has everything. Nothing else is downloaded, because this
	// module has no release.
	proxy := "GOPROXY=file://" + filepath.ToSlash(strings.TrimSpace(string(cache))) + "/cache/download"
	return outside{t, t.TempDir(), append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off", "GOSUMDB=off", proxy)}
}

// write writes a file.
func (o outside) write(name, text string) {
	o.t.Helper()
	path := filepath.Join(o.dir, name)
	servertest.OK(o.t, os.MkdirAll(filepath.Dir(path), 0o700))
	servertest.OK(o.t, os.WriteFile(path, []byte(text), 0o600))
}

// replace makes the module use this repository instead of a release.
func (o outside) replace() {
	o.t.Helper()
	root := servertest.Must(filepath.Abs("../.."))(o.t)
	o.run("go mod edit -replace github.com/mixstream/mixstream=" + root)
}

// command returns a command of a page. It ends together with everything that it starts.
func (o outside) command(line string) *exec.Cmd {
	o.t.Helper()
	cmd := exec.CommandContext(o.t.Context(), "sh", "-c", line)
	cmd.Dir, cmd.Env = o.dir, o.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

// run runs a command to its end and returns what it prints.
func (o outside) run(line string) string {
	o.t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := o.command(line)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		o.t.Fatalf("%s: %v\n%s", line, err, &stderr)
	}
	return stdout.String()
}

// start runs a command until the end of the test, and returns its lines.
func (o outside) start(line string) *bufio.Scanner {
	o.t.Helper()
	var stderr bytes.Buffer
	cmd := o.command(line)
	cmd.Stderr = &stderr
	stdout := servertest.Must(cmd.StdoutPipe())(o.t)
	servertest.OK(o.t, cmd.Start())
	late := time.AfterFunc(3*time.Minute, func() { _ = cmd.Cancel() })
	o.t.Cleanup(func() {
		late.Stop()
		_ = cmd.Cancel()
		_ = cmd.Wait()
		if o.t.Failed() {
			o.t.Logf("%s: %s", line, &stderr)
		}
	})
	return bufio.NewScanner(stdout)
}

// wantLines starts a command and reads these lines.
func (o outside) wantLines(line string, want ...string) {
	o.t.Helper()
	var got []string
	for lines := o.start(line); len(got) < len(want) && lines.Scan(); {
		got = append(got, lines.Text())
	}
	if !slices.Equal(got, want) {
		o.t.Errorf("%s printed %q, want %q", line, got, want)
	}
}
