package natslog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nuid"

	"github.com/mixstream/mixstream/eventlog"
)

// MaxAppend is how many entries one Append may have: what JetStream stores in one
// step, less the record of a key.
const MaxAppend = 999

// maxBatches is how many batches one process sends at a time, of the 50 that a
// stream takes.
const maxBatches = 12

// errMoved says that the last message under the subject is not the one that the
// publication was to follow, or that a batch has lost a message on its way: nothing was
// stored, and all is to be tried anew.
var errMoved = errors.New("there is a later message under the subject")

// errRepeated says that a batch has a message id that the stream knows.
var errRepeated = errors.New("message id repeated")

// draft is what is to be stored under one subject, in one step.
type draft struct {
	msgID   string // of the first message
	entries []eventlog.Entry

	key        *eventlog.Key // nil: none
	keySubject string

	sent bool // once, perhaps in vain
	// after is the sequence after which the draft may have been stored: where the subject
	// ended when it was first sent. Late says that another process may have sent it, so long
	// ago that the stream has forgotten its id; then the caller sets after.
	after uint64
	late  bool
}

// pubAck is the answer to a publication.
type pubAck struct {
	Stream    string    `json:"stream"`
	Seq       uint64    `json:"seq"`
	Duplicate bool      `json:"duplicate"`
	Error     *apiError `json:"error"`
}

// messages returns the messages of a draft, for the writer's place.
func (d *draft) messages(w *writer) []*nats.Msg {
	entries := d.entries
	if len(entries) == 0 {
		entries = []eventlog.Entry{{}}
	}
	msgs := make([]*nats.Msg, len(entries), len(entries)+1)
	next := w.next
	for i := range msgs {
		h := make(nats.Header, 4)
		msgs[i] = &nats.Msg{Subject: w.subject, Header: h, Data: envelope(next, i > 0, entries[i])}
		next.index++
		if i == 0 {
			h[expectedHeader] = []string{strconv.FormatUint(w.last, 10)}
			if d.key == nil || d.key.Appended.Count == 0 {
				h[msgIDHeader] = []string{d.msgID}
			}
		}
	}
	if d.key != nil && !d.alone() {
		msgs = append(msgs, d.keyMessage(w.log.options.keyLife))
	}
	if n := len(msgs); n > 1 {
		batch := nuid.Next()
		for i, m := range msgs {
			m.Header[batchIDHeader] = []string{batch}
			m.Header[batchSeqHeader] = []string{strconv.Itoa(i + 1)}
		}
		msgs[n-1].Header[commitHeader] = []string{"1"}
	}
	return msgs
}

// publish publishes the messages as one step, and returns the sequence of the
// first. Repeated says that they had been stored before.
func (l *Log) publish(ctx context.Context, msgs []*nats.Msg) (first uint64, repeated bool, err error) {
	if err := l.fit(msgs); err != nil {
		return 0, false, err
	}
	if len(msgs) > 1 {
		select {
		case l.batches <- struct{}{}:
			defer func() { <-l.batches }()
		case <-ctx.Done():
			return 0, false, nats.ErrNoServers // nothing was sent
		}
	}
	last := msgs[len(msgs)-1]
	for _, m := range msgs[:len(msgs)-1] {
		if err := l.nc.PublishMsg(m); err != nil {
			return 0, false, cutOff(err)
		}
	}
	stored := l.high.Load()
	ack, err := l.acknowledged(ctx, last)
	switch {
	case err != nil:
	case ack.Seq <= l.start.Load():
		// It was stored in another stream, and has got an id of before.
		err = fmt.Errorf("natslog: %w: the stream was made again", eventlog.ErrOutcomeUnknown)
	case !ack.Duplicate && ack.Seq <= stored:
		err = l.estrange(fmt.Sprintf("stream %s has stored %d, and had stored %d before", l.subjects.entries(), ack.Seq, stored))
	case !ack.Duplicate:
		l.stored(ack.Seq)
	}
	return ack.Seq + 1 - uint64(len(msgs)), ack.Duplicate, err
}

// fit tells whether the NATS server takes messages of their size.
func (l *Log) fit(msgs []*nats.Msg) error {
	for _, m := range msgs {
		if size, most := int64(m.Size()), l.nc.MaxPayload(); size > most {
			return fmt.Errorf("natslog: %w: %d bytes with what belongs to it, and the NATS server takes %d at most (max_payload)", eventlog.ErrEntryTooLarge, size, most)
		}
	}
	return nil
}

// acknowledged publishes a message, and waits until the stream has stored it.
func (l *Log) acknowledged(ctx context.Context, m *nats.Msg) (pubAck, error) {
	answer, err := l.request(ctx, m)
	if err != nil {
		if !errors.Is(err, context.Canceled) {
			l.doubt()
		}
		return pubAck{}, err
	}
	var ack pubAck
	if err := json.Unmarshal(answer.Data, &ack); err != nil {
		return ack, fmt.Errorf("acknowledgement: %w", err)
	}
	switch {
	case ack.Error == nil:
		if l.embedded != nil {
			l.embedded.acknowledged(ack)
		}
		return ack, nil
	case ack.Error.ErrCode == codeWrongLast, ack.Error.ErrCode == codeWrongLastInWork, ack.Error.ErrCode == codeIncompleteBatch:
		return ack, errMoved
	case ack.Error.ErrCode == codeDuplicate:
		return ack, errRepeated
	}
	return ack, ack.Error
}
