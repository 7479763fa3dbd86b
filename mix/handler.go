package mix

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/cleanpath"
	"github.com/mixstream/mixstream/internal/excerpt"
)

// HandlerOptions configures Handler. The zero value serves the operations of the spec at
// their paths.
type HandlerOptions struct {
	// BasePath is a prefix of the paths, such as "/api", under which the server is mounted.
	BasePath string
	// Operations implements the operations that the application has added to the spec; if
	// it is nil, they answer 501. The handler does not call it for /stream. The authorizer
	// and the limits of streams do not apply to these operations. They may return
	// server.ErrUnauthorized, server.ErrForbidden or a *server.RefusalError.
	Operations gen.StrictServerInterface
}

// Handler returns a handler for the operations of the spec. It answers any other method or
// path with an ErrorResponse.
func (s *Server) Handler(o HandlerOptions) (http.Handler, error) {
	if b := o.BasePath; b != "" && (!strings.HasPrefix(b, "/") || path.Clean(b) != b || b == "/" || strings.ContainsAny(b, "{} \t")) {
		return nil, fmt.Errorf("mix: base path %s: it must begin with a slash, not end with one, be clean, and have no braces or spaces", excerpt.Quote(b))
	}
	h := &handler{path: o.BasePath + gen.StreamEvents.Path, stream: s.Server, rest: s.added(o)}
	h.allowed = gen.StreamEvents.Method
	if s.PublishesOverHTTP() {
		h.publisher = s.PublishHandler()
		h.allowed += ", " + http.MethodPost
	}
	return h, nil
}

// handler serves the stream, and the requests that publish to it.
type handler struct {
	path      string
	stream    http.Handler
	publisher http.Handler // nil if publishing over HTTP is off
	allowed   string       // the methods at path, as in the header Allow
	rest      http.Handler // serves all other paths
}

// ServeHTTP implements http.Handler. It is short since its stack lasts as long as a stream.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path != h.path:
		h.rest.ServeHTTP(w, r)
	case r.Method == gen.StreamEvents.Method:
		h.stream.ServeHTTP(w, r)
	case r.Method == http.MethodPost && h.publisher != nil:
		h.publisher.ServeHTTP(w, r)
	default: // the server refuses it, and tells its observer
		w.Header().Set("Allow", h.allowed)
		h.stream.ServeHTTP(w, r)
	}
}

func notAllowed(w http.ResponseWriter, r *http.Request, allowed string) {
	w.Header().Set("Allow", allowed)
	if r.ProtoMajor == 1 && r.ContentLength != 0 {
		w.Header().Set("Connection", "close") // the body stays unread
	}
	writeError(w, http.StatusMethodNotAllowed, "method "+r.Method+" is not allowed here")
}

func notFound(w http.ResponseWriter, _ *http.Request) {
	writeError(w, http.StatusNotFound, "there is nothing at this path")
}

// handlerSet holds the handlers of the generated code by method and path.
type handlerSet map[string]http.HandlerFunc

// HandleFunc implements gen.ServeMux.
func (g handlerSet) HandleFunc(pattern string, h func(http.ResponseWriter, *http.Request)) {
	g[pattern] = h
}

// ServeHTTP implements gen.ServeMux. Nothing calls it.
func (handlerSet) ServeHTTP(w http.ResponseWriter, r *http.Request) { notFound(w, r) }

// added returns the handler for the operations that the application has added to the spec.
// The generated router answers unknown paths in plain text and routes HEAD to GET; this one
// does neither.
func (s *Server) added(o HandlerOptions) http.Handler {
	if o.Operations == nil {
		o.Operations = gen.UnimplementedServer{}
	}
	handlers := make(handlerSet)
	gen.HandlerWithOptions(gen.NewStrictHandlerWithOptions(o.Operations, nil, gen.StrictHTTPServerOptions{
		RequestErrorHandlerFunc:  refuseRequest,
		ResponseErrorHandlerFunc: s.fail,
	}), gen.StdHTTPServerOptions{BaseURL: o.BasePath, BaseRouter: handlers, ErrorHandlerFunc: refuseRequest})

	resources := make(map[string]resource)
	for pattern, h := range handlers {
		method, at, _ := strings.Cut(pattern, " ")
		if at == o.BasePath+gen.StreamEvents.Path {
			continue
		}
		if resources[at] == nil {
			resources[at] = make(resource)
		}
		resources[at][method] = h
	}
	mux := http.NewServeMux()
	for at, res := range resources {
		mux.Handle(at, res)
	}
	mux.HandleFunc("/", notFound)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !cleanpath.Is(r.URL.Path) { // the mux would redirect it
			notFound(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// resource holds the handlers of one path by method.
type resource map[string]http.HandlerFunc

// ServeHTTP implements http.Handler.
func (res resource) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h := res[r.Method]; h != nil {
		h(w, r)
		return
	}
	notAllowed(w, r, strings.Join(slices.Sorted(maps.Keys(res)), ", "))
}

// refuseRequest answers a request whose parameters the generated code cannot bind.
func refuseRequest(w http.ResponseWriter, _ *http.Request, err error) {
	message := err.Error()
	var required *gen.RequiredParamError
	var format *gen.InvalidParamFormatError
	switch {
	case errors.As(err, &required):
		message = fmt.Sprintf("query parameter %s is required", required.ParamName)
	case errors.As(err, &format):
		message = fmt.Sprintf("parameter %s: %v", format.ParamName, format.Err)
	}
	writeError(w, http.StatusBadRequest, message)
}

// fail answers a request whose operation failed.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	var missing *contract.NotImplementedError
	if errors.As(err, &missing) {
		writeError(w, http.StatusNotImplemented, missing.Error())
		return
	}
	s.WriteError(w, r, err)
}
