package server

import (
	"errors"
	"log/slog"
	"net/http"

	"github.com/mixstream/mixstream/server/internal/transport"
)

// serve streams until the client leaves, the session or the server ends, or a write fails. It
// returns earlier if the stream is detached. Once the stream has begun it returns no error:
// nothing else can be answered.
func (o *openStream) serve(w http.ResponseWriter, r *http.Request) error {
	response, err := o.prepare(w, r)
	if err != nil {
		return err
	}
	detached := false
	draining := o.server.streams.add(o)
	defer func() {
		if !detached {
			o.finish()
		}
	}()
	o.opened()
	if draining {
		o.stream.SendAway()
	}
	if over := o.sendFirst(w); !over {
		if detached = o.detachable(w, r) && o.detach(response, r); detached {
			return nil
		}
		o.run()
	}
	if errors.Is(o.end.err, transport.ErrNoFlush) {
		panic(http.ErrAbortHandler) // the client would take a 200 that ends in order for a whole stream
	}
	return nil
}

// prepare sets the header. If it fails, because the writer cannot flush or a middleware panics,
// it frees what the stream holds.
//
//go:noinline
func (o *openStream) prepare(w http.ResponseWriter, r *http.Request) (*transport.Response, error) {
	prepared := false
	defer func() {
		if !prepared {
			o.free()
		}
	}()
	response, err := transport.NewResponse(w, r, &o.server.transport, o.warnOfDeadlines)
	if err != nil {
		return nil, err
	}
	o.out = response
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Accel-Buffering", "no") // nginx would buffer the stream otherwise
	if !o.server.op.words.TellsPosition() {
		h.Set(lastEventID, formatID(o.stream.Connected())) // as Mercure has it
	}
	if o.detachable(w, r) {
		h.Set("Connection", "close") // net/http gives the connection away, for good
	}
	prepared = true
	return response, nil
}

// warnOfDeadlines logs that the writer of a response has no write deadlines.
func (o *openStream) warnOfDeadlines() {
	o.log(slog.LevelWarn, "the http.ResponseWriter has no write deadlines: a reader that stops reading holds its stream until the connection breaks")
}

// sendFirst counts the reader, and sends the header and the first event. It reports whether that
// was all of the stream. The status comes before any flush: some middlewares decide then what
// becomes of the answer. The event comes with it: others decide only when they see some of the
// body.
//
// After a panic, such as that of a middleware which cannot flush, the connection is cut. The status
// 200 is set by then. So if a middleware recovered and ended the answer in order, the client would
// take it for a whole stream.
//
//go:noinline
func (o *openStream) sendFirst(w http.ResponseWriter) (over bool) {
	if !o.stream.IsAway() {
		o.readers = o.server.readers.enter(o.stream.Session())
	}
	defer func() {
		switch p := recover(); p {
		case nil:
			return
		case http.ErrAbortHandler:
		default:
			o.logPanic(p)
		}
		panic(http.ErrAbortHandler)
	}()
	w.WriteHeader(http.StatusOK)
	return o.firstTurn()
}

// detachable reports whether the stream leaves net/http once it has begun.
func (o *openStream) detachable(w http.ResponseWriter, r *http.Request) bool {
	return o.server.cfg.detach && transport.Detachable(w, r)
}

// detach takes the connection from net/http, and reports whether it could. If so, the stream is
// not the caller's any more.
//
//go:noinline
func (o *openStream) detach(response *transport.Response, r *http.Request) bool {
	socket, err := response.Detach()
	if err != nil {
		return false
	}
	if o.authorize != nil {
		s, session := o.server, o.stream.Session()
		r = r.WithContext(o.life.With(r.Context()))
		o.authorize = func() error { return s.streamGate.authorize(r, session) }
	}
	o.handOver(socket)
	return true
}
