package server

import (
	"context"
	"errors"
	"time"

	"github.com/mixstream/mixstream/gen"
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
func (s *Server) begin(ctx context.Context, sessionID string) (context.Context, publishing) {
	o := s.cfg.observer
	if o == nil {
		return ctx, publishing{}
	}
	pub := publishing{observer: o, began: time.Now(), p: Publication{SessionID: sessionID}}
	return o.PublishStarted(ctx, sessionID), pub
}

// event notes what is being published. The name of an unknown event can be anything.
func (pub *publishing) event(event gen.Event, bytes int) {
	pub.p.Bytes = bytes
	if _, unknown := event.(*gen.UnknownEvent); !unknown {
		pub.p.Event = event.EventName()
	}
}

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
