package server

import (
	"context"
	"errors"
	"time"
)

// publication is one attempt to publish, as the observer is told of it. It does nothing
// without an observer.
type publication struct {
	observer Observer
	began    time.Time
	told     Publication
}

// errPanicked is the error of a publication through which a panic passes.
var errPanicked = errors.New("server: panic")

// begin begins a publication, which is zero, and returns the context to publish with. The caller
// must end the publication.
func (p *publication) begin(ctx context.Context, s *engine, sessionID string) context.Context {
	o := s.cfg.observer
	if o == nil {
		return ctx
	}
	p.observer, p.began = o, time.Now()
	p.told.Operation, p.told.SessionID = s.op.id, sessionID
	return o.PublishStarted(ctx, sessionID)
}

// event notes what is published. The name is empty if the spec does not have it: then it can
// be anything.
func (p *publication) event(name string, bytes int) { p.told.Event, p.told.Bytes = name, bytes }

// written notes that the event is written, and that whether it is published is for others to
// decide: see [Server.PublishTo].
func (p *publication) written() { p.told.Pending = true }

// end tells the observer what the publisher is returned, which is nothing after a panic.
func (p *publication) end(ctx context.Context, id string, err error) {
	if p.observer == nil {
		return
	}
	if id == "" && err == nil && !p.told.Pending {
		err = errPanicked
	}
	p.told.ID, p.told.Err, p.told.Duration = id, err, time.Since(p.began)
	p.observer.PublishEnded(ctx, p.told)
}
