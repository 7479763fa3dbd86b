package server

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/mixstream/mixstream/gen"
)

// handlerSet is the handlers of the generated code, by method and path. It takes the
// place of a router, whose stack every open stream would hold.
type handlerSet map[string]http.HandlerFunc

// HandleFunc implements gen.ServeMux.
func (g handlerSet) HandleFunc(pattern string, h func(http.ResponseWriter, *http.Request)) {
	g[pattern] = h
}

// ServeHTTP implements gen.ServeMux. It is not called.
func (handlerSet) ServeHTTP(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }

// routes puts a router before the generated handlers that does what a generated one
// does not: that answers other methods and paths in plain text, and serves HEAD by
// GET handlers.
func (s *Server) routes() http.Handler {
	var impl gen.StrictServerInterface = operations{server: s}
	if s.cfg.operations != nil {
		impl = s.cfg.operations(impl)
	}
	strict := gen.NewStrictHandlerWithOptions(impl, []gen.StrictMiddlewareFunc{s.visit}, gen.StrictHTTPServerOptions{
		RequestErrorHandlerFunc:  s.refuseRequest,
		ResponseErrorHandlerFunc: s.fail,
	})
	handlers := make(handlerSet)
	gen.HandlerWithOptions(strict, gen.StdHTTPServerOptions{
		BaseURL:          s.cfg.basePath,
		BaseRouter:       handlers,
		ErrorHandlerFunc: s.refuseRequest,
	})

	resources := make(map[string]*resource)
	for _, op := range gen.Operations() {
		path := s.cfg.basePath + op.Path
		res := resources[path]
		if res == nil {
			res = &resource{server: s, byMethod: make(map[string]http.HandlerFunc), plain: make(map[string]bool)}
			resources[path] = res
		}
		handler := handlers[op.Method+" "+path]
		if op.ID == publishEvents {
			if s.cfg.publishAuthorizer == nil {
				continue
			}
			handler = s.receivePublications(handler)
		}
		res.byMethod[op.Method] = handler
		res.plain[op.Method] = !op.Streaming
		res.streaming = res.streaming || op.Streaming
	}
	mux := http.NewServeMux()
	for path, res := range resources {
		res.allowed = strings.Join(slices.Sorted(maps.Keys(res.byMethod)), ", ")
		mux.Handle(path, res)
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { notFound(w) })
	return mux
}

func notFound(w http.ResponseWriter) {
	writeError(w, http.StatusNotFound, gen.RESTErrorTypeNotFound, "there is nothing at this path")
}

// resource is what is at one path.
type resource struct {
	server    *Server
	byMethod  map[string]http.HandlerFunc
	allowed   string          // the methods, as in the header Allow
	plain     map[string]bool // those that answer without a stream
	streaming bool            // one of them is a stream
}

// ServeHTTP implements http.Handler. Its stack lives as long as a stream: whatever
// can be elsewhere is in functions that are not inlined, since each page of the stack
// counts once for every reader.
func (res *resource) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var told *answer // whether it is a refusal
	if res.streaming && !res.plain[r.Method] {
		if told = res.server.watchRefusal(w, r); told != nil {
			w = told
		}
	}
	if admitted := res.admit(w, r); admitted != nil {
		res.byMethod[admitted.Method](w, admitted)
	}
	if told != nil {
		res.server.tellRefusal(r, told)
	}
}

// admit returns the request for the generated handler, or answers it and returns nil.
//
//go:noinline
func (res *resource) admit(w http.ResponseWriter, r *http.Request) *http.Request {
	if res.byMethod[r.Method] == nil {
		w.Header().Set("Allow", res.allowed)
		endBody(w, r)
		writeError(w, http.StatusMethodNotAllowed, gen.RESTErrorTypeBadRequest, "method "+r.Method+" is not allowed here")
		return nil
	}
	if r.Method == http.MethodGet {
		boundBody(w, r)
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil { // the generated code would leave out what it cannot parse, be it the position
		res.server.refuseRequest(w, r, err)
		return nil
	}
	return joinRepeated(r, query)
}

const (
	lastEventIDHeader = "Last-Event-Id" // in canonical form
	lastEventIDQuery  = "lastEventId"
	sessionIDQuery    = "sessionId"
)

// joinRepeated returns the request with a repeated last event ID made one, as
// RFC 9110, section 5.3, joins fields. That is no position, so the stream begins
// with a gap event; the generated code would refuse the request.
func joinRepeated(r *http.Request, query url.Values) *http.Request {
	if ids := r.Header[lastEventIDHeader]; len(ids) > 1 {
		r = r.Clone(r.Context())
		r.Header.Set(lastEventIDHeader, strings.Join(ids, ", "))
	}
	if ids := query[lastEventIDQuery]; len(ids) > 1 {
		query.Set(lastEventIDQuery, strings.Join(ids, ", "))
		r = r.Clone(r.Context())
		r.URL.RawQuery = query.Encode()
	}
	return r
}

// refuseRequest answers a request that the generated code could not bind.
func (s *Server) refuseRequest(w http.ResponseWriter, _ *http.Request, err error) {
	message := err.Error()
	var required *gen.RequiredParamError
	var format *gen.InvalidParamFormatError
	switch {
	case errors.As(err, &required):
		message = fmt.Sprintf("query parameter %s is required", required.ParamName)
	case errors.As(err, &format):
		message = fmt.Sprintf("parameter %s: %v", format.ParamName, format.Err)
	}
	writeError(w, http.StatusBadRequest, gen.RESTErrorTypeBadRequest, message)
}

// fail answers a request whose handler failed. What failed is for the log; the
// client learns only that the server did.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	var missing *gen.NotImplementedError
	refusal := cmp.Or(asRefusal(err), unavailable(err))
	switch {
	case refusal != nil:
		refusal.answer(w)
	case errors.As(err, &missing):
		writeError(w, http.StatusNotImplemented, gen.RESTErrorTypeInternalError, missing.Error())
	case errors.Is(err, errNoFlush):
		s.cfg.logger.ErrorContext(r.Context(), "stream refused", "session", s.sessionOf(r), "remote", r.RemoteAddr, "error", err)
		writeError(w, http.StatusInternalServerError, gen.RESTErrorTypeInternalError, errNoFlush.Error()) // without the writer's type
	case r.Context().Err() != nil:
		// The client has left, if no middleware and no http.Server ended the request:
		// then an empty 200 would tell the client that there is nothing to come back for.
		w.Header().Set("Retry-After", "1")
		writeError(w, http.StatusServiceUnavailable, gen.RESTErrorTypeUnavailable, "the request was ended by the server")
	default:
		s.cfg.logger.ErrorContext(r.Context(), "request failed", "path", r.URL.Path, "session", s.sessionOf(r), "remote", r.RemoteAddr, "error", err)
		writeError(w, http.StatusInternalServerError, gen.RESTErrorTypeInternalError, "internal error")
	}
}
