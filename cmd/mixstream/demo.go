package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/excerpt"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
	"github.com/mixstream/mixstream/streamtest"
)

// demoSession is the session of the demonstration agent.
const demoSession = "demo"

type demo struct {
	dir   string
	cuts  int
	json  bool
	fault string
}

func newDemo() *cobra.Command {
	var d demo
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Stream a real session, cut it several times, and lose nothing",
		Long: `Starts a server on a free loopback port, and a small agent that examines the files
of a folder. A client reads the agent's session through a proxy that cuts the
connection in the middle of an event, again and again. At the end the command
compares the received events with the published ones: by id, name, JSON bytes and
order.

Exit status: 0 if no event was lost, doubled or reordered, 130 if interrupted, 2 for
wrong usage, 1 otherwise.`,
		Example: `  mixstream demo
  mixstream demo --dir ~/src/project --cuts 10
  mixstream demo --json | tail -n 1`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return d.run(cmd) },
	}
	cmd.Flags().StringVar(&d.dir, "dir", ".", "the folder that the agent examines")
	cmd.Flags().IntVar(&d.cuts, "cuts", 3, "how often the proxy cuts the connection")
	cmd.Flags().BoolVar(&d.json, "json", false, "print events and summary as JSON, one object a line")
	cmd.Flags().StringVar(&d.fault, "fault", "", "drop, double or swap one event in the proxy")
	_ = cmd.Flags().MarkHidden("fault") // the flag exists
	return cmd
}

func (d *demo) run(cmd *cobra.Command) error {
	if d.cuts < 0 || d.cuts > 10_000 {
		return asUsage(fmt.Errorf("--cuts %d: must be from 0 to 10000", d.cuts))
	}
	switch d.fault {
	case "", "drop", "double", "swap":
	default:
		return asUsage(fmt.Errorf("--fault %s: must be drop, double or swap", excerpt.Quote(d.fault)))
	}
	files, err := openFiles(d.dir)
	if err != nil {
		return asUsage(fmt.Errorf("--dir: %w", err))
	}
	ctx, cancel := context.WithCancel(cmd.Context())
	defer cancel()

	// Reconnections are quick, so that the demonstration takes no time.
	srv, err := mix.NewServer(server.WithTiming(server.Timing{Retry: 10 * time.Millisecond}), server.WithLogger(newLogger(cmd, slog.LevelInfo)))
	if err != nil {
		return err
	}
	serverURL, stopServer, err := listen(srv)
	if err != nil {
		return err
	}
	defer stopServer()
	disruptor := &disruptor{cuts: d.cuts, wait: 5, fault: d.fault}
	proxyURL, stopProxy, err := listen(streamtest.NewProxy(serverURL, disruptor.block))
	if err != nil {
		return err
	}
	defer stopProxy()

	var events comparison
	id, err := srv.CreateSession(ctx, demoSession, "A look at "+d.dir)
	if err != nil {
		return err
	}
	if err := events.acknowledged(id, string(gen.EventNameSessionCreated), nil); err != nil {
		return err
	}
	worked := make(chan error, 1)
	go func() {
		err := d.work(ctx, srv, files, &events)
		if err != nil {
			cancel()
		}
		worked <- err
	}()
	arrivals, connections, err := d.follow(ctx, cmd, proxyURL.String())
	cancel() // the agent has no follower any more
	if workErr := <-worked; workErr != nil && !errors.Is(workErr, context.Canceled) {
		return workErr
	}
	if err != nil {
		return err
	}
	events.check(arrivals)
	return d.report(cmd, &events, connections-1)
}

// work runs a turn of the agent, and then ends the session.
func (d *demo) work(ctx context.Context, srv *mix.Server, files files, events *comparison) error {
	a := &agent{files: files, pause: 4 * time.Millisecond, publish: func(ctx context.Context, e gen.Event) error {
		id, err := srv.Publish(ctx, demoSession, e)
		if err != nil {
			return err
		}
		name, _, err := gen.StreamEvents.Encode(e)
		if err != nil {
			return err
		}
		return events.acknowledged(id, name, e)
	}}
	if err := a.turn(ctx); err != nil {
		return err
	}
	id, err := srv.DeleteSession(ctx, demoSession)
	if err != nil {
		return err
	}
	return events.acknowledged(id, string(gen.EventNameSessionDeleted), nil)
}

// follow reads the session to its end and prints it.
func (d *demo) follow(ctx context.Context, cmd *cobra.Command, baseURL string) (arrivals []arrival, connections int, err error) {
	out := newPrinter(cmd.OutOrStdout())
	c, err := mix.NewClient(baseURL,
		client.WithRetryPolicy(client.RetryPolicy{InitialInterval: 20 * time.Millisecond, MaxInterval: 100 * time.Millisecond, MaxElapsedTime: 30 * time.Second}),
		client.WithHooks(client.Hooks{
			Connected: func(*http.Response) { connections++ },
			Retrying: func(r client.Retry) {
				if !d.json {
					out.line(yellow, "resume", fmt.Sprintf("after %s (%v)", r.LastEventID, r.Err))
				}
			},
		}))
	if err != nil {
		return nil, 0, err
	}
	stream, err := c.StreamEvents(ctx, demoSession, nil, client.FromStart())
	if err != nil {
		return nil, connections, err
	}
	defer stream.Close()
	for event, err := range stream.All() {
		if err != nil {
			return nil, connections, err
		}
		if d.json {
			err = out.json(eventJSON(event, stream.Raw()))
		} else {
			err = out.event(event, stream.Raw())
		}
		if err != nil {
			return nil, connections, err
		}
		if a, ok := toArrival(event, stream.Raw()); ok {
			arrivals = append(arrivals, a)
		}
	}
	out.endLine()
	return arrivals, connections, nil
}

// report prints the summary. It returns an error if an event was lost, doubled or reordered.
func (d *demo) report(cmd *cobra.Command, events *comparison, reconnects int) error {
	s := events.summary(reconnects)
	if d.json {
		line, err := json.Marshal(map[string]summary{"summary": s})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n", line)
		if err != nil {
			return err
		}
	} else {
		_, err := fmt.Fprintf(cmd.OutOrStdout(), "\n%d events of %d kinds published, %d received, %d lost, %d doubled, %d reordered, %d reconnections\n",
			s.Published, len(events.kinds), s.Received, s.Lost, s.Duplicates, s.Reordered, s.Reconnects)
		if err != nil {
			return err
		}
	}
	if s.clean() {
		return nil
	}
	return fmt.Errorf("the stream did not arrive as it was published: %d lost %v, %d doubled, %d reordered", s.Lost, events.missing(), s.Duplicates, s.Reordered)
}

// listen serves a handler on a free loopback port.
func listen(h http.Handler) (base *url.URL, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	hs := newHTTPServer(h, slog.New(slog.DiscardHandler))
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = hs.Serve(l) // returns when hs is closed
	}()
	stop = func() {
		_ = hs.Close() // nothing is left to serve
		<-done
	}
	return &url.URL{Scheme: "http", Host: l.Addr().String()}, stop, nil
}
