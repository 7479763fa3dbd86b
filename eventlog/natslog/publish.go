package natslog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"

	"github.com/mixstream/mixstream/eventlog"
)

// MaxAppend is the largest number of entries that one Append takes: what JetStream
// stores in one step, less the record of a key.
const MaxAppend = 999

// pubAck is the answer to a publication.
type pubAck struct {
	Stream    string    `json:"stream"`
	Seq       uint64    `json:"seq"`
	Duplicate bool      `json:"duplicate"`
	Error     *apiError `json:"error"`
}

// checkSize returns ErrEntryTooLarge if the NATS server would refuse a message for its
// size.
func (s *store) checkSize(msgs ...*nats.Msg) error {
	for _, m := range msgs {
		if size, most := int64(m.Size()), s.nc.MaxPayload(); size > most {
			return fmt.Errorf("natslog: %w: %d bytes with its envelope, and the NATS server takes %d at most (max_payload)", eventlog.ErrEntryTooLarge, size, most)
		}
	}
	return nil
}

// publish publishes the messages as one step, and returns the sequence of the first.
// Repeated reports that the stream had stored them before.
func (s *store) publish(ctx context.Context, msgs []*nats.Msg) (first uint64, repeated bool, err error) {
	if err := s.checkSize(msgs...); err != nil {
		return 0, false, err
	}
	if len(msgs) > 1 {
		select {
		case s.batches <- struct{}{}:
			defer func() { <-s.batches }()
		case <-ctx.Done():
			return 0, false, nats.ErrNoServers // nothing was sent
		}
	}
	last := msgs[len(msgs)-1]
	for _, m := range msgs[:len(msgs)-1] {
		if err := s.nc.PublishMsg(m); err != nil {
			return 0, false, asBroken(err)
		}
	}
	high := s.known.high.Load()
	ack, err := s.acknowledged(ctx, last)
	if err == nil {
		err = s.checkAck(ack, high)
	}
	return ack.Seq + 1 - uint64(len(msgs)), ack.Duplicate, err
}

// checkAck checks that the stream of the log has acknowledged, which had stored high
// before.
func (s *store) checkAck(ack pubAck, high uint64) error {
	switch {
	case ack.Seq <= s.known.start.Load():
		// Another stream has stored it, under an id from before.
		return fmt.Errorf("natslog: %w: the stream was made again", eventlog.ErrOutcomeUnknown)
	case ack.Duplicate:
		return nil
	case ack.Seq <= high:
		return s.reportForeign(fmt.Sprintf("stream %s has stored %d, and had stored %d before", s.subjects.entries(), ack.Seq, high))
	}
	s.known.noteStored(ack.Seq)
	return nil
}

// acknowledged publishes a message, and waits until the stream has stored it. It fails
// with errMoved or errRepeated if the stream refuses the message for that reason.
func (s *store) acknowledged(ctx context.Context, m *nats.Msg) (pubAck, error) {
	answer, err := s.request(ctx, m)
	if err != nil {
		if !errors.Is(err, context.Canceled) {
			s.state.doubt()
		}
		return pubAck{}, err
	}
	var ack pubAck
	if err := json.Unmarshal(answer.Data, &ack); err != nil {
		return ack, fmt.Errorf("acknowledgement: %w", err)
	}
	if ack.Error == nil {
		if s.server != nil {
			s.server.NoteAcknowledged(ack.Stream, ack.Seq)
		}
		return ack, nil
	}
	switch ack.Error.ErrCode {
	case codeWrongLast, codeWrongLastInWork, codeIncompleteBatch:
		return ack, errMoved
	case codeDuplicate:
		return ack, errRepeated
	}
	return ack, ack.Error
}
