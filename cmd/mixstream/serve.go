package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
	"github.com/mixstream/mixstream/server/inspector"
)

type serve struct {
	config *config
	listen string
	ops    string // an address
	strict bool
	demo   bool
	dir    string

	log                 logFlags
	tokenFile           string
	tlsCert, tlsKey     string
	cors                crossOrigin
	maxStreams          int
	maxStreamsOfSession int
	maxStreamsOfClient  int
	sendBuffer          int
	heartbeat           time.Duration
	maxConnectionAge    time.Duration
	attached            bool

	readOnly             bool
	maxPublishes         int
	maxPublishesOfClient int
	publishIdle          time.Duration

	noInspector bool
	hosts       []string

	shutdownTimeout time.Duration
	level           level
	json            bool
}

func newServe() *cobra.Command { return newServeOf(new(serve)) }

// newServeOf returns the command whose flags set s.
func newServeOf(s *serve) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the streams of sessions, and a page to look at them",
		Long: `Serves /stream, and at / an inspector: a page that shows a session live. The command
reads events from standard input, one JSON object a line:

  {"session":"s1","event":"content","data":{"type":"content","content":"Hello"}}

It reports any other line on standard error, with its number, and skips it. At the end
of standard input the server continues.

` + logHelp + `

With a log in memory, a restart of the server is a gap for its readers; with the other
logs they continue where they were. Several servers on one log on NATS or in PostgreSQL
serve the same sessions: a reader may reconnect to any of them.

The server also accepts events over HTTP (see mixstream publish), unless --read-only
is set. A request needs a bearer token if there are tokens. Without tokens, only a
server on a loopback address accepts events.

` + opsHelp + `

SIGINT or SIGTERM ends the streams in order, within --shutdown-timeout; a second
signal ends them at once.

Without bearer tokens, everybody who reaches the address can read every session. The
tokens come from --token-file, one a line (empty lines and lines that begin with # are
ignored), and from the environment variable MIXSTREAM_TOKEN. A request then needs the
header "Authorization: Bearer TOKEN". Each token gives access to every session, for
reading and publishing. The server reads the file once, at the start. Without
--tls-cert the tokens travel unencrypted.

The server reads the files of --tls-cert and --tls-key again when they change, and on
SIGHUP; open connections continue.

On a loopback address the server answers only requests for this machine (localhost,
127.0.0.1) and for the hosts of --host, such as the host of a proxy.

A page of another origin can read the streams of a browser's user only if
--cors-origin names its origin.

` + configHelp,
		Example: `  agent | mixstream serve
  mixstream serve --listen 127.0.0.1:9000 --strict-sessions
  mixstream serve --demo --dir ~/src/project
  mixstream serve --log file:/var/lib/mixstream
  mixstream serve --log nats://nats-1:4222,nats://nats-2:4222 --log-replicas 3
  mixstream serve --log postgres://app@db.example.com/shop
  mixstream serve --token-file tokens.txt --cors-origin https://app.example.com`,
		Args: cobra.NoArgs,
		PreRunE: func(cmd *cobra.Command, _ []string) (err error) {
			s.config, err = configure(cmd.Flags())
			return err
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return s.config.locate(s.run(cmd)) },
	}
	cmd.Flags().String(configFlag, "", "a YAML file with values for these flags")
	cmd.Flags().StringVar(&s.listen, "listen", "127.0.0.1:8080", "the address to listen on")
	cmd.Flags().StringVar(&s.ops, "ops-listen", "", "a separate address for /healthz, /readyz and /metrics, which then need no token")
	cmd.Flags().BoolVar(&s.strict, "strict-sessions", false, "answer 404 for a session before its first event")
	cmd.Flags().BoolVar(&s.demo, "demo", false, "run the demonstration agent in the session \"demo\", again and again, instead of reading events")
	cmd.Flags().StringVar(&s.dir, "dir", ".", "the folder that the demonstration agent examines")
	s.log.add(cmd.Flags(), "memory")
	cmd.Flags().StringVar(&s.tokenFile, "token-file", "", "a file of bearer tokens; a request needs one of them")
	cmd.Flags().StringVar(&s.tlsCert, "tls-cert", "", "serve HTTPS, with the certificate in this file")
	cmd.Flags().StringVar(&s.tlsKey, "tls-key", "", "the file with the certificate's key")
	cmd.Flags().StringArrayVar(&s.cors.origins, "cors-origin", nil, "an origin whose pages may read the streams, such as https://app.example.com, or *; repeatable")
	cmd.Flags().BoolVar(&s.cors.credentials, "cors-credentials", false, "let these pages send cookies, for a proxy in front; not together with *")
	cmd.Flags().IntVar(&s.maxStreams, "max-streams", 20_000, "how many streams may be open; 0 is no limit")
	cmd.Flags().IntVar(&s.maxStreamsOfSession, "max-streams-per-session", 10_000, "how many streams of one session may be open; 0 is no limit")
	cmd.Flags().IntVar(&s.maxStreamsOfClient, "max-streams-per-client", 0, "how many streams of one client, an address with a token, may be open; 0 is no limit")
	cmd.Flags().BoolVar(&s.readOnly, "read-only", false, "accept no events over HTTP")
	cmd.Flags().IntVar(&s.maxPublishes, "max-publishes", 1000, "how many requests may publish at once; 0 is no limit")
	cmd.Flags().IntVar(&s.maxPublishesOfClient, "max-publishes-per-client", 250, "how many requests of one client, an address with a token, may publish at once; 0 is no limit")
	cmd.Flags().DurationVar(&s.publishIdle, "publish-idle-timeout", 10*time.Minute, "how long a request that publishes may continue without a complete event; 0 is no limit")
	cmd.Flags().BoolVar(&s.noInspector, "no-inspector", false, "serve no page at /")
	cmd.Flags().StringArrayVar(&s.hosts, "host", nil, "a host, besides this machine, whose requests a loopback address answers; repeatable")
	cmd.Flags().IntVar(&s.sendBuffer, "send-buffer", 64<<10, "the kernel's send buffer of each connection, in bytes; 0 keeps the kernel's default")
	cmd.Flags().DurationVar(&s.heartbeat, "heartbeat", 15*time.Second, "how long a stream stays without an event before it gets a heartbeat")
	cmd.Flags().DurationVar(&s.maxConnectionAge, "max-connection-age", 0, "end each stream at this age, so that its client reconnects; 0 is no limit")
	cmd.Flags().BoolVar(&s.attached, "attached", false, "keep a goroutine for each stream, at 27 KB instead of 2 KB; a stream over TLS always has one")
	cmd.Flags().DurationVar(&s.shutdownTimeout, "shutdown-timeout", 15*time.Second, "how long an orderly shutdown may take")
	cmd.Flags().Var(&s.level, "level", "the least important messages to log")
	cmd.Flags().BoolVar(&s.json, "json", false, "print log and messages as JSON, one object a line")
	_ = cmd.RegisterFlagCompletionFunc("level", cobra.FixedCompletions(levels, cobra.ShellCompDirectiveNoFileComp)) // the flag exists
	_ = cmd.RegisterFlagCompletionFunc("log", completeLog)                                                          // the flag exists
	return cmd
}

