//go:build unix

package docs_test

import (
	"os/exec"
	"syscall"
)

// endAsGroup makes cmd end with every process that it has started.
func endAsGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
