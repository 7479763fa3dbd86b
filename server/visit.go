package server

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/mixstream/mixstream/gen"
)

// visit is one request for a stream, and what it holds until the stream has ended.
// It travels as the request's context, which is all that the generated code hands on.
type visit struct {
	context.Context
	request *http.Request // nil once its stream is detached
	stream  *live         // the stream that answers it
	slot    slot
	claimed atomic.Bool // by whoever frees what is held
}

type visitKey struct{}

// Value implements context.Context.
func (v *visit) Value(key any) any {
	if key == (visitKey{}) {
		return v
	}
	return v.Context.Value(key)
}

// errNoVisit refuses what could be neither authorized nor counted.
var errNoVisit = errors.New("server: StreamEvents was called with a context that is not the request's")

// visitOf returns the visit that the context belongs to.
func visitOf(ctx context.Context) (*visit, error) {
	v, ok := ctx.Value(visitKey{}).(*visit)
	if !ok || v.request == nil {
		return nil, errNoVisit
	}
	return v, nil
}

// visit is a middleware of the generated code. What a stream holds is freed when it
// ends; what is held for a stream that does not come to that, since a function of
// the application has panicked or refused, is freed here.
//
// It gives the context to the operation alone: a request with that context would be
// a copy, which every open stream would hold.
func (s *Server) visit(next gen.StrictHandlerFunc, _ string) gen.StrictHandlerFunc {
	return func(ctx context.Context, w http.ResponseWriter, r *http.Request, request any) (response any, err error) {
		v := &visit{Context: ctx, request: asItCame(r)}
		defer func() {
			switch {
			case v.stream == nil || response == nil || err != nil:
				s.leave(v)
			case response == any(v.stream):
			default: // an answer of the application's, perhaps with the stream within it
				context.AfterFunc(ctx, func() {
					if v.claimed.CompareAndSwap(false, true) {
						s.leave(v)
					}
				})
			}
		}()
		return next(v, w, r, request)
	}
}

// leave frees what the visit holds. It may be called more than once.
func (s *Server) leave(v *visit) {
	stream, sl := v.stream, v.slot
	v.stream, v.slot = nil, slot{}
	defer s.limits.free(sl)
	if stream != nil && stream.reader != nil {
		stream.reader.Close()
	}
}

type asItCameKey struct{}

// keepPathValues keeps a request whose path values would be lost: those of the
// router before the server's own take their place. Only such a request is copied.
func keepPathValues(r *http.Request) *http.Request {
	if !strings.Contains(r.Pattern, "{") {
		return r
	}
	return r.WithContext(context.WithValue(r.Context(), asItCameKey{}, r))
}

// asItCame returns the request with the path values that it came with.
func asItCame(r *http.Request) *http.Request {
	if original, ok := r.Context().Value(asItCameKey{}).(*http.Request); ok {
		return original
	}
	return r
}
