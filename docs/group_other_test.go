//go:build !unix

package docs_test

import "os/exec"

// endAsGroup does nothing: this system has no groups of processes, and no bash to run the
// commands of the pages with.
func endAsGroup(*exec.Cmd) {}
