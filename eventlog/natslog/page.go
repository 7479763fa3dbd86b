package natslog

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go"
)

// page is what a server has answered with to a get for several messages.
type page struct {
	messages []message
	upTo     uint64 // up to where it has looked, if it says so
	more     bool
}

// page asks any server that has the stream of the entries for several messages at
// once. It may be behind the leader.
func (l *Log) page(ctx context.Context, g get) (p page, err error) {
	end, err := l.gets(ctx, g, func(m *nats.Msg) {
		if e, ok := parseDelivery(m); ok {
			p.messages = append(p.messages, e)
		}
	})
	if err != nil || end == nil {
		return page{}, err
	}
	p.upTo, _ = strconv.ParseUint(first(end, upToHeader), 10, 64)
	p.more = first(end, pendingHeader) != "0"
	return p, nil
}

// bare is page for messages of one subject, without their headers: their sequences
// are known from the links, of the next one and so on, from the last. It returns
// none where the links do not tell.
func (l *Log) bare(ctx context.Context, g get) (p page, err error) {
	g.NoHeaders = true
	var data [][]byte
	end, err := l.gets(ctx, g, func(m *nats.Msg) { data = append(data, m.Data) })
	if err != nil || end == nil {
		return page{}, err
	}
	seq, err := strconv.ParseUint(first(end, lastHeader), 10, 64)
	if err != nil {
		return page{}, nil
	}
	p.messages = make([]message, len(data))
	for i := len(data) - 1; i >= 0; i-- {
		m := &p.messages[i]
		if !m.open(seq, data[i]) {
			return page{}, nil
		}
		seq = m.prev
		// Where a message is missing in the middle the index tells, and where the
		// subject was empty in between nothing does.
		if i+1 < len(data) && (p.messages[i+1].root || p.messages[i+1].index != m.index+1) {
			return page{}, nil
		}
	}
	return p, nil
}

// gets sends a get for several messages, calls f for each, and returns the header
// of the end; nil is that there are none.
func (l *Log) gets(ctx context.Context, g get, f func(*nats.Msg)) (end nats.Header, err error) {
	ctx, cancel := context.WithTimeout(ctx, l.options.RequestTimeout)
	defer cancel()
	body, err := json.Marshal(g)
	if err != nil {
		return nil, err
	}
	inbox := l.nc.NewInbox()
	sub, err := l.nc.SubscribeSync(inbox)
	if err != nil {
		return nil, err
	}
	defer sub.Unsubscribe() //nolint:errcheck // it fails only if the connection has ended
	if err := l.nc.PublishRequest("$JS.API.DIRECT.GET."+l.subjects.entries(), inbox, body); err != nil {
		return nil, cutOff(err)
	}
	for {
		m, err := sub.NextMsgWithContext(ctx)
		if err != nil {
			return nil, cutOff(err)
		}
		switch status := first(m.Header, statusHeader); status {
		case "":
			f(m)
		case "204": // the end of the batch
			return m.Header, nil
		case "404":
			return nil, nil
		case "503":
			return nil, nats.ErrNoResponders
		default:
			return nil, fmt.Errorf("direct get: status %s %s", status, first(m.Header, "Description"))
		}
	}
}
