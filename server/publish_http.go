package server

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/mixstream/mixstream/gen"
)

// WithPublishAuthorizer lets events be published over HTTP (the operation
// publishEvents) by whom f allows it to, for a session of that id. It is called once
// a request, from many goroutines, before anything of a stream of events is read, and
// refuses as the function of [WithAuthorizer] does. Without it, publishing over HTTP
// is off, and answered with 405.
//
// What is published may come with anything that the schemas allow: whoever may
// publish speaks for the agent. A request with the credentials of a browser's user,
// such as a cookie, is not safe from other origins by that alone; but no page can make
// one across origins without asking first (CORS), since only the two content types
// of the spec are taken.
func WithPublishAuthorizer(f func(r *http.Request, sessionID string) error) Option {
	return func(c *config) { c.publishes, c.publishAuthorizer = true, f }
}

func (c *config) checkPublishing() error {
	if c.publishes && c.publishAuthorizer == nil {
		return errors.New("server: nil publish authorizer")
	}
	return c.checkPublishLimits()
}

// publishEvents is the operation by which events are published.
const publishEvents = "publishEvents"

// Media types of what is published.
const (
	mediaJSON   = "application/json"
	mediaNDJSON = "application/x-ndjson"
)

// receivePublications puts the generated handler behind what it does not do: it
// takes any content type, and reads what is JSON without a limit.
func (s *Server) receivePublications(generated http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, mediaType, err := s.admitPublication(r)
		var place slot
		if err == nil {
			place, err = s.takePlace(r)
		}
		if err != nil {
			endBody(w, r)
			s.fail(w, r, err)
			return
		}
		defer s.publishers.free(place)
		_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // a body may take longer than the http.Server gives an answer
		defer s.interruptAtDrain(w)()
		r = r.WithContext(ctx) // a copy, to be changed
		r.Header = r.Header.Clone()
		r.Header.Set("Content-Type", mediaType) // the generated code compares letters
		if mediaType == mediaNDJSON {
			answerEarly(w)
			if s.cfg.publishIdle > 0 {
				r.Body = newProgressBody(w, r.Body, s.cfg.publishIdle, true)
			}
		} else {
			if r.Body, err = s.readEvent(w, r); err != nil {
				_ = (&publication{server: s, line: 1, unread: r.ProtoMajor == 1}).failed(r, err).VisitPublishEventsResponse(w) // it always marshals
				return
			}
		}
		generated(w, r)
	}
}

// admitPublication returns the context and the content type for a request that may
// publish, or why it is refused.
func (s *Server) admitPublication(r *http.Request) (ctx context.Context, mediaType string, err error) {
	if s.streams.draining.Load() {
		return nil, "", &RefusalError{Status: http.StatusServiceUnavailable, Message: errDraining.Error()}
	}
	if mediaType, err = publishedMediaType(r.Header); err != nil {
		return nil, "", &RefusalError{Status: http.StatusUnsupportedMediaType, Message: err.Error()}
	}
	ctx, err = s.authorizePublish(r)
	return ctx, mediaType, err
}

// endBody is called before a request is answered whose body nobody reads: over HTTP/1
// package net/http would first wait for it, for ever.
func endBody(w http.ResponseWriter, r *http.Request) {
	if boundBody(w, r) {
		w.Header().Set("Connection", "close")
	}
}

// boundBody bounds how long package net/http waits for the body of a request that nobody
// reads, and tells whether it does.
func boundBody(w http.ResponseWriter, r *http.Request) bool {
	waits := r.ProtoMajor == 1 && r.ContentLength != 0
	if waits {
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(lingering))
	}
	return waits
}

// answerEarly has a refusal go out while the body is still on its way, which may
// be for ever: HTTP/1 would first read on.
func answerEarly(w http.ResponseWriter) {
	_ = http.NewResponseController(w).EnableFullDuplex() // HTTP/2 is so without
}

// authorizedKey is the key, in a request's context, of the session to which it may publish.
type authorizedKey struct{}

// authorizePublish asks whether the request may publish to its session, before its
// body is read, and notes it in the context that it returns.
func (s *Server) authorizePublish(r *http.Request) (context.Context, error) {
	sessions := r.URL.Query()[sessionIDQuery]
	if len(sessions) != 1 {
		return nil, &RefusalError{Status: http.StatusBadRequest, Message: "query parameter sessionId is required, once"}
	}
	if err := s.checkSessionID(sessions[0]); err != nil {
		return nil, &RefusalError{Status: http.StatusBadRequest, Message: "query parameter sessionId: " + err.Error()}
	}
	if err := s.cfg.publishAuthorizer(asItCame(r), sessions[0]); err != nil {
		return nil, fmt.Errorf("publish authorizer: %w", err)
	}
	return context.WithValue(r.Context(), authorizedKey{}, sessions[0]), nil
}

// publishedMediaType returns the media type of a body, if it is one of the two.
func publishedMediaType(h http.Header) (string, error) {
	if coding := h.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return "", errors.New("the body must not be compressed")
	}
	mediaType, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	if len(h["Content-Type"]) == 1 && (mediaType == mediaJSON || mediaType == mediaNDJSON) {
		return mediaType, nil
	}
	return "", errors.New("the content type must be " + mediaJSON + " or " + mediaNDJSON)
}

// interruptAtDrain ends what is being read of a body when the server is shut down.
// The function that it returns ends the watch.
func (s *Server) interruptAtDrain(w http.ResponseWriter) (stop func()) {
	controller := http.NewResponseController(w)
	over, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-s.stopReceiving:
			_ = controller.SetReadDeadline(time.Unix(1, 0)) // where it is unsupported, the body goes on
		case <-over:
		}
	}()
	return func() {
		close(over)
		<-done
	}
}

// errNotAuthorized refuses what nobody was asked about.
var errNotAuthorized = errors.New("server: PublishEvents was called for another session, or with a context that is not the request's")

// PublishEvents implements the operation publishEvents.
func (o operations) PublishEvents(ctx context.Context, request gen.PublishEventsRequestObject) (gen.PublishEventsResponseObject, error) {
	s, p := o.server, request.Params
	if ctx.Value(authorizedKey{}) != any(p.SessionID) {
		return nil, errNotAuthorized
	}
	v, err := visitOf(ctx)
	if err != nil {
		return nil, err
	}
	pub := &publication{server: s, session: s.session(p.SessionID), unread: request.JSONBody == nil && v.request.ProtoMajor == 1}
	if p.IdempotencyKey != nil {
		if key := *p.IdempotencyKey; key != "" && len(key) <= maxKey {
			pub.useKey(key)
		} else {
			return pub.failed(v.request, fmt.Errorf("%w: header Idempotency-Key: it must have 1 to %d characters", errRequest, maxKey)), nil
		}
	}
	if request.JSONBody != nil {
		pub.line = 1
		err = pub.one(ctx, *request.JSONBody)
	} else {
		err = pub.lines(ctx, request.Body, v.request.ContentLength)
	}
	if err != nil {
		return pub.failed(v.request, err), nil
	}
	result := gen.PublishResult{FirstID: formatID(pub.first), LastID: formatID(pub.last), Count: pub.count}
	return publishAnswer{status: http.StatusCreated, body: result, last: pub.isLast(v.request)}, nil
}

// maxKey is the longest Idempotency-Key.
const maxKey = 255
