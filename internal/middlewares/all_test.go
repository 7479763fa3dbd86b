package middlewares_test

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/NYTimes/gziphandler"
	"github.com/alexedwards/scs/v2"
	gingzip "github.com/gin-contrib/gzip"
	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	chimiddleware "github.com/go-chi/chi/v5/middleware"
	"github.com/gorilla/handlers"
	"github.com/klauspost/compress/gzhttp"
	"github.com/labstack/echo/v4"
	echomiddleware "github.com/labstack/echo/v4/middleware"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/metric/noop"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
)

type handlerFunc = func(http.Handler) http.Handler

// middleware is a middleware around the server, or several.
type middleware struct {
	name     string
	make     func() (around handlerFunc, saw func() int) // saw: the most bytes of a body that it saw; nil if it does not tell
	encoding string                                      // of a stream
	header   string                                      // a header that it sets
	bare     bool                                        // it wraps no writer, so that a stream can be detached
	refused  bool                                        // the server refuses streams behind it
}

func single() []middleware {
	return []middleware{
		{name: "net/http alone", make: blind(), bare: true},
		{name: "http.MaxBytesHandler", make: blind(maxBytes), bare: true},

		{name: "chi, a router", make: blind(chiRouter()), bare: true},
		{name: "chi, what wraps no writer", make: blind(chiRouter(chimiddleware.Recoverer, chimiddleware.Throttle(100), chimiddleware.Timeout(time.Hour))), bare: true},
		{name: "chi, Logger", make: chiLogger},
		{name: "chi, Compress", make: blind(chiRouter(chimiddleware.Compress(5)))},
		{name: "chi, Compress of streams", make: blind(chiCompress), encoding: "gzip"},

		{name: "gorilla, what wraps no writer", make: blind(gorillaBare), bare: true},
		{name: "gorilla, LoggingHandler", make: gorillaLogger},
		{name: gorillaCompress, make: blind(handlers.CompressHandler), encoding: "gzip"},

		{name: "gin", make: blind(ginEngine())},
		{name: "gin, Logger and Recovery", make: blind(ginEngine(gin.LoggerWithWriter(io.Discard), gin.RecoveryWithWriter(io.Discard)))},
		{name: "gin, gzip", make: blind(ginGzip), encoding: "gzip"},

		{name: "echo", make: blind(echoEcho())},
		{name: "echo, Logger and Recover", make: blind(echoEcho(echoLogger, echomiddleware.Recover()))},
		{name: "echo, Gzip", make: blind(echoGzip), encoding: "gzip"},
		{name: "echo, BodyDump", make: echoBodyDump},

		{name: "gzhttp", make: blind(gzhttpOfAll), encoding: "gzip"},
		{name: "gzhttp, streams excepted", make: blind(gzhttpExcept("text/event-stream"))},
		{name: "gziphandler, other types", make: blind(gziphandlerOf("application/json"))},

		{name: "scs", make: blind(scsSessions), header: "Set-Cookie"},
		{name: "promhttp", make: prometheusHandlers},
		{name: "promhttp, InstrumentHandlerInFlight", make: blind(inFlight), bare: true},
		{name: "otelhttp", make: blind(openTelemetry)},

		{name: "otelhttp in gin in scs in chi, Compress", make: blind(openTelemetry, ginEngine(), scsSessions, chiCompress), encoding: "gzip", header: "Set-Cookie"},
		{name: "gin, gzip, in scs", make: blind(ginGzip, scsSessions), encoding: "gzip", header: "Set-Cookie"},
	}
}

const gorillaCompress = "gorilla, CompressHandler"

// all returns each middleware alone, and within two that hide http.Flusher: one provides a way
// to the wrapped writer, the other does not.
func all() (all []middleware) {
	all = append(all, middleware{name: "echo, Timeout", make: blind(echoTimeout), refused: true})
	for _, m := range single() {
		open, closed := m, m
		open.name += ", within only Unwrap"
		open.make, open.bare = within(m, onlyUnwrap), false
		open.refused = m.name == gorillaCompress // it then does not flush its compressor
		closed.name += ", within http.TimeoutHandler"
		closed.make, closed.refused = within(m, timeout), true
		all = append(all, m, open, closed)
	}
	return all
}

// blind makes middlewares, the outermost last, that do not report what they see.
func blind(middlewares ...handlerFunc) func() (handlerFunc, func() int) {
	return func() (handlerFunc, func() int) {
		return func(h http.Handler) http.Handler {
			for _, around := range middlewares {
				h = around(h)
			}
			return h
		}, nil
	}
}

// within makes a middleware within another one.
func within(m middleware, outer handlerFunc) func() (handlerFunc, func() int) {
	return func() (handlerFunc, func() int) {
		inner, saw := m.make()
		return func(h http.Handler) http.Handler { return outer(inner(h)) }, saw
	}
}

func onlyUnwrap(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(unwraps{w}, r) })
}

// unwraps is a writer with exactly what http.ResponseController needs.
type unwraps struct{ http.ResponseWriter }

func (w unwraps) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func maxBytes(h http.Handler) http.Handler { return http.MaxBytesHandler(h, 1<<20) }

func timeout(h http.Handler) http.Handler { return http.TimeoutHandler(h, time.Hour, "too late") }

func chiRouter(middlewares ...handlerFunc) handlerFunc {
	return func(h http.Handler) http.Handler {
		r := chi.NewRouter()
		r.Use(middlewares...)
		r.Mount("/", h)
		return r
	}
}

