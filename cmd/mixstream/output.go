package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"

	"github.com/mixstream/mixstream/internal/excerpt"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/mixstream/mixstream/internal/redact"
)

// levels are the values of --level, the least important first.
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
	options := &slog.HandlerOptions{Level: l, ReplaceAttr: withoutSecrets}
	if wantsJSON(cmd) {
		return slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), options))
	}
	return slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), options))
}

// withoutSecrets removes the secrets of URLs from log records.
func withoutSecrets(_ []string, a slog.Attr) slog.Attr {
	switch v := a.Value.Any().(type) {
	case string:
		a.Value = slog.StringValue(redact.Text(v))
	case error:
		a.Value = slog.StringValue(redact.Text(v.Error()))
	}
	return a
}

// wantsJSON reports whether the messages of a command are for a program.
func wantsJSON(cmd *cobra.Command) bool {
	f := cmd.Flags().Lookup("json")
	return f != nil && f.Value.String() == "true"
}

// teller prints the messages of a command to standard error, one a line: as text for a person,
// or as JSON with attributes for a program.
type teller struct {
	out  io.Writer
	json *slog.Logger // nil for a person
}

func newTeller(cmd *cobra.Command) teller {
	if wantsJSON(cmd) {
		return teller{json: newLogger(cmd, slog.LevelInfo)}
	}
	return teller{out: cmd.ErrOrStderr()}
}

// info prints a message. The text contains the values of the attributes.
func (t teller) info(text string, attributes ...any) { t.say(slog.LevelInfo, text, attributes) }

// warn prints a warning.
func (t teller) warn(text string, attributes ...any) { t.say(slog.LevelWarn, text, attributes) }

func (t teller) say(l slog.Level, text string, attributes []any) {
	text = excerpt.Text(text)
	if t.json != nil {
		t.json.Log(context.Background(), l, text, attributes...)
		return
	}
	fmt.Fprintf(t.out, "mixstream: %s\n", message(text))
}

// isTerminal reports whether w is a terminal that supports more than lines.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(f.Fd()))
}

// hasColours reports whether w is a terminal with colours, and the user wants them
// (no-color.org).
func hasColours(w io.Writer) bool {
	return os.Getenv("NO_COLOR") == "" && isTerminal(w)
}