func (s *serve) run(cmd *cobra.Command) (err error) {
	logger, tell := newLogger(cmd, s.level.Level), newTeller(cmd)
	if err := s.checkFlags(); err != nil {
		return asUsage(err)
	}
	accepted, err := s.accepted(cmd.Flags())
	if err != nil {
		return asUsage(err)
	}
	var folder files
	if s.demo {
		if folder, err = openFiles(s.dir); err != nil {
			return asUsage(fmt.Errorf("--dir: %w", err))
		}
	}
	end, err := s.open(logger)
	if err != nil {
		return err
	}
	defer end.close()
	// The log comes last, so that an address in use leaves no new log behind.
	events, closeLog, err := s.log.open(cmd.Context(), logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeLog()) }()
	log := &sessions{Log: events}
	o, err := newOps(logger)
	if err != nil {
		return err
	}
	srv, err := mix.NewServer(append(s.options(logger, log, accepted, isLoopback(end)), server.WithObserver(o.observer))...)
	if err != nil {
		return asUsage(err)
	}
	o.ready = srv.Ready
	o.observer.ObserveReady(gen.StreamEvents.ID, srv.Ready)
	closeOps, err := o.listen(cmd.Context(), s.ops, s.hosts, tell)
	if err != nil {
		return err
	}
	defer closeOps()
	handler, err := s.handler(srv, o, log, accepted, isLoopback(end))
	if err != nil {
		return asUsage(err)
	}
	hs := newHTTPServer(handler, logger)
	hs.ConnContext = server.SendBuffer(s.sendBuffer)
	served := end.serve(hs)
	tell.info("listening on "+end.url(), "url", end.url())
	if !s.noInspector {
		page := end.url() + "/" + s.fragment()
		tell.info("a session is shown at "+page, "inspector", page)
	}

	ctx, cancel := context.WithCancel(cmd.Context())
	defer cancel()
	source := make(chan error, 1)
	go func() {
		if s.demo {
			source <- runAgent(ctx, srv, folder)
		} else {
			source <- (&serveInput{srv: srv, tell: tell}).run(ctx, cmd.InOrStdin())
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
		case <-end.hangup:
			end.certificate.reload()
		case <-ctx.Done():
			return stopServer(srv, hs, s.shutdownTimeout)
		}
	}
}

// checkFlags checks the flags alone, so that wrong usage is reported before the command opens
// a port or a log.
func (s *serve) checkFlags() error {
	_, err := s.cors.wrap(nil)
	return cmp.Or(s.checkLimits(), err, checkAddress("listen", s.listen), checkAddress("ops-listen", s.ops), s.log.check())
}

// accepted returns the tokens of which a request needs one; none if it needs none.
func (s *serve) accepted(flags *pflag.FlagSet) (tokens, error) {
	if flags.Changed("token-file") && s.tokenFile == "" {
		return nil, errors.New("--token-file: names no file")
	}
	return loadTokens(s.tokenFile)
}

