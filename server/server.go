package server

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/cleanpath"
)

// Server serves the streams of a log and publishes to it. It is an http.Handler
// for the paths of the spec. All methods are safe for concurrent use.
type Server struct {
	cfg     config
	began   time.Time // what instants are counted from
	log     eventlog.Log
	handler http.Handler
	readers readers
	streams streams
	workers workers
	wheel   wheel
	leaving leaving
	limits  limits

	publishers    limits        // of requests that publish
	stopReceiving chan struct{} // closed when draining begins

	warnNoDeadline sync.Once
}

// New returns a server. Without options it keeps its events in memory (see
// eventlog.Retention for how many), and serves sessions that were created, or
// published to.
func New(opts ...Option) (*Server, error) {
	cfg := defaultConfig()
	for _, o := range opts {
		o(&cfg)
	}
	if err := cfg.check(); err != nil {
		return nil, err
	}
	cfg.bound()
	s := &Server{
		cfg:     cfg,
		began:   time.Now(),
		log:     cfg.log,
		streams: streams{drained: make(chan struct{})},

		stopReceiving: make(chan struct{}),
	}
	if s.log == nil {
		s.log = eventlog.NewMemory(eventlog.Retention{})
	}
	s.workers.init()
	s.wheel.init(s)
	s.readers.first, s.readers.last = cfg.onFirstReader, cfg.onLastReader
	s.handler = s.routes()
	return s, nil
}

// ServeHTTP serves the operations of the spec. What is not a stream is answered
// with an ErrorResponse.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if circular(w) {
		s.cfg.logger.ErrorContext(r.Context(), "request failed", "path", r.URL.Path, "remote", r.RemoteAddr, "error", errCircular)
		writeError(w, http.StatusInternalServerError, gen.RESTErrorTypeInternalError, errCircular.Error())
		return
	}
	if !cleanpath.Is(r.URL.Path) {
		notFound(w)
		return
	}
	s.handler.ServeHTTP(w, keepPathValues(r))
}

// Readers returns how many streams of the session are open.
func (s *Server) Readers(sessionID string) int { return s.readers.count(sessionID) }

// operations implements the operations of the spec. Those that nobody has
// implemented yet answer 501.
type operations struct {
	gen.UnimplementedServer
	server *Server
}

// StreamEvents implements the operation streamEvents.
func (o operations) StreamEvents(ctx context.Context, request gen.StreamEventsRequestObject) (gen.StreamEventsResponseObject, error) {
	p := request.Params
	if err := o.server.checkSessionID(p.SessionID); err != nil {
		return gen.StreamEvents400JSONResponse{BadRequestJSONResponse: gen.BadRequestJSONResponse(badRequest("query parameter sessionId: " + err.Error()))}, nil
	}
	v, err := visitOf(ctx)
	if err != nil {
		return nil, err
	}
	if err := o.server.authorize(v.request, p.SessionID); err != nil {
		return nil, err
	}
	// The header wins: a browser repeats its first query for ever.
	var resume string
	if p.ResumeAfter != nil {
		resume = *p.ResumeAfter
	}
	if p.LastEventID != nil && *p.LastEventID != "" {
		resume = *p.LastEventID
	}
	return o.server.open(ctx, v, p.SessionID, resume)
}
