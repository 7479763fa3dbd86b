//go:build unix

package main

import (
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/creack/pty"
)

// A terminal gets colours, unless it or its user refuses them.
func TestColoursOnATerminal(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		env  []string
		want bool
	}{
		{[]string{"TERM=xterm"}, true},
		{[]string{"TERM=xterm", "NO_COLOR="}, true}, // an empty value means nothing
		{[]string{"TERM=xterm", "NO_COLOR=1"}, false},
		{[]string{"TERM=dumb"}, false},
	} {
		cmd := exec.CommandContext(t.Context(), program, "check", "--listen", "127.0.0.1:0")
		cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "NO_COLOR=") })
		cmd.Env = append(append(cmd.Env, mainVariable+"=1"), c.env...)
		terminal, err := pty.Start(cmd)
		if err != nil {
			t.Fatal(err)
		}
		shown, _ := io.ReadAll(terminal) // on Linux the end of the program is an error
		if err := cmd.Wait(); err != nil {
			t.Errorf("%q: %v", c.env, err)
		}
		terminal.Close()
		if got := strings.Contains(string(shown), "\x1b["); got != c.want || !strings.Contains(string(shown), "listen: 127.0.0.1:0 is free") {
			t.Errorf("%q: colours %t, want %t: %q", c.env, got, c.want, shown)
		}
	}
}
