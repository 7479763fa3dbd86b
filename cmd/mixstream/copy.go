package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/internal/logcopy"
	"github.com/mixstream/mixstream/internal/natscopy"
	"github.com/mixstream/mixstream/internal/pgcopy"
)

func newCopy() *cobra.Command {
	from, to := logFlags{name: "from", existing: true}, logFlags{}
	cmd := &cobra.Command{
		Use:   "copy --from LOG --log LOG",
		Short: "Copy a log into a new one, of the same kind or another",
		Long: `Copies the sessions, the retained events and the deduplication keys of a log into
another one, which must be new and empty. The events get new ids, higher than any id of
the old log, so that readers of the old log learn of a gap. Do this to move from one
kind of log to another, and after you restored a store from a backup, or after it lost
its end: such a store would give new events ids that readers know from other events,
and no reader could notice.

Each log is file:DIR, nats://HOST or postgres://HOST/DATABASE. No server may use either
log meanwhile: copying fails if the old log gets an event. --log-creds and --log-ca
apply to the log on NATS. Run mixstream migrate before you copy to PostgreSQL.

The new log must have room for everything: if you raised the limits of the old log,
set --log-entries and --log-bytes to the same values, here and for the servers of the
new log. Otherwise copying fails.

If copying fails or is interrupted, run it again. A PostgreSQL database shows nothing of
a copy until it is finished. On NATS and in a folder, the next copy deletes what an
interrupted one has left; servers do not use it.

PostgreSQL keeps no names of deduplication keys. So a copy from there to another kind of
log waits, at the end, until the keys have expired: at most three minutes.`,
		Example: `  mixstream copy --from file:/backup/mixstream --log file:/var/lib/mixstream
  mixstream copy --from nats://nats-1:4222 --from-stream OLD --log nats://nats-1:4222 --log-stream NEW --log-prefix new
  mixstream copy --from file:/var/lib/mixstream --log postgres://owner@db.example.com/shop`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			n, err := copyLog(cmd.Context(), &to, &from, newLogger(cmd, slog.LevelInfo))
			switch {
			case err != nil:
			case wantsJSON(cmd):
				_, err = fmt.Fprintf(cmd.OutOrStdout(), `{"count":%d,"sessions":%d,"keys":%d}`+"\n", n.Entries, n.Sessions, n.Keys)
			default:
				fmt.Fprintf(cmd.ErrOrStderr(), "mixstream: %d events copied, %d sessions and %d keys\n", n.Entries, n.Sessions, n.Keys)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&from.log, "from", "", "the log to copy: file:DIR, nats://HOST or postgres://HOST/DATABASE")
	cmd.Flags().StringVar(&from.stream, "from-stream", "", "the name of its stream on NATS (default MIXSTREAM)")
	cmd.Flags().StringVar(&from.prefix, "from-prefix", "", "the prefix of its subjects on NATS (default mixstream)")
	cmd.Flags().StringVar(&from.schema, "from-schema", "", "its schema in PostgreSQL (default mixstream)")
	cmd.Flags().Bool("json", false, "print the numbers and all messages as JSON")
	to.add(cmd.Flags(), "")
	_ = cmd.RegisterFlagCompletionFunc("log", completeLog) // the flag exists
	_ = cmd.MarkFlagRequired("from")                       // the flag exists
	_ = cmd.MarkFlagRequired("log")                        // the flag exists
	return cmd
}

// copyLog copies one log into another.
func copyLog(ctx context.Context, to, from *logFlags, logger *slog.Logger) (n logcopy.Counts, err error) {
	from.creds, from.ca = to.creds, to.ca
	if !isNATS(from.log) {
		from.creds, from.ca = "", ""
	} else if !isNATS(to.log) {
		to.creds, to.ca = "", ""
	}
	if err := cmp.Or(from.checkCopied(), to.checkCopied()); err != nil {
		return n, asUsage(err)
	}
	source, closeSource, err := from.openSource(ctx, logger)
	if err != nil {
		return n, err
	}
	defer func() { err = errors.Join(err, closeSource()) }()
	target, closeTarget, err := to.openTarget(ctx, logger)
	if err != nil {
		source.Close()
		return n, err
	}
	defer func() { err = errors.Join(err, closeTarget()) }()
	n, err = logcopy.Copy(ctx, target, source, logcopy.Options{Logger: logger})
	return n, err
}

// checkCopied checks the flags of a log that is to be copied, or to be copied to.
func (f *logFlags) checkCopied() error {
	if isPostgres(f.log) {
		return f.check()
	}
	switch dir, isFile := strings.CutPrefix(f.log, "file:"); {
	case dir == "" || !isFile && !isNATS(f.log):
		return f.errorf("must be file:DIR, nats://HOST or postgres://HOST/DATABASE")
	case f.existing && f.schema != "":
		return errors.New("--from-schema is for a log in PostgreSQL")
	}
	if _, err := f.options(); err != nil {
		return err
	}
	if dir, isFile := strings.CutPrefix(f.log, "file:"); isFile && f.existing {
		if _, err := os.Stat(dir); err != nil {
			return fmt.Errorf("--from: %w", err)
		}
	}
	return nil
}

// openSource opens the log to copy.
func (f *logFlags) openSource(ctx context.Context, logger *slog.Logger) (s logcopy.Source, closeLog func() error, err error) {
	if isPostgres(f.log) {
		l, closeLog, err := f.openCopied(ctx)
		if err != nil {
			return nil, nil, err
		}
		s, err = pgcopy.Source(l)
		return toldSource{s, f}, closeLog, err
	}
	l, closeLog, err := f.openNATS(ctx, logger)
	if err != nil {
		return nil, nil, err
	}
	s, err = natscopy.Source(l)
	return s, closeLog, err
}

// openTarget opens the log to copy to.
func (f *logFlags) openTarget(ctx context.Context, logger *slog.Logger) (t logcopy.Target, closeLog func() error, err error) {
	if isPostgres(f.log) {
		l, closeLog, err := f.openCopied(ctx)
		if err != nil {
			return nil, nil, err
		}
		t, err = pgcopy.Target(l)
		return toldTarget{t, f}, closeLog, err
	}
	l, closeLog, err := f.openNATS(ctx, logger)
	if err != nil {
		return nil, nil, err
	}
	t, err = natscopy.Target(l)
	return t, closeLog, err
}

// openCopied returns a log in PostgreSQL to copy from or to. It connects to nothing yet.
func (f *logFlags) openCopied(ctx context.Context) (l pgcopy.Log, closeLog func() error, err error) {
	pool, o, err := f.pool(ctx)
	if err != nil {
		return l, nil, err
	}
	closeLog = func() error { closePool(pool); return nil }
	return pgcopy.Log{Pool: pool, Schema: o.Schema, Entries: o.Retention.Entries, Bytes: o.Retention.Bytes}, closeLog, nil
}

// toldSource is a log in PostgreSQL whose first error names it, and says what to do.
type toldSource struct {
	logcopy.Source
	flags *logFlags
}

func (s toldSource) Sessions(ctx context.Context) ([]logcopy.Session, error) {
	all, err := s.Source.Sessions(ctx)
	if missing, is := errors.AsType[*pglog.SchemaError](err); is && missing.Have == 0 {
		return nil, s.flags.errorf("the database has no schema %q of a log: name it with --from-schema", missing.Schema)
	}
	return all, s.flags.told(err)
}

// toldTarget is toldSource for a log to copy to.
type toldTarget struct {
	logcopy.Target
	flags *logFlags
}

func (t toldTarget) Begin(ctx context.Context, above uint64) (uint64, error) {
	start, err := t.Target.Begin(ctx, above)
	return start, t.flags.told(err)
}

// told returns an error of the database that names the log, and says what to do.
func (f *logFlags) told(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	return f.errorf("%w", advise(err))
}
