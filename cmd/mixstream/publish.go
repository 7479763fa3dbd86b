package main

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/mixstream/mixstream/server"
)

func newPublish() *cobra.Command {
	var flags logFlags
	cmd := &cobra.Command{
		Use:   "publish --log nats://HOST",
		Short: "Publish events to the log of a server, without the server",
		Long: `Reads events from standard input, one JSON object a line as for serve, and
publishes them to a log that servers read, until the end of standard input. A line
that is no event, or was not published, is reported on standard error with its
number; the exit status is then 1.

While the log cannot be reached, publishing waits for it.

` + logHelp + `

A log in memory is of no use here, and a file: log can be used only while no server
has it open.`,
		Example: `  agent | mixstream publish --log nats://nats-1:4222,nats://nats-2:4222
  mixstream publish --log file:/var/lib/mixstream < events.jsonl`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if flags.log == "memory" {
				return errors.New("--log memory: it would be gone with this process")
			}
			log, closeLog, err := flags.open(cmd.Context(), slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil)))
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, closeLog()) }()
			srv, err := server.New(server.WithLog(log))
			if err != nil {
				return err
			}
			f := &feed{srv: srv, complain: cmd.ErrOrStderr()}
			if err := f.run(cmd.Context(), cmd.InOrStdin()); err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "mixstream: %d events published\n", f.published)
			if f.failed > 0 {
				return fmt.Errorf("%d lines were not published", f.failed)
			}
			return nil
		},
	}
	flags.add(cmd.Flags(), "")
	_ = cmd.MarkFlagRequired("log") // it is there
	return cmd
}
