package natslog

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/nats-io/nats.go"
)

// pin stores the identity of the streams for processes that open the log later.
func (s *store) pin(ctx context.Context, i identity) error {
	data, err := json.Marshal(i)
	if err != nil {
		return err
	}
	_, err = s.acknowledged(ctx, &nats.Msg{Subject: s.subjects.pinned(), Data: data})
	s.known.pinned.Store(err == nil)
	return err
}

// pinFirst stores the identity unless it is stored already.
func (s *store) pinFirst(ctx context.Context) error {
	if s.known.pinned.Load() || s.state.ours() != nil {
		return nil
	}
	return s.pin(ctx, *s.known.identity.Load())
}

// loadPinned returns the identity that was stored; nil if none was.
func (s *store) loadPinned(ctx context.Context) (*identity, error) {
	got, err := s.getOne(ctx, s.subjects.records(), get{LastFor: s.subjects.pinned()})
	if got == nil || err != nil {
		return nil, err
	}
	i := new(identity)
	if err := json.Unmarshal(got.Data, i); err != nil {
		return nil, fmt.Errorf("natslog: identity of the streams: %w", err)
	}
	return i, nil
}
