package server

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/mixstream/mixstream/gen"
)

// routes puts the generated router behind what it does not do: it answers other
// methods and paths in plain text, and serves HEAD by GET handlers.
func (s *Server) routes() http.Handler {
	var impl gen.StrictServerInterface = operations{server: s}
	if s.cfg.operations != nil {
		impl = s.cfg.operations(impl)
	}
	strict := gen.NewStrictHandlerWithOptions(impl, []gen.StrictMiddlewareFunc{s.visit}, gen.StrictHTTPServerOptions{
		RequestErrorHandlerFunc:  s.refuseRequest,
		ResponseErrorHandlerFunc: s.fail,
	})
	generated := gen.HandlerWithOptions(strict, gen.StdHTTPServerOptions{
		BaseURL:          s.cfg.basePath,
		ErrorHandlerFunc: s.refuseRequest,
	})

	methods := make(map[string][]string)
	streaming := make(map[string]bool)
	for _, op := range gen.Operations() {
		streaming[op.Path] = streaming[op.Path] || op.Streaming
		methods[op.Path] = append(methods[op.Path], op.Method)
	}
	mux := http.NewServeMux()
	for path, allowed := range methods {
		slices.Sort(allowed)
		handle := func(w http.ResponseWriter, r *http.Request) {
			if r = s.admit(w, r, allowed); r != nil {
				generated.ServeHTTP(w, r)
			}
		}
		if streaming[path] {
			handle = s.watchRefusals(handle)
		}
		mux.HandleFunc(s.cfg.basePath+path, handle)
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeError(w, http.StatusNotFound, gen.RESTErrorTypeNotFound, "there is nothing at this path")
	})
	return mux
}

// admit returns the request for the generated router, or answers it and returns
// nil. It is apart, and not inlined, because the stack of whoever calls that router
// lives as long as the stream: each of its pages counts once for every reader.
//
//go:noinline
func (s *Server) admit(w http.ResponseWriter, r *http.Request, allowed []string) *http.Request {
	if !slices.Contains(allowed, r.Method) {
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		writeError(w, http.StatusMethodNotAllowed, gen.RESTErrorTypeBadRequest, "method "+r.Method+" is not allowed here")
		return nil
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil { // the generated router would leave out what it cannot parse, be it the position
		s.refuseRequest(w, r, err)
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
// with a gap event; the generated router would refuse the request.
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
		writeError(w, http.StatusInternalServerError, gen.RESTErrorTypeInternalError, errNoFlush.Error())
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
