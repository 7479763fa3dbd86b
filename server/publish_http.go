package server

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
)

// WithPublishAuthorizer turns publishing over HTTP on ([Server.Publisher]), for the requests
// that f allows to publish to the session of that id. The server calls f once for each request,
// from many goroutines, before it reads the body. f refuses as the function of
// [WithAuthorizer] does. Without this option, publishing over HTTP is off.
//
// The server takes all events that the schemas allow, so a client that may publish speaks for
// the application. A cookie or other credential that a browser sends by itself does not prove
// which page made the request. But a page of another origin must ask first (CORS), since the
// server takes only two content types, neither of which a page may send unasked.
func WithPublishAuthorizer(f func(r *http.Request, sessionID string) error) Option {
	return func(c *config) { c.publishes, c.publishAuthorizer = true, f }
}

func (c *config) checkPublishing() error {
	if c.publishes && c.publishAuthorizer == nil {
		return errors.New("server: nil publish authorizer")
	}
	return c.checkPublishLimits()
}

// Media types of what is published.
const (
	mediaJSON   = "application/json"
	mediaNDJSON = "application/x-ndjson"
)

// Publishes reports whether events may be published over HTTP: [WithPublishAuthorizer] is set.
func (s *engine) Publishes() bool { return s.cfg.publishes }

// Publisher returns the handler that publishes over HTTP, by POST, to the session that the
// request names as for ServeHTTP. It takes one event, {"event":name,"data":…} as
// application/json, or a stream of them, one a line, as application/x-ndjson, and honours an
// Idempotency-Key. An event that has no name in the spec, or whose data names it, comes as
// {"data":…}. It needs [WithPublishAuthorizer], and answers 403 without.
//
// It stands at the path of the stream, behind any prefix. At another path, use ServePublish.
func (s *engine) Publisher() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		session, err := s.op.sessionOf(r)
		switch {
		case errors.Is(err, errNoPath):
		case r.Method != http.MethodPost:
			err = errMethod
		}
		s.receive(w, r, session, err)
	})
}

// ServePublish is Publisher for a session that a handler of the application names. The method
// and the path of the request are the application's to judge.
func (s *engine) ServePublish(w http.ResponseWriter, r *http.Request, session string) {
	session, err := s.op.canonical(session)
	s.receive(w, r, session, err)
}

// receive publishes what comes with a request to a session, unless err refuses it.
func (s *engine) receive(w http.ResponseWriter, r *http.Request, session string, err error) {
	switch {
	case circular(w):
		s.fail(w, r, session, errCircular)
		return
	case errors.Is(err, errNoPath):
		err = &RefusalError{Status: http.StatusNotFound, Message: err.Error()}
	case errors.Is(err, errMethod):
		err = &RefusalError{Status: http.StatusMethodNotAllowed, Header: http.Header{"Allow": {http.MethodPost}}, Message: "method " + r.Method + " is not allowed here"}
	case err != nil && !errors.Is(err, errUndecided):
		err = &RefusalError{Status: http.StatusBadRequest, Message: err.Error()}
	}
	var mediaType string
	if err == nil {
		mediaType, err = s.admitPublication(r, session)
	}
	var place slot
	if err == nil {
		place, err = s.takePlace(r)
	}
	if err != nil {
		endBody(w, r)
		s.fail(w, r, session, err)
		return
	}
	defer s.publishers.free(place)
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // a body may take longer than the http.Server gives an answer
	defer s.interruptAtDrain(w)()
	p := &publication{server: s, name: session, session: s.logged(session), unread: r.ProtoMajor == 1}
	p.answer(w, r, p.publish(w, r, mediaType))
}

// publish publishes the body of a request.
func (p *publication) publish(w http.ResponseWriter, r *http.Request, mediaType string) error {
	s := p.server
	if mediaType == mediaJSON {
		p.line = 1
		event, err := s.readEvent(w, r)
		if err != nil {
			return err
		}
		p.unread = false
		if err := p.useKeyOf(r); err != nil {
			return err
		}
		return p.one(r.Context(), event)
	}
	answerEarly(w)
	body := io.Reader(r.Body)
	if s.cfg.publishIdle > 0 {
		body = newProgressBody(w, r.Body, s.cfg.publishIdle, true)
	}
	if err := p.useKeyOf(r); err != nil {
		return err
	}
	return p.lines(r.Context(), body, r.ContentLength)
}

// useKeyOf makes the publication one of a body with the Idempotency-Key of the request, if it
// has one.
func (p *publication) useKeyOf(r *http.Request) error {
	keys := r.Header["Idempotency-Key"]
	switch {
	case len(keys) == 0:
		return nil
	case len(keys) > 1:
		return fmt.Errorf("%w: header Idempotency-Key: it comes %d times", errRequest, len(keys))
	case keys[0] == "" || len(keys[0]) > maxKey:
		return fmt.Errorf("%w: header Idempotency-Key: it must have 1 to %d characters", errRequest, maxKey)
	}
	p.useKey(keys[0])
	return nil
}

// admitPublication returns the content type of a request that may publish to a session, or why
// it is refused.
func (s *engine) admitPublication(r *http.Request, session string) (mediaType string, err error) {
	if s.cfg.publishAuthorizer == nil {
		return "", &RefusalError{Status: http.StatusForbidden, Message: "publishing over HTTP is off"}
	}
	if s.streams.draining.Load() {
		return "", &RefusalError{Status: http.StatusServiceUnavailable, Message: errDraining.Error()}
	}
	if mediaType, err = publishedMediaType(r.Header); err != nil {
		return "", &RefusalError{Status: http.StatusUnsupportedMediaType, Message: err.Error()}
	}
	if err := s.nameSession(session); err != nil {
		return "", &RefusalError{Status: http.StatusBadRequest, Message: err.Error()}
	}
	if err := s.cfg.publishAuthorizer(r, session); err != nil {
		return "", fmt.Errorf("publish authorizer: %w", err)
	}
	return mediaType, nil
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
func (s *engine) interruptAtDrain(w http.ResponseWriter) (stop func()) {
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

// maxKey is the longest Idempotency-Key.
const maxKey = 255
