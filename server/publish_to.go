package server

import (
	"context"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server/internal/hidden"
)

// Write is what the publication of one event does to the log.
type Write struct {
	Session eventlog.Session // by the names that the log has for the session and its scope
	Entry   eventlog.Entry   // as the log takes it, without an ID
	// End says that the event ends its session (contract.End.Events): the log must delete the
	// session, with the entry as the last one, instead of appending the entry. If the session has
	// no record, it must make one.
	End   bool
	Grace time.Duration // of the deletion ([Timing.DeleteGrace])
}

// WriteFunc writes to the log of a server in the place of the server. It must return an error of
// the log as it is, so that the publisher gets the same error as from [Server.Publish].
type WriteFunc func(ctx context.Context, w Write) error

// PublishTo is [Server.Publish] with another way into the log: it encodes and checks the event, and
// calls write with what the log must get. It calls write at most once, and not for an event that
// Publish refuses. When it returns nil, write has. The event has an id, and readers get it, once it
// is in the log.
//
// PublishTo is for logs that offer more than [eventlog.Log] does. Package pgstream publishes with
// it in transactions of the application.
func (s *Server[E]) PublishTo(ctx context.Context, session string, event E, write WriteFunc) error {
	return publishTo(ctx, s.engine, session, write, func(p *publication) (string, []byte, error) {
		return encodeEvent(p, s.engine, s.events, s.encode, event)
	})
}

// PublishJSONTo is [Server.PublishJSON] with another way into the log, as PublishTo is Publish.
func (s *Server[E]) PublishJSONTo(ctx context.Context, session, name string, data []byte, write WriteFunc) error {
	return publishTo(ctx, s.engine, session, write, func(p *publication) (string, []byte, error) {
		data, err := s.engine.compactJSON(p, name, data)
		return name, data, err
	})
}

// Log returns the log of the server: that of [WithLog], or the one in memory that the server has
// made.
func (s *Server[E]) Log() eventlog.Log { return s.engine.log }

// publishTo publishes the event that encode returns.
func publishTo(ctx context.Context, s *engine, sessionID string, write WriteFunc, encode func(*publication) (string, []byte, error)) (err error) {
	var p publication
	ctx = p.begin(ctx, s, sessionID)
	defer func() { p.end(ctx, "", err) }()
	name, data, err := encode(&p)
	if err != nil {
		return err
	}
	session, err := s.accept(sessionID, name, data)
	if err != nil {
		return err
	}
	if err := write(ctx, s.writeOf(session, name, data)); err != nil {
		return notWritten(name, err)
	}
	p.written()
	return nil
}

// writeOf returns what the publication of an event does to the log.
func (s *engine) writeOf(session, name string, data []byte) Write {
	w := Write{Session: s.logged(session), Entry: eventlog.Entry{Name: name, Data: data}}
	if s.op.end.After(name) {
		w.End, w.Grace = true, s.cfg.deleteGrace
		last := hidden.End{Session: session, Event: name, Data: data}
		w.Entry = last.Entry()
	}
	return w
}
