package natslog

import (
	"bytes"
	"strconv"

	"github.com/nats-io/nats.go"

	"github.com/mixstream/mixstream/eventlog"
)

// Headers of NATS.
const (
	seqHeader        = "Nats-Sequence"
	subjectHeader    = "Nats-Subject"
	lastHeader       = "Nats-Last-Sequence"
	upToHeader       = "Nats-UpTo-Sequence"
	pendingHeader    = "Nats-Num-Pending"
	msgIDHeader      = nats.MsgIdHdr
	expectedHeader   = nats.ExpectedLastSubjSeqHdr
	expectedIDHeader = nats.ExpectedLastMsgIdHdr
	batchIDHeader    = "Nats-Batch-Id"
	batchSeqHeader   = "Nats-Batch-Sequence"
	commitHeader     = "Nats-Batch-Commit"
	ttlHeader        = "Nats-TTL"
	statusHeader     = "Status"
)

// message is a message in the stream of the entries. Its data is a line
//
//	LINK INDEX NAME
//
// and then the entry's data. The line is not in headers, since a server answers more
// than twice as fast where it need not send any.
type message struct {
	eventlog.Entry // without a name if the message is no entry
	link
	subject string
	msgID   string
	batched bool // it was stored in one step with others
}

// link says what comes before a message under its subject.
type link struct {
	prev  uint64 // between this position and the message there is nothing
	root  bool   // the subject was empty when the message was stored, or birth is set
	birth bool   // it is the first of its session, which may have had an earlier life
	index uint64 // grows by one with each message, since the subject was last empty
}

// linkBefore stands for the message right before in the stream, whose sequence is not
// known when a batch is sent.
const linkBefore = "+"

// encodeMessage returns the data of a message. Follows says that the message is stored
// in one step with the one before it.
func encodeMessage(l link, follows bool, e eventlog.Entry) []byte {
	data := make([]byte, 0, 48+len(e.Name)+len(e.Data))
	switch {
	case follows:
		data = append(data, linkBefore...)
	default:
		switch {
		case l.birth:
			data = append(data, '^')
		case l.root:
			data = append(data, '~')
		}
		data = strconv.AppendUint(data, l.prev, 10)
	}
	data = append(data, ' ')
	data = strconv.AppendUint(data, l.index, 10)
	data = append(data, ' ')
	data = append(data, e.Name...)
	data = append(data, '\n')
	return append(data, e.Data...)
}

// decodeData sets the entry and the link of a message from its data.
func (m *message) decodeData(seq uint64, data []byte) (ok bool) {
	line, rest, ok := bytes.Cut(data, []byte{'\n'})
	prev, line, ok2 := bytes.Cut(line, []byte{' '})
	index, name, ok3 := bytes.Cut(line, []byte{' '})
	if !ok || !ok2 || !ok3 {
		return false
	}
	m.ID, m.Name, m.Data = seq, string(name), rest
	if string(prev) == linkBefore {
		m.prev = seq - 1
	} else {
		if prev, m.birth = bytes.CutPrefix(prev, []byte{'^'}); m.birth {
			m.root = true
		} else {
			prev, m.root = bytes.CutPrefix(prev, []byte{'~'})
		}
		if m.prev, ok = parseUint(prev); !ok || m.prev >= seq {
			return false
		}
	}
	m.index, ok = parseUint(index)
	return ok && m.Check() == nil
}

func parseUint(digits []byte) (uint64, bool) {
	n, err := strconv.ParseUint(string(digits), 10, 64)
	return n, err == nil
}

// parseMessage parses a stored message. A message that no log has written is no entry,
// and anything may come before it.
func parseMessage(subject string, seq uint64, h nats.Header, data []byte) message {
	m := message{subject: subject, msgID: header(h, msgIDHeader), batched: header(h, batchIDHeader) != ""}
	if !m.decodeData(seq, data) {
		m.Entry, m.link = eventlog.Entry{ID: seq}, link{prev: seq - 1, root: true, birth: true}
	}
	return m
}

// parseDelivery parses a stored message as a stream republishes it, or as a server
// returns it from a direct get.
func parseDelivery(m *nats.Msg) (message, bool) {
	seq, err := strconv.ParseUint(header(m.Header, seqHeader), 10, 64)
	if err != nil || seq == 0 {
		return message{}, false
	}
	return parseMessage(header(m.Header, subjectHeader), seq, m.Header, m.Data), true
}

// header returns the first value of a header whose name is spelled exactly so.
func header(h nats.Header, name string) string {
	if v := h[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}
