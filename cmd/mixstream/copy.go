package main

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mixstream/mixstream/internal/natscopy"
)

func newCopy() *cobra.Command {
	from, to := logFlags{name: "from"}, logFlags{}
	cmd := &cobra.Command{
		Use:   "copy --from LOG --log LOG",
		Short: "Copy a log, such as one restored from a backup, into a new one",
		Long: `Copies the sessions and the retained events of a log into another one, which must
be new and empty. The events get new ids, higher than any id of the old log, so that
readers of the old log learn of a gap. Do this after you restored a store from a
backup, or after it lost its end: such a store would give new events ids that readers
know from other events, and no reader could notice.

The new log must have room for everything: if you raised the limits of the old log,
set --log-entries and --log-bytes to the same values. Otherwise copying fails.

No server may use either log meanwhile. Each is file:DIR or nats://HOST; --log-creds
and --log-ca apply to the one on NATS.`,
		Example: `  mixstream copy --from file:/backup/mixstream --log file:/var/lib/mixstream
  mixstream copy --from nats://nats-1:4222 --from-stream OLD --log nats://nats-1:4222 --log-stream NEW --log-prefix new`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			logger := newLogger(cmd, slog.LevelInfo)
			from.creds, from.ca = to.creds, to.ca
			if !isNATS(from.log) {
				from.creds, from.ca = "", ""
			} else if !isNATS(to.log) {
				to.creds, to.ca = "", ""
			}
			from.existing = true
			_, fromErr := from.options()
			_, toErr := to.options()
			if err := cmp.Or(fromErr, toErr); err != nil {
				return asUsage(err)
			}
			if dir, isFile := strings.CutPrefix(from.log, "file:"); isFile {
				if _, err := os.Stat(dir); err != nil {
					return asUsage(fmt.Errorf("--from: %w", err))
				}
			}
			old, closeOld, err := from.openNATS(cmd.Context(), logger)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, closeOld()) }()
			fresh, closeFresh, err := to.openNATS(cmd.Context(), logger)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, closeFresh()) }()
			n, err := natscopy.Copy(cmd.Context(), fresh, old)
			switch {
			case err != nil:
			case wantsJSON(cmd):
				_, err = fmt.Fprintf(cmd.OutOrStdout(), `{"count":%d}`+"\n", n)
			default:
				fmt.Fprintf(cmd.ErrOrStderr(), "mixstream: %d events copied\n", n)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&from.log, "from", "", "the log to copy: file:DIR or nats://HOST")
	cmd.Flags().StringVar(&from.stream, "from-stream", "", "the name of its stream (default MIXSTREAM)")
	cmd.Flags().StringVar(&from.prefix, "from-prefix", "", "the prefix of its subjects (default mixstream)")
	cmd.Flags().Bool("json", false, "print the number of events and all messages as JSON")
	to.add(cmd.Flags(), "")
	_ = cmd.RegisterFlagCompletionFunc("log", completeLog) // the flag exists
	_ = cmd.MarkFlagRequired("from")                       // the flag exists
	_ = cmd.MarkFlagRequired("log")                        // the flag exists
	return cmd
}
