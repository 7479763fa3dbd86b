package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/excerpt"
	"github.com/mixstream/mixstream/mix"
)

type tail struct {
	lastEventID   string
	untilComplete bool
	json          bool
	token         string
}

func newTail() *cobra.Command {
	var t tail
	cmd := &cobra.Command{
		Use:   "tail URL SESSION",
		Short: "Follow a session, over any number of reconnections",
		Long: `Follows the stream of a session on a server, whose base URL is the first argument
(without "/stream"). The command prints events as they arrive, and reconnections to
standard error. It escapes characters with which a text could control the terminal;
only the text of an agent may have several lines.

The bearer token for the server comes from the environment variable MIXSTREAM_TOKEN,
or from --token, which every user of this machine can see in the list of processes.

The command gives up after 10 minutes without a connection, and at once if no server
can have the address. The server answers 404 for a session that it does not know: a
session exists from its first event on, or earlier if the server vouches for it, as
mixstream serve does without --strict-sessions.

Exit status: 0 if the stream ended (the session was deleted, or with --until-complete
the turn is complete), 3 if events were lost to a gap, 130 if interrupted, 2 for wrong
usage, 1 otherwise.`,
		Example: `  mixstream tail http://127.0.0.1:8080 demo
  mixstream tail http://127.0.0.1:8080 demo --last-event-id 0
  mixstream tail http://127.0.0.1:8080 demo --until-complete --json`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error { return t.run(cmd, args[0], args[1]) },
	}
	cmd.Flags().StringVar(&t.lastEventID, "last-event-id", "", "resume after this id; 0 means all retained events")
	cmd.Flags().BoolVar(&t.untilComplete, "until-complete", false, "end after the next complete event")
	cmd.Flags().StringVar(&t.token, "token", "", "the bearer token to send; MIXSTREAM_TOKEN keeps it out of the list of processes")
	cmd.Flags().BoolVar(&t.json, "json", false, "print each event as a JSON object a line, with its data unchanged")
	return cmd
}

func (t *tail) run(cmd *cobra.Command, url, session string) error {
	opts := []client.Option{client.WithHooks(client.Hooks{Retrying: func(r client.Retry) {
		newTeller(cmd).info(fmt.Sprintf("reconnecting in %v: %v", r.Delay.Round(time.Millisecond), r.Err))
	}})}
	token, err := bearerToken(t.token)
	if err != nil {
		return asUsage(err)
	}
	if token != "" {
		opts = append(opts, client.WithHeader("Authorization", "Bearer "+token))
	}
	if t.untilComplete {
		opts = append(opts, mix.UntilComplete())
	}
	c, err := mix.NewClient(url, opts...)
	if err != nil {
		return asUsage(err)
	}
	stream, err := c.StreamEvents(cmd.Context(), session, &t.lastEventID)
	if err != nil {
		return t.explain(err, t.lastEventID)
	}
	defer stream.Close()
	out := newPrinter(cmd.OutOrStdout())
	defer out.endLine()
	for event, err := range stream.All() {
		if err != nil {
			out.endLine()
			return t.explain(err, stream.LastEventID())
		}
		if t.json {
			err = out.json(eventJSON(event, stream.Raw()))
		} else {
			err = out.event(event, stream.Raw())
		}
		if err != nil {
			return err
		}
	}
	return out.err
}

// explain adds to an error how to continue.
func (t *tail) explain(err error, lastEventID string) error {
	var gap *client.GapError
	var refused *mix.ErrorResponse
	switch {
	case errors.As(err, &refused) && refused.Type == gen.RESTErrorTypeNotFound:
		return fmt.Errorf("%w; a session exists from its first event on, or earlier if the server vouches for it: mixstream serve does so without --strict-sessions, a server in Go with server.WithSessions", err)
	case errors.As(err, &gap):
		return fmt.Errorf("%w; continue after the gap with --last-event-id %s", err, excerpt.Text(gap.ResumeFrom))
	case errors.Is(err, context.Canceled) && lastEventID != "":
		return fmt.Errorf("%w; continue with --last-event-id %s", errInterrupted, excerpt.Text(lastEventID))
	case errors.Is(err, context.Canceled):
		return errInterrupted
	}
	return err
}
