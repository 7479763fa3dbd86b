package mix

import (
	"net/http"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/server"
)

// Server is the server of the contract: a server.Server of its events that answers in the
// contract's words. It is an http.Handler for the paths of the spec. All methods are safe for
// concurrent use.
type Server struct {
	*server.Server[gen.Event]
	handler http.Handler
}

// NewServer returns a server. The options are those of package server. The server answers an
// error with the ErrorResponse of the spec, unless server.WithErrorBody says otherwise.
func NewServer(opts ...server.Option) (*Server, error) {
	own := []server.Option{server.WithErrorBody(errorBody)}
	srv, err := server.New(gen.StreamEvents, append(own, opts...)...)
	if err != nil {
		return nil, err
	}
	s := &Server{Server: srv}
	if s.handler, err = s.Handler(HandlerOptions{}); err != nil {
		return nil, err
	}
	return s, nil
}

// ServeHTTP serves the operations of the spec at their paths.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }
