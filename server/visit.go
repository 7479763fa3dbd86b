package server

import (
	"context"
	"errors"
	"net/http"
)

// visit is one request, and what it holds until it is answered. It travels in the
// context, which is all that the generated code hands on.
type visit struct {
	request *http.Request
	stream  *attached // the stream that answers it
	slot    slot
}

type visitKey struct{}

// errNoVisit refuses what could be neither authorized nor counted.
var errNoVisit = errors.New("server: StreamEvents was called with a context that is not the request's")

// visitOf returns the visit that the context belongs to.
func visitOf(ctx context.Context) (*visit, error) {
	v, ok := ctx.Value(visitKey{}).(*visit)
	if !ok {
		return nil, errNoVisit
	}
	return v, nil
}

// visit serves a request, and then frees what it holds: also if a function of the
// application has panicked, or has not used the stream that it was given. The
// request as it came keeps its path values: the handler is given a copy.
func (s *Server) visit(w http.ResponseWriter, r *http.Request) {
	v := &visit{request: r}
	defer s.leave(v)
	s.handler.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), visitKey{}, v)))
}

// leave frees what the visit holds. It may be called more than once.
func (s *Server) leave(v *visit) {
	stream, slot := v.stream, v.slot
	*v = visit{request: v.request}
	defer s.limits.free(slot)
	if stream != nil {
		stream.reader.Close()
	}
}
