package natslog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
)

// get is what a stream is asked for, in JetStream's words.
type get struct {
	Seq       uint64   `json:"seq,omitempty"`
	LastFor   string   `json:"last_by_subj,omitempty"`
	NextFor   string   `json:"next_by_subj,omitempty"`
	Batch     int      `json:"batch,omitempty"`
	MaxBytes  int      `json:"max_bytes,omitempty"`
	MultiLast []string `json:"multi_last,omitempty"`
	NoHeaders bool     `json:"no_hdr,omitempty"`
}

// request asks NATS, and waits for one answer within the request timeout.
func (l *Log) request(ctx context.Context, m *nats.Msg) (*nats.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, l.options.RequestTimeout)
	defer cancel()
	if l.nc.IsClosed() {
		return nil, nats.ErrConnectionClosed // or else it may close after the sending
	}
	answer, err := l.nc.RequestMsgWithContext(ctx, m)
	return answer, cutOff(err)
}

// api calls the API of JetStream.
func (l *Log) api(ctx context.Context, call string, body, answer any) error {
	var data []byte
	if body != nil {
		var err error
		if data, err = json.Marshal(body); err != nil {
			return err
		}
	}
	m, err := l.request(ctx, &nats.Msg{Subject: "$JS.API." + call, Data: data})
	if err != nil {
		return err
	}
	var failure struct {
		Error *apiError `json:"error"`
	}
	if err := json.Unmarshal(m.Data, &failure); err != nil {
		return fmt.Errorf("answer to %s: %w", call, err)
	}
	switch {
	case failure.Error == nil:
	case failure.Error.ErrCode == codeNoStream && l.identity.Load() != nil:
		return l.estrange("a stream of the log is gone: " + call)
	default:
		return failure.Error
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(m.Data, answer)
}

// stored is a message as the leader of a stream has it.
type stored struct {
	Subject string    `json:"subject"`
	Seq     uint64    `json:"seq"`
	Header  []byte    `json:"hdrs"`
	Data    []byte    `json:"data"`
	Time    time.Time `json:"time"` // when it was stored, by the server's clock
}

// ask asks the leader of a stream for one message; nil is that it has none.
func (l *Log) ask(ctx context.Context, stream string, g get) (*stored, error) {
	var answer struct {
		Message *stored `json:"message"`
	}
	err := l.api(ctx, "STREAM.MSG.GET."+stream, g, &answer)
	if hasCode(err, codeNoMessage) {
		return nil, nil
	}
	if err == nil && answer.Message == nil {
		err = errors.New("answer without a message")
	}
	return answer.Message, err
}

// askEntry asks the leader for a message of the stream of the entries.
func (l *Log) askEntry(ctx context.Context, g get) (m message, found bool, err error) {
	s, err := l.ask(ctx, l.subjects.entries(), g)
	if s == nil || err != nil {
		return message{}, false, err
	}
	h, err := nats.DecodeHeadersMsg(s.Header)
	if err != nil && len(s.Header) > 0 {
		return message{}, false, fmt.Errorf("message %d: %w", s.Seq, err)
	}
	return parseMessage(s.Subject, s.Seq, h, s.Data), true, nil
}

// bounds are the first and the last sequence of the stream of the entries, and how many
// of them it has.
type bounds struct {
	Created  time.Time `json:"-"`
	First    uint64    `json:"first_seq"`
	Last     uint64    `json:"last_seq"`
	Messages int       `json:"messages"`
}

func (l *Log) askBounds(ctx context.Context) (bounds, error) {
	var info struct {
		Created time.Time `json:"created"`
		State   bounds    `json:"state"`
	}
	err := l.api(ctx, "STREAM.INFO."+l.subjects.entries(), nil, &info)
	info.State.Created = info.Created
	return info.State, err
}
