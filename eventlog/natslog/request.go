package natslog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
)

// get is a request for messages of a stream, in JetStream's words.
type get struct {
	Seq       uint64   `json:"seq,omitempty"`
	LastFor   string   `json:"last_by_subj,omitempty"`
	NextFor   string   `json:"next_by_subj,omitempty"`
	Batch     int      `json:"batch,omitempty"`
	MaxBytes  int      `json:"max_bytes,omitempty"`
	MultiLast []string `json:"multi_last,omitempty"`
	NoHeaders bool     `json:"no_hdr,omitempty"`
}

// request sends a message, and waits for one answer within the request timeout.
func (s *store) request(ctx context.Context, m *nats.Msg) (*nats.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, s.options.RequestTimeout)
	defer cancel()
	if s.nc.IsClosed() {
		// Checked first: the same error after the sending leaves the outcome open.
		return nil, nats.ErrConnectionClosed
	}
	answer, err := s.nc.RequestMsgWithContext(ctx, m)
	return answer, asBroken(err)
}

// api calls the API of JetStream.
func (s *store) api(ctx context.Context, call string, body, answer any) error {
	var data []byte
	if body != nil {
		var err error
		if data, err = json.Marshal(body); err != nil {
			return err
		}
	}
	m, err := s.request(ctx, &nats.Msg{Subject: "$JS.API." + call, Data: data})
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
	case failure.Error.ErrCode == codeNoStream && s.known.identity.Load() != nil:
		return s.reportForeign("a stream of the log is gone: " + call)
	default:
		return failure.Error
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(m.Data, answer)
}

// storedMessage is a message as the leader of a stream has it.
type storedMessage struct {
	Subject string    `json:"subject"`
	Seq     uint64    `json:"seq"`
	Header  []byte    `json:"hdrs"`
	Data    []byte    `json:"data"`
	Time    time.Time `json:"time"` // when it was stored, by the server's clock
}

// getOne asks the leader of a stream for one message; nil means that it has none.
func (s *store) getOne(ctx context.Context, stream string, g get) (*storedMessage, error) {
	var answer struct {
		Message *storedMessage `json:"message"`
	}
	err := s.api(ctx, "STREAM.MSG.GET."+stream, g, &answer)
	if hasCode(err, codeNoMessage) {
		return nil, nil
	}
	if err == nil && answer.Message == nil {
		err = errors.New("answer without a message")
	}
	return answer.Message, err
}

// getEntry asks the leader for a message of the stream of the entries.
func (s *store) getEntry(ctx context.Context, g get) (m message, found bool, err error) {
	got, err := s.getOne(ctx, s.subjects.entries(), g)
	if got == nil || err != nil {
		return message{}, false, err
	}
	h, err := nats.DecodeHeadersMsg(got.Header)
	if err != nil && len(got.Header) > 0 {
		return message{}, false, fmt.Errorf("message %d: %w", got.Seq, err)
	}
	return parseMessage(got.Subject, got.Seq, h, got.Data), true, nil
}

// getBounds asks for the bounds of the stream of the entries, whichever it is.
func (s *store) getBounds(ctx context.Context) (bounds, error) {
	var info struct {
		Created time.Time `json:"created"`
		State   bounds    `json:"state"`
	}
	err := s.api(ctx, "STREAM.INFO."+s.subjects.entries(), nil, &info)
	info.State.Created = info.Created
	return info.State, err
}

// getKnownBounds asks for the bounds of the stream that the log knows.
func (s *store) getKnownBounds(ctx context.Context) (bounds, error) {
	high := s.known.high.Load()
	b, err := s.getBounds(ctx)
	if err == nil && !s.known.trusted.Load() {
		err = s.recognise(b, high)
	}
	return b, err
}

// purge deletes the messages of a stream below a sequence: those under a subject, or
// all if it is empty.
func (s *store) purge(ctx context.Context, stream, subject string, below uint64) error {
	return s.api(ctx, "STREAM.PURGE."+stream, struct {
		Filter string `json:"filter"`
		Seq    uint64 `json:"seq"`
	}{subject, below}, nil)
}
