package natslog

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog/internal/embedded"
)

// store gives access to the two streams of a log.
type store struct {
	options  Options
	subjects subjects
	life     *lifetime
	server   *embedded.Server // nil: connected
	nc       *nats.Conn
	js       jetstream.JetStream
	batches  chan struct{} // a place for each batch under way

	disconnected chan struct{} // is closed when the connection has ended for good

	state  availability
	known  knownStreams
	bounds coalesced[bounds]

	retention    Retention // of the stream of the entries, as it is
	cacheEntries int       // how many entries the cache of a subject holds at most
}

// bounds are the first and the last sequence of the stream of the entries, and how many
// messages it has.
type bounds struct {
	Created  time.Time `json:"-"`
	First    uint64    `json:"first_seq"`
	Last     uint64    `json:"last_seq"`
	Messages int       `json:"messages"`
}

// newStore returns a store without a connection.
func newStore(ctx context.Context, o Options) *store {
	s := &store{
		options:  o,
		subjects: subjects{o.Name, o.Prefix},
		life:     newLifetime(ctx),
		batches:  make(chan struct{}, maxBatches),

		disconnected: make(chan struct{}),
	}
	s.state.checks, s.state.doubts = make(chan struct{}, 1), make(chan struct{}, 1)
	s.bounds.question = s.getKnownBounds
	return s
}

// maxBatches is how many batches one process sends at a time, of the 50 that a stream
// takes.
const maxBatches = 12

// usable notes that the log is used, and returns an error if it cannot be reached, as
// far as is known.
func (s *store) usable(ctx context.Context) error {
	s.state.use()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case s.life.over():
		return fmt.Errorf("natslog: %w: the log is closed", eventlog.ErrUnavailable)
	}
	return s.state.readable()
}

// knownBounds returns the bounds of the stream that the log knows.
func (s *store) knownBounds(ctx context.Context) (bounds, error) { return s.bounds.ask(ctx, s.life) }

// reportForeign notes that a stream is not the one that the log knows, and returns the
// reason as an error. Readers and writers get nothing of it until it is adopted.
func (s *store) reportForeign(why string) error {
	if s.known.trusted.Load() {
		return nil
	}
	err := foreignStreamError{why}
	if s.state.foreign.CompareAndSwap(nil, &err) {
		s.options.Logger.Error("natslog: another stream", "error", err)
	}
	s.state.checkSoon()
	return err
}

// reportReplaced is reportForeign for a stream that was made at another time.
func (s *store) reportReplaced(stream string, now, before time.Time) error {
	return s.reportForeign(fmt.Sprintf("stream %s was made at %v, and the one before at %v", stream, now, before))
}

// recognise checks the bounds that a server has answered. High is a sequence that the
// stream had stored before the server was asked.
func (s *store) recognise(b bounds, high uint64) error {
	made := s.known.identity.Load().Entries
	switch {
	case !b.Created.Equal(made):
		return s.reportReplaced(s.subjects.entries(), b.Created, made)
	case b.Last >= high:
		s.known.behind.Store(0)
		s.known.noteStored(b.Last)
		s.known.sure.Store(b.Last)
		return nil
	}
	if s.server != nil { // it is no cluster, so it has lost something
		s.state.doubt()
		return errBehind
	}
	// A new leader may not have got there yet.
	now := time.Now().UnixNano()
	if since := s.known.behind.Load(); since == 0 {
		s.known.behind.Store(now)
	} else if time.Duration(now-since) > s.options.RequestTimeout {
		return s.reportForeign(fmt.Sprintf("stream %s ends at %d, and had stored %d", s.subjects.entries(), b.Last, high))
	}
	return errBehind
}
