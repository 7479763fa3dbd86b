package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/internal/excerpt"
	"github.com/mixstream/mixstream/internal/logfolder"
	"github.com/mixstream/mixstream/internal/redact"
)

// expiresSoon is how long before its end check warns of a certificate.
const expiresSoon = 14 * 24 * time.Hour

// checkWithin bounds the check of a log that is elsewhere.
const checkWithin = 10 * time.Second

// verdict is the result of checking one part of a configuration.
type verdict string

const (
	ok      verdict = "ok"
	warning verdict = "warning"
	problem verdict = "problem"
)

// finding is a line of the report.
type finding struct {
	Verdict verdict `json:"verdict"`
	Subject string  `json:"subject"`
	Text    string  `json:"text"`
}

// check checks a configuration of serve.
type check struct {
	serve
	findings []finding
}

func newCheck() *cobra.Command {
	var c check
	cmd := newServeOf(&c.serve)
	cmd.Use = "check"
	cmd.Short = "Check a configuration of serve, without serving"
	cmd.Long = `Reads the flags of serve, its environment and its file, and prints a line for each part
that tells what is wrong. It serves nothing, and creates and changes no log.

` + configHelp + `

Exit status: 0 if serve would start, 2 if there is a problem.`
	cmd.Example = `  mixstream check --config /etc/mixstream.yaml
  mixstream check --log file:/var/lib/mixstream --json`
	var configErr error
	cmd.PreRunE = func(cmd *cobra.Command, _ []string) error {
		c.config, configErr = configure(cmd.Flags())
		return nil
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c.checkConfig(cmd.Flags(), configErr)
		c.run(cmd.Context(), cmd.Flags())
		return c.report(cmd.OutOrStdout())
	}
	cmd.Flags().Lookup("json").Usage = "print each line as a JSON object"
	return cmd
}

// found records the result of a check: a problem if err is not nil, otherwise text.
func (c *check) found(subject string, err error, text string) {
	if err != nil {
		c.note(problem, subject, redact.Text(c.config.locate(err).Error()))
		return
	}
	c.note(ok, subject, text)
}

func (c *check) note(v verdict, subject, text string) {
	c.findings = append(c.findings, finding{v, subject, excerpt.Text(text)})
}

func (c *check) checkConfig(flags *pflag.FlagSet, err error) {
	if err != nil {
		for text := range strings.SplitSeq(redact.Text(err.Error()), "\n") {
			c.note(problem, "configuration", text)
		}
	}
	if file := flags.Lookup(configFlag).Value.String(); file != "" && err == nil {
		c.note(ok, "configuration", file+" is read")
	}
	for _, name := range unknownVariables(flags) {
		c.note(warning, "configuration", name+" is set, but no flag has this variable")
	}
}

// unknownVariables returns the variables that seem to be meant for this command but have no
// effect.
func unknownVariables(flags *pflag.FlagSet) []string {
	known := []string{tokenVariable, natsCredsVariable, natsTokenVariable, natsUserVariable, natsPasswordVariable}
	flags.VisitAll(func(f *pflag.Flag) { known = append(known, variable(f.Name)) })
	var names []string
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		// Kubernetes sets these for a service with the name mixstream.
		if !strings.HasPrefix(name, "MIXSTREAM_") || strings.HasPrefix(name, "MIXSTREAM_SERVICE_") || strings.HasPrefix(name, "MIXSTREAM_PORT") {
			continue
		}
		if !slices.Contains(known, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// run checks the parts in the order in which serve needs them.
func (c *check) run(ctx context.Context, flags *pflag.FlagSet) {
	l, loopback := c.checkListen(ctx)
	if l != nil {
		defer l.Close() // only after checking the operators' address, which must differ
	}
	if c.ops != "" {
		c.checkOps(ctx)
	}
	accepted := c.checkTokens(flags, loopback)
	c.checkTLS(len(accepted) > 0 && !loopback)
	_, err := c.cors.wrap(http.NotFoundHandler())
	text := "pages of no other origin"
	if len(c.cors.origins) > 0 {
		text = "pages of " + strings.Join(c.cors.origins, ", ")
	}
	c.found("cors", err, text)
	c.found("limits", c.checkLimits(), fmt.Sprintf("%d streams, %d of a session", c.maxStreams, c.maxStreamsOfSession))
	if c.demo {
		_, err := openFiles(c.dir)
		c.found("demo", err, c.dir)
	}
	c.checkLog(ctx)
}

// checkListen returns the listener, if the address is free, and whether it is a loopback
// address.
func (c *check) checkListen(ctx context.Context) (l net.Listener, loopback bool) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", c.listen)
	if err != nil {
		c.found("listen", fmt.Errorf("--listen: %w", err), "")
		return nil, false
	}
	c.note(ok, "listen", c.listen+" is free")
	return l, isLoopback(l)
}

func (c *check) checkOps(ctx context.Context) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", c.ops)
	if err != nil {
		c.found("ops", fmt.Errorf("--ops-listen: %w", err), "")
		return
	}
	c.found("ops", l.Close(), c.ops+" is free, and needs no token")
}

