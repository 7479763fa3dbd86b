// Command mixstream serves, follows, publishes to and demonstrates resumable event streams.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/mixstream/mixstream/internal/excerpt"
	"github.com/mixstream/mixstream/internal/redact"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run executes the command and returns its exit status.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	began := false
	for _, cmd := range root.Commands() {
		runE := cmd.RunE
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			began = true
			return runE(cmd, args)
		}
	}
	cmd, err := root.ExecuteContextC(ctx)
	if !began {
		err = asUsage(withoutSecretArguments(err, args)) // the arguments are wrong
	}
	if err != nil && !errors.Is(err, errReported) {
		text := linesOf(err)
		if wantsJSON(cmd) {
			newLogger(cmd, slog.LevelInfo).Error(redact.Text(text))
		} else {
			fmt.Fprintln(stderr, "mixstream:", message(text))
		}
	}
	return exitStatus(err)
}

// withoutSecretArguments returns an error about arguments without their secrets. It knows where each
// argument ends, unlike redact.Text.
func withoutSecretArguments(err error, args []string) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	for _, arg := range args {
		if shown := redact.URL(arg); shown != arg {
			text = strings.NewReplacer(strconv.Quote(arg), strconv.Quote(shown), arg, shown).Replace(text)
		}
	}
	if text == err.Error() {
		return err
	}
	return shortError{err, text}
}

// linesOf returns the text of an error. It cuts each line separately: each may be an error of
// its own that repeats input.
func linesOf(err error) string {
	lines := strings.SplitN(err.Error(), "\n", maxErrorLines+1)
	for i := range lines {
		lines[i] = excerpt.Text(lines[i])
	}
	return strings.Join(lines, "\n")
}

// maxErrorLines is how many lines of an error are printed separately; the rest becomes one
// line.
const maxErrorLines = 20

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "mixstream",
		Short: "Server-sent events from an OpenAPI spec, without losing any",
		Long: `Serves, follows and publishes to the event streams of agent sessions. A stream that
breaks resumes where it broke: every event arrives once and in order.

` + exitHelp,
		Version:       version(),
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(newCheck(), newCopy(), newDemo(), newMigrate(), newPublish(), newServe(), newTail())
	return root
}

// version returns the version of the module in this build.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