// checkLimits refuses values that cannot be limits.
func (s *serve) checkLimits() error {
	for _, limit := range []struct {
		flag string
		n    int
	}{{"max-streams", s.maxStreams}, {"max-streams-per-session", s.maxStreamsOfSession}, {"max-streams-per-client", s.maxStreamsOfClient},
		{"max-publishes", s.maxPublishes}, {"max-publishes-per-client", s.maxPublishesOfClient}, {"send-buffer", s.sendBuffer}} {
		if limit.n < 0 {
			return fmt.Errorf("--%s %d: must not be negative", limit.flag, limit.n)
		}
	}
	for _, limit := range []struct {
		flag string
		d    time.Duration
	}{{"shutdown-timeout", s.shutdownTimeout}, {"max-connection-age", s.maxConnectionAge}, {"publish-idle-timeout", s.publishIdle}} {
		if limit.d < 0 {
			return fmt.Errorf("--%s %v: must not be negative", limit.flag, limit.d)
		}
		if limit.d > 0 && limit.d < time.Millisecond {
			return fmt.Errorf("--%s %v: must be at least 1ms, or 0", limit.flag, limit.d)
		}
	}
	if s.heartbeat <= 0 {
		return fmt.Errorf("--heartbeat %v: must be positive", s.heartbeat)
	}
	if s.heartbeat < time.Millisecond {
		return fmt.Errorf("--heartbeat %v: must be at least 1ms", s.heartbeat)
	}
	return nil
}

// fragment returns the part of the page's address that names the session to show.
func (s *serve) fragment() string {
	if s.demo {
		return "#" + demoSession
	}
	return "#SESSION"
}

// options returns the options of the server.
func (s *serve) options(logger *slog.Logger, log eventlog.Log, accepted tokens, loopback bool) []server.Option {
	opts := []server.Option{
		server.WithLog(log),
		server.WithLogger(logger),
		server.WithSessions(func(context.Context, string) (bool, error) { return !s.strict, nil }),
		server.WithLimits(server.Limits{
			Streams:            cmp.Or(s.maxStreams, server.Unlimited),
			StreamsPerSession:  cmp.Or(s.maxStreamsOfSession, server.Unlimited),
			StreamsPerClient:   cmp.Or(s.maxStreamsOfClient, server.Unlimited),
			Publishes:          cmp.Or(s.maxPublishes, server.Unlimited),
			PublishesPerClient: cmp.Or(s.maxPublishesOfClient, server.Unlimited),
			SendBuffer:         server.Unlimited, // ConnContext sets it for all connections
			ClientKey:          accepted.client,
		}),
		server.WithTiming(server.Timing{
			Heartbeat:          s.heartbeat,
			MaxConnectionAge:   cmp.Or(s.maxConnectionAge, server.None),
			PublishIdleTimeout: cmp.Or(s.publishIdle, server.None),
		}),
	}
	if !s.attached {
		opts = append(opts, server.WithDetachedStreams())
	}
	if len(accepted) > 0 {
		opts = append(opts, server.WithAuthorizer(accepted.authorize))
	}
	if !s.readOnly && (loopback || len(accepted) > 0) {
		opts = append(opts, server.WithPublishAuthorizer(accepted.authorize))
	}
	return opts
}

// handler returns the server behind all its middlewares.
func (s *serve) handler(srv *mix.Server, o *ops, log *sessions, accepted tokens, loopback bool) (http.Handler, error) {
	handler, err := s.cors.wrap(srv)
	if err != nil {
		return nil, err
	}
	if !s.noInspector {
		if handler, err = inspector.New(gen.StreamEvents, handler, inspector.WithAgentView(), inspector.WithSessions(log.list(accepted.authorize))); err != nil {
			return nil, err
		}
	}
	handler = o.wrap(handler, accepted, s.ops != "")
	if loopback {
		handler = localHost(handler, s.hosts)
	}
	return handler, nil
}

// stopServer ends the streams in order, and then the server.
func stopServer(srv *mix.Server, hs *http.Server, within time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	err := srv.Shutdown(ctx)
	err = errors.Join(err, hs.Shutdown(ctx))
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("streams or requests did not end within --shutdown-timeout %v", within)
	}
	return err
}

// runAgent runs turns of the demonstration agent until the context is done.
func runAgent(ctx context.Context, srv *mix.Server, files files) error {
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

// bounded limits the time for a body that no handler reads, such as the body of any request
// that does not publish: net/http waits for it, and an orderly shutdown waits for net/http.
func bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if publishes := r.Method == http.MethodPost && r.URL.Path == "/stream"; !publishes && r.ProtoMajor == 1 && r.ContentLength != 0 {
			w.Header().Set("Connection", "close")
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(time.Second))
		}
		next.ServeHTTP(w, r)
	})
}

// newHTTPServer returns a server for streams: it limits only the time before an answer begins.
func newHTTPServer(h http.Handler, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           bounded(h),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
}