func (c *check) checkTokens(flags *pflag.FlagSet, loopback bool) tokens {
	accepted, err := c.accepted(flags)
	switch {
	case err != nil:
		c.found("tokens", err, "")
	case len(accepted) > 0:
		c.note(ok, "tokens", fmt.Sprintf("%d are accepted", len(accepted)))
	case loopback:
		c.note(ok, "tokens", "none are needed, because the address is local to this machine")
	default:
		c.note(warning, "tokens", "none are needed: everybody who reaches the address can read every session; set --token-file or MIXSTREAM_TOKEN")
	}
	return accepted
}

func (c *check) checkTLS(exposed bool) {
	if c.tlsCert == "" && c.tlsKey == "" {
		if exposed {
			c.note(warning, "tls", "none: tokens travel in the clear, unless a proxy in front has TLS")
		} else {
			c.note(ok, "tls", "none")
		}
		return
	}
	pair, err := loadPair(c.tlsCert, c.tlsKey)
	if err != nil {
		c.found("tls", err, "")
		return
	}
	now, from, until := time.Now(), pair.Leaf.NotBefore, pair.Leaf.NotAfter
	text := c.tlsCert + " is valid until " + until.UTC().Format(time.RFC3339)
	switch {
	case now.After(until):
		c.note(problem, "tls", c.tlsCert+" has expired at "+until.UTC().Format(time.RFC3339)+": renew it")
	case now.Before(from):
		c.note(problem, "tls", c.tlsCert+" is valid only from "+from.UTC().Format(time.RFC3339))
	case now.Add(expiresSoon).After(until):
		c.note(warning, "tls", text+" only: renew it")
	default:
		c.note(ok, "tls", text)
	}
}

func (c *check) checkLog(ctx context.Context) {
	f := &c.log
	if f.log == "memory" {
		_, _, err := f.open(ctx, slog.New(slog.DiscardHandler))
		c.found("log", err, "in memory: the events are lost when the process ends")
		return
	}
	if isPostgres(f.log) {
		c.checkPostgres(ctx)
		return
	}
	o, err := f.options()
	if err != nil {
		c.found("log", err, "")
		return
	}
	if o.Dir != "" {
		if err = logfolder.Check(o.Dir); err != nil {
			err = f.errorf("%w", err)
		}
		c.found("log", err, o.Dir+" can be used")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, checkWithin)
	defer cancel()
	// Settings that serve would change in existing streams are not an error.
	f.existing, f.entries, f.bytes, f.age, f.idle = true, 0, 0, 0, 0
	_, closeLog, err := f.open(ctx, slog.New(slog.DiscardHandler))
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound):
		c.note(ok, "log", f.shown()+" is reached; its streams do not exist, serve would create them")
	case err != nil:
		c.found("log", err, "")
	default:
		c.found("log", closeLog(), f.shown()+" is reached, and its streams exist")
	}
}

// checkPostgres checks a log in PostgreSQL, and where it listens for notifications.
func (c *check) checkPostgres(ctx context.Context) {
	f := &c.log
	ctx, cancel := context.WithTimeout(ctx, checkWithin)
	defer cancel()
	pool, o, err := f.pool(ctx)
	if err != nil {
		c.found("log", err, "")
		return
	}
	defer closePool(pool)
	listen := o.Listen
	o.Listen = nil
	if err = pglog.Check(ctx, pool, o); err != nil {
		err = f.errorf("%w", advise(err))
	}
	c.found("log", err, f.shown()+" is reached, and its schema is as it must be")
	if err != nil || listen == nil {
		return
	}
	o.Listen = listen
	if err = pglog.Check(ctx, pool, o); err != nil {
		err = f.listenError(advise(err))
	}
	c.found("log", err, redact.URL(f.listen)+" is reached, and is the same database")
}

// report prints the findings, and returns an error if there is a problem.
func (c *check) report(w io.Writer) error {
	out := newPrinter(w)
	styles := map[verdict]string{ok: green, warning: yellow, problem: red}
	wrong := false
	for _, f := range c.findings {
		wrong = wrong || f.Verdict == problem
		if c.json {
			line, err := json.Marshal(f)
			if err != nil {
				return err
			}
			_ = out.json(append(line, '\n')) // out.err holds the error, too
		} else {
			out.line(styles[f.Verdict], string(f.Verdict), f.Subject+": "+f.Text)
		}
	}
	if out.err != nil {
		return out.err
	}
	if wrong {
		return asUsage(errReported)
	}
	return nil
}
