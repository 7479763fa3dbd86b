package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
)

// session is one session with its publishers and its reader.
type session struct {
	id  string
	srv *mix.Server

	acknowledged [publishers][]event // the events of each publisher
	received     []event             // the events of the reader, in the order of arrival
}

// event is the part of an event that both sides know.
type event struct {
	id      string
	content string
}

// run publishes to the session from several goroutines, and reads it meanwhile.
func (s *session) run(ctx context.Context, c *mix.Client) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if _, err := s.srv.CreateSession(ctx, s.id, "Many publishers"); err != nil {
		return err
	}
	// The stream misses nothing that is published after StreamEvents returned.
	stream, err := c.StreamEvents(ctx, s.id, nil, mix.UntilComplete())
	if err != nil {
		return err
	}
	defer stream.Close()

	var publishing sync.WaitGroup
	defer publishing.Wait()
	publishing.Go(func() {
		if err := s.publishAll(ctx); err != nil {
			cancel(err) // the stream would wait forever
		}
	})
	for e, err := range stream.All() {
		if err != nil {
			cancel(err)
			return fmt.Errorf("%s: %w", s.id, err)
		}
		if data, ok := e.Data.(*gen.ContentData); ok {
			s.received = append(s.received, event{id: e.ID, content: data.Content})
		}
	}
	return nil
}

// publishAll runs all publishers, and completes the session after the last.
func (s *session) publishAll(ctx context.Context) error {
	var running sync.WaitGroup
	failures := make([]error, publishers)
	for p := range publishers {
		running.Go(func() { failures[p] = s.publish(ctx, p) })
	}
	running.Wait()
	if err := errors.Join(failures...); err != nil {
		return err
	}
	_, err := s.srv.Publish(ctx, s.id, &gen.CompleteData{Type: string(gen.EventNameComplete), Done: true})
	return err
}

// publish is one publisher. It records the acknowledged id of each event.
func (s *session) publish(ctx context.Context, publisher int) error {
	for n := range events {
		content := fmt.Sprintf("publisher %d, event %d", publisher+1, n+1)
		id, err := s.srv.Publish(ctx, s.id, &gen.ContentData{Type: string(gen.EventNameContent), Content: content})
		if err != nil {
			return err
		}
		s.acknowledged[publisher] = append(s.acknowledged[publisher], event{id: id, content: content})
	}
	return nil
}

// published returns the events of all publishers, in the order of the ids.
func (s *session) published() []event {
	all := slices.Concat(s.acknowledged[:]...)
	slices.SortFunc(all, byID)
	return all
}

// check returns an error unless the reader got the acknowledged events: each once, in the
// order of the ids, which for each publisher is the order of its events.
func (s *session) check() error {
	published := s.published()
	switch {
	case len(published) != publishers*events:
		return fmt.Errorf("%s: %d events were acknowledged, want %d", s.id, len(published), publishers*events)
	case !slices.Equal(s.received, published):
		return fmt.Errorf("%s: the received events differ from the acknowledged ones", s.id)
	}
	for p, own := range s.acknowledged {
		if !slices.IsSortedFunc(own, byID) {
			return fmt.Errorf("%s: the ids of publisher %d are not in its order", s.id, p+1)
		}
	}
	return nil
}

// byID compares ids, which are decimal numbers: the longer one is greater.
func byID(a, b event) int {
	return cmp.Or(cmp.Compare(len(a.id), len(b.id)), cmp.Compare(a.id, b.id))
}
