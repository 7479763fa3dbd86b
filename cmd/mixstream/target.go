package main

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// target returns the target that the arguments name, and the remaining arguments. The caller
// must call closeLog after its last publish.
func (p *publish) target(cmd *cobra.Command, args []string) (to *mix.Client, closeLog func() error, rest []string, err error) {
	opts := []client.Option{client.WithHooks(client.Hooks{Retrying: func(r client.Retry) {
		newTeller(cmd).info(fmt.Sprintf("trying again in %v: %v", r.Delay.Round(time.Millisecond), r.Err))
	}})}
	if cmd.Flags().Changed("log") {
		to, closeLog, err = p.openLog(cmd, opts)
		return to, closeLog, args, err
	}
	token, err := bearerToken(p.token)
	if err != nil {
		return nil, nil, nil, asUsage(err)
	}
	if token != "" {
		opts = append(opts, client.WithHeader("Authorization", "Bearer "+token))
	}
	to, err = mix.NewClient(args[0], opts...)
	return to, func() error { return nil }, args[1:], asUsage(err)
}

// openLog opens the log and puts a private server before it. That server checks the events and
// makes repeating them safe, like any other.
func (p *publish) openLog(cmd *cobra.Command, opts []client.Option) (to *mix.Client, closeLog func() error, err error) {
	logger := newLogger(cmd, slog.LevelInfo)
	p.log.visiting = true
	log, closeLog, err := p.log.open(cmd.Context(), logger)
	if err != nil {
		return nil, nil, err
	}
	srv, err := mix.NewServer(server.WithLog(log), server.WithLogger(logger),
		server.WithPublishAuthorizer(func(*http.Request, string) error { return nil }))
	if err == nil {
		to, err = mix.NewClient("http://log", append(opts, client.WithHTTPClient(&http.Client{Transport: inProcess{srv}}))...)
	}
	if err != nil {
		_ = closeLog() // the first error says more
		return nil, nil, err
	}
	return to, closeLog, nil
}

// inProcess makes requests by calling a handler.
type inProcess struct{ handler http.Handler }

// RoundTrip implements http.RoundTripper.
func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	a := answer{header: make(http.Header), status: http.StatusOK}
	defer r.Body.Close()
	t.handler.ServeHTTP(&a, r.Clone(r.Context()))
	return &http.Response{
		Status:        fmt.Sprintf("%d %s", a.status, http.StatusText(a.status)),
		StatusCode:    a.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        a.header,
		Body:          io.NopCloser(&a.body),
		ContentLength: int64(a.body.Len()),
		Request:       r,
	}, nil
}

// answer records what a handler writes. It implements http.ResponseWriter.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }
