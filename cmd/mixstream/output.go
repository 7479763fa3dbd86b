package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// levels are what --level can be, the least important first.
var levels = []string{"debug", "info", "warn", "error"}

// level is the value of --level.
type level struct{ slog.Level }

// String implements pflag.Value.
func (l *level) String() string { return levels[(int(l.Level)+4)/4] }

// Set implements pflag.Value.
func (l *level) Set(s string) error {
	i := slices.Index(levels, s)
	if i < 0 {
		return fmt.Errorf("must be %s", l.Type())
	}
	l.Level = slog.Level(4*i - 4)
	return nil
}

// Type implements pflag.Value.
func (l *level) Type() string { return "debug, info, warn or error" }

// newLogger returns the logger of a command, which writes to standard error.
func newLogger(cmd *cobra.Command, l slog.Level) *slog.Logger {
	options := &slog.HandlerOptions{Level: l}
	if wantsJSON(cmd) {
		return slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), options))
	}
	return slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), options))
}

// wantsJSON tells whether what a command says is for a program.
func wantsJSON(cmd *cobra.Command) bool {
	f := cmd.Flags().Lookup("json")
	return f != nil && f.Value.String() == "true"
}

// messages returns where a command says what it does, one line with each write: on
// standard error, and as JSON if that is asked for.
func messages(cmd *cobra.Command) io.Writer {
	if wantsJSON(cmd) {
		return jsonMessages{newLogger(cmd, slog.LevelInfo)}
	}
	return cmd.ErrOrStderr()
}

// jsonMessages logs lines for a person.
type jsonMessages struct{ logger *slog.Logger }

// Write implements io.Writer.
func (m jsonMessages) Write(p []byte) (int, error) {
	text := bytes.TrimPrefix(bytes.TrimSpace(p), []byte("mixstream: "))
	m.logger.Log(context.Background(), slog.LevelInfo, string(text))
	return len(p), nil
}

// isTerminal tells whether w is a terminal that more than lines can be written to.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(f.Fd()))
}

// hasColours tells whether w is a terminal that shows colours, for a person who wants
// them (no-color.org).
func hasColours(w io.Writer) bool {
	return os.Getenv("NO_COLOR") == "" && isTerminal(w)
}
