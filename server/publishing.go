package server

import (
	"context"
	"errors"
	"time"
)

// publishing tells the observer, if there is one, of one publication.
type publishing struct {
	observer Observer
	began    time.Time
	p        Publication
}

// errPanicked is told to the observer where a panic passes through.
var errPanicked = errors.New("server: panic")

// begin returns the context to publish with.
func (s *engine) begin(ctx context.Context, sessionID string) (context.Context, publishing) {
	o := s.cfg.observer
	if o == nil {
		return ctx, publishing{}
	}
	pub := publishing{observer: o, began: time.Now(), p: Publication{Operation: s.op.id, SessionID: sessionID}}
	return o.PublishStarted(ctx, sessionID), pub
}

// event notes what is being published. The name of an event that the
// spec does not have can be anything: then it is empty.
func (pub *publishing) event(name string, bytes int) { pub.p.Event, pub.p.Bytes = name, bytes }

// end is called with what the publisher is returned: nothing, if it panics.
func (pub *publishing) end(ctx context.Context, id string, err error) {
	if pub.observer == nil {
		return
	}
	if id == "" && err == nil {
		err = errPanicked
	}
	pub.p.ID, pub.p.Err, pub.p.Duration = id, err, time.Since(pub.began)
	pub.observer.PublishEnded(ctx, pub.p)
}
