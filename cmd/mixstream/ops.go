package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/mixstream/mixstream"
	"github.com/mixstream/mixstream/internal/cleanpath"
	"github.com/mixstream/mixstream/server"
	"github.com/mixstream/mixstream/server/otelstream"
)

const opsHelp = `For operators: /healthz answers 200 while the process runs; /readyz answers 503 while
the server shuts down, or cannot reach or append to its log; /metrics serves metrics
for Prometheus, and needs a token if the streams do; /openapi.yaml is the spec. With
--ops-listen the first three move to a separate listener, without tokens and TLS.`

// ops serves the endpoints for the operators of a server.
type ops struct {
	observer *otelstream.Observer
	metrics  http.Handler
	logger   *slog.Logger
	ready    func(context.Context) error
	unready  atomic.Bool // the state that was logged last
}

// newOps returns an ops whose observer measures a server.
func newOps(logger *slog.Logger) (*ops, error) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	exporter, err := otelprometheus.New(otelprometheus.WithRegisterer(registry), otelprometheus.WithoutScopeInfo(), otelprometheus.WithoutTargetInfo())
	if err != nil {
		return nil, err
	}
	observer, err := otelstream.New(
		otelstream.WithMeterProvider(metric.NewMeterProvider(metric.WithReader(exporter))),
		otelstream.WithTracerProvider(tracenoop.NewTracerProvider()), otelstream.WithoutPublishSpans())
	if err != nil {
		return nil, err
	}
	return &ops{
		observer: observer,
		metrics:  promhttp.HandlerFor(registry, promhttp.HandlerOpts{}),
		logger:   logger,
	}, nil
}

// wrap adds the operators' paths to the handler of the main listener; with a listener of their
// own, it adds only the path of the spec.
func (o *ops) wrap(next http.Handler, accepted tokens, elsewhere bool) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", next)
	mux.HandleFunc("GET /openapi.yaml", spec)
	if !elsewhere {
		o.routes(mux, accepted)
	}
	return unlessUnclean(mux, next)
}

// unlessUnclean passes requests that the mux would redirect to another handler.
func unlessUnclean(mux *http.ServeMux, unclean http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !cleanpath.Is(r.URL.Path) {
			unclean.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// routes adds the paths that --ops-listen moves.
func (o *ops) routes(mux *http.ServeMux, accepted tokens) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", o.readyz)
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		var refused *server.RefusalError
		if err := accepted.authorize(r, ""); errors.As(err, &refused) {
			w.Header().Set("WWW-Authenticate", refused.Header.Get("WWW-Authenticate"))
			say(w, refused.Status, refused.Message)
			return
		}
		o.metrics.ServeHTTP(w, r)
	})
}

// readyz tells why the server is not ready. It hides details from strangers, such as the
// addresses of a log. The server logs those, once for each change.
func (o *ops) readyz(w http.ResponseWriter, r *http.Request) {
	err := o.ready(r.Context())
	switch {
	case err == nil:
		if o.unready.Swap(false) {
			o.logger.Info("ready again")
		}
		say(w, http.StatusOK, "ok")
		return
	case r.Context().Err() != nil: // the prober has left
		return
	}
	why, level := "the log of events cannot be reached or appended to", slog.LevelWarn
	if errors.Is(err, server.ErrDraining) {
		why, level = "shutting down", slog.LevelInfo
	}
	if !o.unready.Swap(true) {
		o.logger.Log(r.Context(), level, "not ready", "error", err)
	}
	say(w, http.StatusServiceUnavailable, why)
}

// listen serves the operators' paths on a separate address until closeOps is called. Without
// an address it does nothing.
func (o *ops) listen(ctx context.Context, address string, hosts []string, tell teller) (closeOps func(), err error) {
	if address == "" {
		return func() {}, nil
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("--ops-listen: %w", err)
	}
	mux := http.NewServeMux()
	o.routes(mux, nil)
	handler := unlessUnclean(mux, http.NotFoundHandler())
	if isLoopback(l) {
		handler = localHost(handler, hosts)
	}
	hs, done := newHTTPServer(handler, o.logger), make(chan struct{})
	go func() {
		defer close(done)
		if err := hs.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			o.logger.Error("no more health, readiness and metrics", "error", err)
		}
	}()
	url := "http://" + l.Addr().String()
	tell.info("health, readiness and metrics are at "+url, "ops", url)
	return func() {
		_ = hs.Close() // later requests get no answer
		<-done
	}, nil
}

// spec serves the OpenAPI document.
func spec(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/yaml") // RFC 9512
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(mixstream.Spec) // the client may have left
}

// say answers with a line of text.
func say(w http.ResponseWriter, status int, text string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	fmt.Fprintln(w, text)
}
