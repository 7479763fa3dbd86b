package natslog

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go"
)

// fetched is the answer to a get for several messages.
type fetched struct {
	messages []message
	upTo     uint64 // the position up to which the server has looked, if it says so
	more     bool
}

// getMany asks any server that has the stream of the entries for several messages at
// once. The server may be behind the leader.
func (s *store) getMany(ctx context.Context, g get) (f fetched, err error) {
	end, err := s.directGet(ctx, g, func(m *nats.Msg) {
		if parsed, ok := parseDelivery(m); ok {
			f.messages = append(f.messages, parsed)
		}
	})
	if err != nil || end == nil {
		return fetched{}, err
	}
	f.upTo, _ = strconv.ParseUint(header(end, upToHeader), 10, 64)
	f.more = header(end, pendingHeader) != "0"
	return f, nil
}

// getManyBare is getMany for messages of one subject without their headers. The links
// give their sequences, from the last message backwards. It returns no messages where
// the links do not tell.
func (s *store) getManyBare(ctx context.Context, g get) (f fetched, err error) {
	g.NoHeaders = true
	var data [][]byte
	end, err := s.directGet(ctx, g, func(m *nats.Msg) { data = append(data, m.Data) })
	if err != nil || end == nil {
		return fetched{}, err
	}
	seq, err := strconv.ParseUint(header(end, lastHeader), 10, 64)
	if err != nil {
		return fetched{}, nil
	}
	f.messages = make([]message, len(data))
	for i := len(data) - 1; i >= 0; i-- {
		m := &f.messages[i]
		if !m.decodeData(seq, data[i]) {
			return fetched{}, nil
		}
		seq = m.prev
		// The index shows a message that is missing in the middle. Nothing shows it where
		// the subject was empty in between.
		if i+1 < len(data) && (f.messages[i+1].root || f.messages[i+1].index != m.index+1) {
			return fetched{}, nil
		}
	}
	return f, nil
}

// directGet sends a get for several messages, calls each for every message, and returns
// the header of the end; nil means that there are no messages.
func (s *store) directGet(ctx context.Context, g get, each func(*nats.Msg)) (end nats.Header, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.options.RequestTimeout)
	defer cancel()
	body, err := json.Marshal(g)
	if err != nil {
		return nil, err
	}
	inbox := s.nc.NewInbox()
	sub, err := s.nc.SubscribeSync(inbox)
	if err != nil {
		return nil, err
	}
	defer sub.Unsubscribe() //nolint:errcheck // it fails only if the connection has ended
	if err := s.nc.PublishRequest("$JS.API.DIRECT.GET."+s.subjects.entries(), inbox, body); err != nil {
		return nil, asBroken(err)
	}
	for {
		m, err := sub.NextMsgWithContext(ctx)
		if err != nil {
			return nil, asBroken(err)
		}
		switch status := header(m.Header, statusHeader); status {
		case "":
			each(m)
		case "204": // the end of the messages
			return m.Header, nil
		case "404":
			return nil, nil
		case "503":
			return nil, nats.ErrNoResponders
		default:
			return nil, fmt.Errorf("direct get: status %s %s", status, header(m.Header, "Description"))
		}
	}
}