var chiCompress = chiRouter(chimiddleware.Compress(5, "text/event-stream", "application/json"))

// logOf collects the log lines of a middleware.
type logOf struct {
	mu    sync.Mutex
	lines bytes.Buffer
}

func (l *logOf) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines.Write(p)
}

func (l *logOf) Print(v ...any) {
	for _, s := range v {
		_, _ = io.WriteString(l, s.(string)+"\n")
	}
}

// most returns the largest number of bytes in a line; the number stands before or after a
// word.
func (l *logOf) most(of func(line string) string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.lines.String()) {
		if bytes, err := strconv.Atoi(strings.TrimSpace(of(line))); err == nil {
			n = max(n, bytes)
		}
	}
	return n
}

func chiLogger() (handlerFunc, func() int) {
	var l logOf
	logger := chimiddleware.RequestLogger(&chimiddleware.DefaultLogFormatter{Logger: &l, NoColor: true})
	return chiRouter(logger), func() int {
		return l.most(func(line string) string { // "… - 200 354B in 1ms"
			before, _, _ := strings.Cut(line, "B in ")
			return before[strings.LastIndex(before, " ")+1:]
		})
	}
}

func gorillaBare(h http.Handler) http.Handler {
	return handlers.RecoveryHandler()(handlers.ProxyHeaders(handlers.CORS()(h)))
}

func gorillaLogger() (handlerFunc, func() int) {
	var l logOf
	return func(h http.Handler) http.Handler { return handlers.LoggingHandler(&l, h) }, func() int {
		return l.most(func(line string) string { return line[strings.LastIndex(line, " ")+1:] })
	}
}

func ginEngine(middlewares ...gin.HandlerFunc) handlerFunc {
	gin.SetMode(gin.ReleaseMode)
	return func(h http.Handler) http.Handler {
		e := gin.New()
		e.Use(middlewares...)
		e.Any("/stream", gin.WrapH(h))
		return e
	}
}

var ginGzip = ginEngine(gingzip.Gzip(gingzip.DefaultCompression))

func echoEcho(middlewares ...echo.MiddlewareFunc) handlerFunc {
	return func(h http.Handler) http.Handler {
		e := echo.New()
		e.Logger.SetOutput(io.Discard)
		e.Use(middlewares...)
		e.Any("/stream", echo.WrapHandler(h))
		return e
	}
}

var (
	echoLogger = echomiddleware.RequestLoggerWithConfig(echomiddleware.RequestLoggerConfig{
		LogResponseSize: true,
		LogValuesFunc:   func(echo.Context, echomiddleware.RequestLoggerValues) error { return nil },
	})
	echoGzip    = echoEcho(echomiddleware.Gzip())
	echoTimeout = echoEcho(echomiddleware.TimeoutWithConfig(echomiddleware.TimeoutConfig{Timeout: time.Hour}))
)

func echoBodyDump() (handlerFunc, func() int) {
	var mu sync.Mutex
	most := 0
	return echoEcho(echomiddleware.BodyDump(func(_ echo.Context, _, body []byte) {
			mu.Lock()
			defer mu.Unlock()
			most = max(most, len(body))
		})), func() int {
			mu.Lock()
			defer mu.Unlock()
			return most
		}
}

func gzhttpOfAll(h http.Handler) http.Handler { return gzhttp.GzipHandler(h) }

func gzhttpExcept(contentTypes ...string) handlerFunc {
	return func(h http.Handler) http.Handler {
		around, err := gzhttp.NewWrapper(gzhttp.ExceptContentTypes(contentTypes))
		if err != nil {
			panic(err)
		}
		return around(h)
	}
}

func gziphandlerOf(contentTypes ...string) handlerFunc {
	around, err := gziphandler.GzipHandlerWithOpts(gziphandler.ContentTypes(contentTypes))
	if err != nil {
		panic(err)
	}
	return around
}

// scsManager keeps a goroutine.
var scsManager = sync.OnceValue(scs.New)

// scsSessions has a session that each request changes.
func scsSessions(h http.Handler) http.Handler {
	m := scsManager()
	return m.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.Put(r.Context(), "seen", true)
		h.ServeHTTP(w, r)
	}))
}

func prometheusHandlers() (handlerFunc, func() int) {
	labels := []string{"code", "method"}
	seconds := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "seconds"}, labels)
	header := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "header_seconds"}, labels)
	size := prometheus.NewSummaryVec(prometheus.SummaryOpts{Name: "bytes"}, nil)
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "requests"}, labels)
	return func(h http.Handler) http.Handler {
			h = promhttp.InstrumentHandlerResponseSize(size, h)
			h = promhttp.InstrumentHandlerTimeToWriteHeader(header, h)
			return promhttp.InstrumentHandlerCounter(requests, promhttp.InstrumentHandlerDuration(seconds, h))
		}, func() int {
			var m dto.Metric
			if err := size.WithLabelValues().(prometheus.Metric).Write(&m); err != nil {
				panic(err)
			}
			return int(m.GetSummary().GetSampleSum())
		}
}

func inFlight(h http.Handler) http.Handler {
	return promhttp.InstrumentHandlerInFlight(prometheus.NewGauge(prometheus.GaugeOpts{Name: "in_flight"}), h)
}

func openTelemetry(h http.Handler) http.Handler {
	return otelhttp.NewHandler(h, "stream", otelhttp.WithTracerProvider(tracenoop.NewTracerProvider()), otelhttp.WithMeterProvider(noop.NewMeterProvider()))
}
