package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/excerpt"
	"github.com/mixstream/mixstream/internal/redact"
	"github.com/mixstream/mixstream/mix"
)

type publish struct {
	token string
	log   logFlags
}

func newPublish() *cobra.Command {
	var p publish
	cmd := &cobra.Command{
		Use:   "publish {URL | --log LOG} SESSION [EVENT JSON]",
		Short: "Publish events to a session, through a server or directly to its log",
		Long: `Publishes an event to a session and prints its id. Without an event it reads events
from standard input, one JSON object a line, and publishes each as soon as it arrives:

  {"event":"content","data":{"type":"content","content":"Hello"}}

The events go to a server, whose base URL is the first argument (without "/stream"),
or with --log directly to the log that servers read.

The command repeats a failed request for up to 100 s, also while the log cannot be
reached. It never publishes an event twice. It ends at a line that is refused; the
lines before it are published. At the end it prints how many events were published,
the first and the last id, and how many more may have been published if that is
unknown.

The bearer token for the server comes from the environment variable MIXSTREAM_TOKEN,
or from --token, which every user of this machine can see in the list of processes.

` + logHelp + `

A log in memory is of no use here, and the command can use a file: log only while no
server has it open. It deletes no old events of a log in PostgreSQL unless --log-entries,
--log-bytes or --log-age is set: the servers do.

Exit status: 0 if everything was published, 130 if interrupted, 2 for wrong usage, 1
otherwise.`,
		Example: `  mixstream publish http://127.0.0.1:8080 demo content '{"type":"content","content":"Hello"}'
  agent | mixstream publish http://127.0.0.1:8080 demo
  agent | mixstream publish --log nats://nats-1:4222,nats://nats-2:4222 demo
  agent | mixstream publish --log postgres://app@db.example.com/shop demo
  mixstream publish --log file:/var/lib/mixstream demo < events.jsonl`,
		Args: p.checkArgs,
		RunE: p.run,
	}
	cmd.Flags().StringVar(&p.token, "token", "", "the bearer token to send; MIXSTREAM_TOKEN keeps it out of the list of processes")
	cmd.Flags().Bool("json", false, "print the result and all messages as JSON")
	p.log.add(cmd.Flags(), "")
	_ = cmd.RegisterFlagCompletionFunc("log", completeLog) // the flag exists
	return cmd
}

// checkArgs refuses arguments that name no target, or two.
func (p *publish) checkArgs(cmd *cobra.Command, args []string) error {
	if !cmd.Flags().Changed("log") {
		if len(args) != 2 && len(args) != 4 {
			return fmt.Errorf("needs URL and SESSION, optionally EVENT and JSON, with --log instead of the URL: received %d arguments", len(args))
		}
		return checkNoLog(cmd.Flags())
	}
	switch {
	case len(args) > 0 && strings.Contains(args[0], "://"):
		return fmt.Errorf("needs a URL or --log, not both: received %s and --log %s", excerpt.Quote(redact.URL(args[0])), excerpt.Quote(p.log.shown()))
	case len(args) != 1 && len(args) != 3:
		return fmt.Errorf("with --log needs SESSION, optionally EVENT and JSON: received %d arguments", len(args))
	case cmd.Flags().Changed("token"):
		return errors.New("--token is for a URL, not for --log")
	case p.log.log == "memory":
		return errors.New("--log memory: the events would be lost when this process ends")
	}
	return nil
}

func (p *publish) run(cmd *cobra.Command, args []string) (err error) {
	var line []byte
	if n := len(args); n > 2 {
		if line, err = eventLine(args[n-2], args[n-1]); err != nil {
			return asUsage(err)
		}
	}
	to, closeLog, args, err := p.target(cmd, args)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeLog()) }()
	if line != nil {
		return publishOne(cmd, to, args[0], line)
	}
	out := &publishInput{client: to, session: args[0]}
	if isTerminal(cmd.ErrOrStderr()) && !wantsJSON(cmd) {
		out.progress = cmd.ErrOrStderr()
	}
	done := make(chan error, 1)
	go func() { done <- out.run(cmd.Context(), cmd.InOrStdin()) }()
	select {
	case err = <-done:
	case <-cmd.Context().Done(): // a blocked read continues until there is input
		select {
		case err = <-done:
		case <-time.After(time.Second):
			err = errInterrupted
		}
	}
	if !errors.Is(err, errInterrupted) {
		out.report(true)
	}
	if printErr := printResult(cmd, out.published()); err == nil {
		err = printErr
	}
	return err
}

// eventLine returns the line that publishes an event.
func eventLine(event, data string) ([]byte, error) {
	var line bytes.Buffer
	fmt.Fprintf(&line, `{"event":%s,"data":`, quote(event))
	if err := json.Compact(&line, []byte(data)); err != nil {
		return nil, fmt.Errorf("the data is not JSON: %w", err)
	}
	line.WriteByte('}')
	return line.Bytes(), nil
}

// publishOne publishes the event of a line and prints its id.
func publishOne(cmd *cobra.Command, to *mix.Client, session string, line []byte) error {
	result, err := to.PublishLines(cmd.Context(), session, line)
	if err != nil {
		return err
	}
	if wantsJSON(cmd) {
		return printResult(cmd, published{PublishResult: resultOf(result)})
	}
	_, err = fmt.Fprintln(cmd.OutOrStdout(), printable(excerpt.Text(result.LastID)))
	return err
}

// published is the result of a command.
type published struct {
	gen.PublishResult
	// Unknown is how many more events may have been published, because the answer was lost or
	// incomplete.
	Unknown int `json:"unknown,omitempty"`
}

// resultOf returns a result in the JSON form of the spec.
func resultOf(r client.PublishResult) gen.PublishResult {
	return gen.PublishResult{Count: r.Count, FirstID: r.FirstID, LastID: r.LastID}
}

func printResult(cmd *cobra.Command, result published) error {
	if wantsJSON(cmd) {
		line, err := json.Marshal(result)
		if err != nil {
			return err
		}
		return newPrinter(cmd.OutOrStdout()).json(append(line, '\n'))
	}
	text := fmt.Sprintf("%d events published", result.Count)
	if result.FirstID != "" {
		text += ", from " + result.FirstID
	}
	if result.LastID != "" {
		text += " to " + result.LastID
	}
	if result.Unknown > 0 {
		text += fmt.Sprintf("; %d more may have been published", result.Unknown)
	}
	_, err := fmt.Fprintln(cmd.OutOrStdout(), printable(excerpt.Text(text)))
	return err
}
