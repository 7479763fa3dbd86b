package main

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mixstream/mixstream/eventlog/natslog"
)

func newCopy() *cobra.Command {
	from, to := logFlags{name: "from"}, logFlags{}
	cmd := &cobra.Command{
		Use:   "copy --from LOG --log LOG",
		Short: "Copy a log, such as one restored from a backup, into a new one",
		Long: `Copies the sessions and the retained events of a log into another one, which must
be new and empty. The events get new ids, which are higher than any that the old log
has given out, so that readers of the old one are told a gap. Do so after a store was
restored from a backup, or has lost its end: used as it is, it would give out ids
again that readers have seen for other events, and nobody could tell.

The new log must have room for all of it: give it the --log-entries and --log-bytes of
the old one, if they were raised. Else copying fails.

No server may use either log meanwhile. Each is file:DIR or nats://HOST; --log-creds
and --log-ca are for whichever is on NATS.`,
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
			n, err := natslog.Copy(cmd.Context(), fresh, old)
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
	cmd.Flags().StringVar(&from.prefix, "from-prefix", "", "what its subjects begin with (default mixstream)")
	cmd.Flags().Bool("json", false, "print the number of events as JSON, and messages as well")
	to.add(cmd.Flags(), "")
	_ = cmd.RegisterFlagCompletionFunc("log", completeLog) // it is there
	_ = cmd.MarkFlagRequired("from")                       // it is there
	_ = cmd.MarkFlagRequired("log")                        // it is there
	return cmd
}
