package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/server"
)

// stopWithin bounds a graceful shutdown.
const stopWithin = 15 * time.Second

type serve struct {
	listen string
	strict bool
	demo   bool
	dir    string
}

func newServe() *cobra.Command {
	var s serve
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the streams of sessions; events come from standard input",
		Long: `Serves /stream. Events are read from standard input, one JSON object a line:

  {"session":"s1","event":"content","data":{"type":"content","content":"Hello"}}

A line that is no such event is reported on standard error, with its number, and
skipped. At the end of standard input the server goes on. The events are kept in
memory: a restart of the server is told to its readers as a gap.

SIGINT or SIGTERM ends the streams in order, within 15 s; a second one at once.
There is no access control: whoever reaches the address can read every session.`,
		Example: `  agent | mixstream serve
  mixstream serve --listen 127.0.0.1:9000 --strict-sessions
  mixstream serve --demo --dir ~/src/project`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return s.run(cmd) },
	}
	cmd.Flags().StringVar(&s.listen, "listen", "127.0.0.1:8080", "the address to listen on")
	cmd.Flags().BoolVar(&s.strict, "strict-sessions", false, "answer 404 for a session before its first event")
	cmd.Flags().BoolVar(&s.demo, "demo", false, "run the demonstration agent in the session \"demo\", again and again, instead of reading events")
	cmd.Flags().StringVar(&s.dir, "dir", ".", "the folder that the demonstration agent looks at")
	return cmd
}

func (s *serve) run(cmd *cobra.Command) error {
	logger := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
	var folder files
	if s.demo {
		var err error
		if folder, err = openFiles(s.dir); err != nil {
			return fmt.Errorf("--dir: %w", err)
		}
	}
	srv, err := server.New(server.WithLogger(logger), server.WithSessions(func(context.Context, string) (bool, error) {
		return !s.strict, nil
	}))
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", s.listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	hs := newHTTPServer(srv)
	served := make(chan error, 1)
	go func() { served <- hs.Serve(l) }()
	fmt.Fprintf(cmd.ErrOrStderr(), "mixstream: listening on http://%s\n", l.Addr())

	ctx, cancel := context.WithCancel(cmd.Context())
	defer cancel()
	source := make(chan error, 1)
	go func() {
		if s.demo {
			source <- runAgent(ctx, srv, folder)
		} else {
			source <- (&feed{srv: srv, complain: cmd.ErrOrStderr()}).run(ctx, cmd.InOrStdin())
		}
	}()
	for {
		select {
		case err := <-served:
			return err
		case err := <-source:
			if err != nil && ctx.Err() == nil {
				logger.Error("no more events", "error", err)
			}
			source = nil
		case <-ctx.Done():
			return stopServer(srv, hs)
		}
	}
}

// stopServer ends the streams in order, and then the server.
func stopServer(srv *server.Server, hs *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	err := srv.Shutdown(ctx)
	return errors.Join(err, hs.Shutdown(ctx))
}

// runAgent lets the demonstration agent do one turn after the other.
func runAgent(ctx context.Context, srv *server.Server, files files) error {
	a := &agent{files: files, pause: 30 * time.Millisecond, publish: func(ctx context.Context, e gen.Event) error {
		_, err := srv.Publish(ctx, demoSession, e)
		return err
	}}
	for {
		if err := a.turn(ctx); err != nil {
			return err
		}
		select {
		case <-time.After(3 * time.Second):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// newHTTPServer returns a server for streams: only what comes before an answer
// has a limit in time.
func newHTTPServer(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
}
