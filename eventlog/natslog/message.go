package natslog

import (
	"strconv"
	"strings"

	"github.com/nats-io/nats.go"

	"github.com/mixstream/mixstream/eventlog"
)

// Headers of what the log stores.
const (
	nameHeader  = "Mixstream-Event" // the event name; a message without one is no entry
	prevHeader  = "Mixstream-Prev"  // see link
	countHeader = "Mixstream-Count" // of the entries of an Append with a key, on the first
)

// Headers of NATS.
const (
	seqHeader      = "Nats-Sequence"
	subjectHeader  = "Nats-Subject"
	upToHeader     = "Nats-UpTo-Sequence"
	pendingHeader  = "Nats-Num-Pending"
	msgIDHeader    = nats.MsgIdHdr
	expectedHeader = nats.ExpectedLastSubjSeqHdr
	batchIDHeader  = "Nats-Batch-Id"
	batchSeqHeader = "Nats-Batch-Sequence"
	commitHeader   = "Nats-Batch-Commit"
	ttlHeader      = "Nats-TTL"
	statusHeader   = "Status"
)

// message is a message of the stream of the entries.
type message struct {
	eventlog.Entry // without a name if the message is no entry
	subject        string
	prev           uint64 // between this and the message there is nothing under the subject
	root           bool   // the subject was empty when it was stored
	msgID          string
	count          int
}

// link says what is before a message: a sequence; with a ^, that the subject was
// empty, and could not have had anything after the sequence; or a +, which is the
// message before it in the stream.
func link(prev uint64, root bool) string {
	if root {
		return "^" + strconv.FormatUint(prev, 10)
	}
	return strconv.FormatUint(prev, 10)
}

const linkBefore = "+"

// parseMessage parses a stored message. One that is not of a log bears no link: it
// is no entry, and before it there may be anything.
func parseMessage(subject string, seq uint64, h nats.Header, data []byte) message {
	m := message{
		Entry:   eventlog.Entry{ID: seq, Name: first(h, nameHeader), Data: data},
		subject: subject,
		msgID:   first(h, msgIDHeader),
		prev:    seq - 1,
	}
	prev := first(h, prevHeader)
	number, root := strings.CutPrefix(prev, "^")
	if n, err := strconv.ParseUint(number, 10, 64); err == nil && n < seq {
		m.prev, m.root = n, root
	} else if prev != linkBefore {
		m.Name, m.root = "", true
	}
	m.count, _ = strconv.Atoi(first(h, countHeader))
	if m.Check() != nil {
		m.Name = ""
	}
	return m
}

// parseDelivery parses a stored message as a stream republishes it, or hands it
// out in answer to a direct get.
func parseDelivery(m *nats.Msg) (message, bool) {
	seq, err := strconv.ParseUint(first(m.Header, seqHeader), 10, 64)
	if err != nil || seq == 0 {
		return message{}, false
	}
	return parseMessage(first(m.Header, subjectHeader), seq, m.Header, m.Data), true
}

// first returns a header whose name is spelled exactly so.
func first(h nats.Header, name string) string {
	if v := h[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}
