package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/contract/eventjson"
	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/excerpt"
	"github.com/mixstream/mixstream/server/internal/ingest"
)

// ErrRepeated is the error of a [Publication] that comes under an Idempotency-Key for the
// second time: an earlier request has published the event.
var ErrRepeated = ingest.ErrRepeated

// publishHandler implements [Server.PublishHandler].
func (s *engine) publishHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		session, err := s.op.sessionOf(r)
		switch {
		case errors.Is(err, errNoPath):
		case r.Method != http.MethodPost:
			err = errMethod
		}
		s.serveIngest(w, r, session, err)
	})
}

// servePublish implements [Server.ServePublish].
func (s *engine) servePublish(w http.ResponseWriter, r *http.Request, session string) {
	session, err := s.op.canonical(session)
	s.serveIngest(w, r, session, err)
}

// serveIngest publishes what comes with a request to a session, unless the request is refused.
func (s *engine) serveIngest(w http.ResponseWriter, r *http.Request, session string, nameErr error) {
	p, err := s.ingestGate.admit(w, r, session, nameErr)
	if err != nil {
		s.refuse(w, r, session, err)
		return
	}
	defer s.ingestGate.limits.free(p)
	s.ingest.Serve(w, r, session, &appender{s, session, s.logged(session)})
}

// checkIngest refuses a request that this server takes from no client, or from none now.
func (s *engine) checkIngest(r *http.Request) error {
	switch {
	case !s.cfg.publishes:
		return &RefusalError{Status: http.StatusForbidden, Message: "publishing over HTTP is off"}
	case s.streams.draining.Load():
		return &RefusalError{Status: http.StatusServiceUnavailable, Message: "the server is shutting down"}
	}
	if _, err := ingest.MediaType(r.Header); err != nil {
		return &RefusalError{Status: http.StatusUnsupportedMediaType, Message: err.Error()}
	}
	return nil
}

// newIngest returns the handler of ingest requests.
func (s *engine) newIngest() *ingest.Handler {
	return &ingest.Handler{
		EventSize:   s.cfg.maxEventSize,
		IdleTimeout: s.cfg.publishIdle,
		Logger:      s.cfg.logger,
		Fail:        s.failIngest,
	}
}

// failIngest answers an ingest request that has failed.
func (s *engine) failIngest(w http.ResponseWriter, f ingest.Failure) {
	if f.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", retryAfter())
	}
	s.writeError(w, Failure{
		Status:    f.Status,
		Message:   f.Message,
		Invalid:   f.Invalid,
		Published: &Published{Line: f.Line, Count: f.Count, LastID: f.LastID},
	})
}

// appender is an ingest.Appender for one session.
type appender struct {
	server  *engine
	name    string // of the session
	session eventlog.Session
}

// NameOf implements ingest.Appender.
func (a *appender) NameOf(data []byte) (name string, ok bool) {
	if op := &a.server.op; op.nameIn != "" {
		return op.nameOf("", data), true
	}
	return "", a.server.op.has("")
}

// Accepts implements ingest.Appender.
func (a *appender) Accepts(name string, d *eventjson.Decoder) bool {
	rules := a.server.op.rules(name)
	switch {
	case rules == nil:
		return false
	case a.server.checksSchema(d.Peek()):
		return rules.Accept(d)
	}
	return rules.AcceptType(d)
}

// Check implements ingest.Appender.
func (a *appender) Check(ctx context.Context, e ingest.Event) (ingest.Checked, error) {
	s := a.server
	var p publication
	ctx = p.begin(ctx, s, a.name)
	if p.observer != nil {
		p.event(s.known(e.Name), len(e.Data))
	}
	entry, err := s.entry(e)
	if err != nil {
		p.end(ctx, "", err)
		return ingest.Checked{}, forClient(err)
	}
	checked := ingest.Checked{Entry: entry}
	if p.observer != nil {
		p := p // which would be allocated without an observer as well
		p.event(e.Name, len(entry.Data))
		checked.Done = func(id uint64, err error) {
			if err != nil || id == 0 {
				p.end(ctx, "", err)
				return
			}
			p.end(ctx, formatID(id), nil)
		}
	}
	return checked, nil
}

// entry returns the entry of an event, if it may be published.
func (s *engine) entry(e ingest.Event) (eventlog.Entry, error) {
	if err := s.check(e.Name, e.Data, e.Fits); err != nil {
		return eventlog.Entry{}, err
	}
	data := compact(e.Data)
	return eventlog.Entry{Name: e.Name, Data: data}, s.checkData(e.Name, data)
}

// forClient returns the error with a text for the client, which knows that it publishes.
func forClient(err error) error {
	if misfit, ok := errors.AsType[*contract.InvalidEventError](err); ok {
		return misfit
	}
	if refused, ok := errors.AsType[*PublishError](err); ok {
		return fmt.Errorf("%s: %w", excerpt.Quote(refused.Event), refused.Err)
	}
	return err
}

// Append implements ingest.Appender.
func (a *appender) Append(ctx context.Context, key *eventlog.Key, entries []eventlog.Entry) (n int, err error) {
	n = a.server.together(entries)
	if key != nil {
		key.Close = key.Close && n == len(entries)
	}
	return n, a.server.write(ctx, a.session, a.name, key, entries[:n])
}
