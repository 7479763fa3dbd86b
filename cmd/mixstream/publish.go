package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/gen"
)

type publish struct {
	token string
}

// target is what events are published to.
type target interface {
	// publish publishes events that are lines of JSON. Where a line is refused, the
	// error is a *client.PublishError.
	publish(ctx context.Context, session string, lines []byte) (gen.PublishResult, error)
}

func newPublish() *cobra.Command {
	var p publish
	cmd := &cobra.Command{
		Use:   "publish URL SESSION [EVENT JSON]",
		Short: "Publish events to a session",
		Long: `Publishes an event to a session, on a server whose base URL is given (without
"/stream"), and prints its id. Without an event, events are read from standard
input, one JSON object a line, and each is published as soon as it has come:

  {"event":"content","data":{"type":"content","content":"Hello"}}

A failed request is repeated for up to 100 s, and never publishes an event twice. At
a line that the server refuses the command ends; the lines before it are published.
At the end it prints how many events were published, with the first and the last id.

A server that asks for a bearer token is given the one in the environment variable
MIXSTREAM_TOKEN, or that of --token, which every user of this machine can see in
the list of processes.

Exit status: 0 when everything was published, 1 otherwise.`,
		Example: `  mixstream publish http://127.0.0.1:8080 demo content '{"type":"content","content":"Hello"}'
  agent | mixstream publish http://127.0.0.1:8080 demo`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 && len(args) != 4 {
				return fmt.Errorf("needs URL and SESSION, and perhaps EVENT and JSON: received %d arguments", len(args))
			}
			return nil
		},
		RunE: p.run,
	}
	cmd.Flags().StringVar(&p.token, "token", "", "the bearer token to send; MIXSTREAM_TOKEN keeps it out of the list of processes")
	return cmd
}

func (p *publish) run(cmd *cobra.Command, args []string) error {
	to, err := p.remote(args[0], cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	if len(args) == 4 {
		return publishOne(cmd, to, args[1], args[2], args[3])
	}
	out := &outflow{target: to, session: args[1]}
	if f, ok := cmd.ErrOrStderr().(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		out.progress = f
	}
	done := make(chan error, 1)
	go func() { done <- out.run(cmd.Context(), cmd.InOrStdin()) }()
	select {
	case err = <-done:
	case <-cmd.Context().Done(): // a read that is under way goes on until there is input
		select {
		case err = <-done:
		case <-time.After(time.Second):
			return errors.New("interrupted")
		}
	}
	out.report(true)
	if printErr := printResult(cmd.OutOrStdout(), out.result); err == nil {
		err = printErr
	}
	return err
}

// publishOne publishes one event and prints its id.
func publishOne(cmd *cobra.Command, to target, session, event, data string) error {
	var line bytes.Buffer
	fmt.Fprintf(&line, `{"event":%s,"data":`, quote(event))
	if err := json.Compact(&line, []byte(data)); err != nil {
		return fmt.Errorf("the data is not JSON: %w", err)
	}
	line.WriteByte('}')
	result, err := to.publish(cmd.Context(), session, line.Bytes())
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(cmd.OutOrStdout(), result.LastID)
	return err
}

func printResult(w io.Writer, result gen.PublishResult) error {
	text := fmt.Sprintf("%d events published", result.Count)
	if result.FirstID != "" {
		text += ", from " + result.FirstID
	}
	if result.LastID != "" {
		text += " to " + result.LastID
	}
	_, err := fmt.Fprintln(w, text)
	return err
}

// remote is a server that events are published to over HTTP.
type remote struct{ client *client.Client }

func (p *publish) remote(url string, complain io.Writer) (remote, error) {
	opts := []client.Option{client.OnRetry(func(r client.Retry) {
		fmt.Fprintf(complain, "mixstream: trying again in %v: %v\n", r.Delay.Round(time.Millisecond), r.Err)
	})}
	token, err := bearerToken(p.token)
	if err != nil {
		return remote{}, err
	}
	if token != "" {
		opts = append(opts, client.WithHeader("Authorization", "Bearer "+token))
	}
	c, err := client.New(url, opts...)
	return remote{c}, err
}

func (r remote) publish(ctx context.Context, session string, lines []byte) (gen.PublishResult, error) {
	return r.client.PublishLines(ctx, session, lines)
}
