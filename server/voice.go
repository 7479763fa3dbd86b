package server

import (
	"encoding/json"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/sse"
)

// voice is how the server speaks on a stream: by the events that the contract has for it, and
// by what the standard offers (WHATWG HTML, section 9.2) where it has none.
type voice struct {
	control contract.Control // zero events: the contract has none

	created, deleted contract.ControlEvent // as the log keeps them
	unnamed          bool                  // the SSE field "event" does not name events
}

// hidden begins the names of entries that the log keeps and no stream shows under that name,
// also not one of a server that would not write them: another one may have.
const hidden = "mixstream."

// What the log has where the contract has no event for it.
var (
	hiddenCreated = contract.ControlEvent{Name: hidden + "session_created", Session: "sessionId"}
	hiddenDeleted = contract.ControlEvent{Name: hidden + "session_deleted", Session: "sessionId"}
)

// newVoice returns the voice of a contract. nameIn is the member of the data that names an
// event there, if one does: it is set in those of the server, and the SSE field is left out.
func newVoice(c *contract.Control, nameIn string) voice {
	v := voice{unnamed: nameIn != ""}
	if c != nil {
		v.control = *c
	}
	for _, e := range v.events() {
		if v.unnamed && e.Name != "" {
			e.Set = maps.Clone(e.Set)
			if e.Set == nil {
				e.Set = make(map[string]string)
			}
			e.Set[nameIn] = e.Name
		}
	}
	v.created, v.deleted = v.control.Created, v.control.Deleted
	if v.created.Name == "" {
		v.created = hiddenCreated
	}
	if v.deleted.Name == "" {
		v.deleted = hiddenDeleted
	}
	return v
}

// events returns the events that the contract may have for the server.
func (v *voice) events() []*contract.ControlEvent {
	c := &v.control
	return []*contract.ControlEvent{&c.Connected, &c.Heartbeat, &c.Gap, &c.Created, &c.Deleted}
}

func (v *voice) check() error {
	for _, e := range v.events() {
		if err := checkEventName(e.Name); err != nil {
			return err
		}
	}
	return nil
}

// tellsPosition reports whether the first event of a stream tells its position.
func (v *voice) tellsPosition() bool { return v.control.Connected.Name != "" }

// tellsGaps reports whether the contract has an event for a gap.
func (v *voice) tellsGaps() bool { return v.control.Gap.Name != "" }

// reserves reports whether only the server may say an event.
func (v *voice) reserves(name string, data []byte) bool {
	return v.control.Reserves(name, data) || strings.HasPrefix(name, hidden)
}

// opening appends what every stream begins with. Without an event for it that is a comment
// line: some middlewares decide what becomes of an answer only when they see its body.
func (st *stream) opening(buf *buffer, retry time.Duration) {
	st.retry = retry
	if st.server.op.voice.tellsPosition() {
		st.say(buf, st.start.connected, &st.server.op.voice.control.Connected, "")
		return
	}
	st.comment(buf)
}

// sendAway appends the whole of a stream whose client is to come back later.
func (st *stream) sendAway(buf *buffer, retry time.Duration) {
	if st.server.op.voice.tellsPosition() {
		st.opening(buf, retry)
		return
	}
	buf.retry(retry)
}

// heartbeat appends a sign of life, which carries the position where the contract has an
// event for it.
func (st *stream) heartbeat(buf *buffer) {
	if heartbeat := &st.server.op.voice.control.Heartbeat; heartbeat.Name != "" {
		st.say(buf, st.position, heartbeat, "")
		return
	}
	st.comment(buf)
}

// farewell appends the last that is said before the end of a stream whose client is to come
// back. The retry line stands alone: a whole block without data is an empty event to some
// clients.
func (st *stream) farewell(buf *buffer, retry time.Duration) {
	if heartbeat := &st.server.op.voice.control.Heartbeat; heartbeat.Name != "" {
		st.retry = retry
		st.say(buf, st.position, heartbeat, "")
		return
	}
	buf.retry(retry)
}

// gapMessage is what a gap event says.
const gapMessage = "events before this position are no longer retained, and some may be missing"

// gap appends the event that says that what is before the position may be missing, if the
// contract has one.
func (st *stream) gap(buf *buffer) {
	st.counts.gaps++
	if v := &st.server.op.voice; v.tellsGaps() {
		st.say(buf, st.position, &v.control.Gap, gapMessage)
	}
}

// say appends an event of the server itself, with the reconnection time if that is still to be
// told.
func (st *stream) say(buf *buffer, id uint64, e *contract.ControlEvent, message string) {
	name := e.Name
	if st.server.op.voice.unnamed {
		name = ""
	}
	buf.block(name, e.Data(contract.ControlValues{Session: st.sessionID, Message: message}), id, st.retry)
	st.retry, st.dangling = noRetry, false
}

// entry appends an event of the log, and reports whether streams show it.
func (st *stream) entry(buf *buffer, e *eventlog.Entry) (shown bool) {
	op := &st.server.op
	name, data := e.Name, e.Data
	if isHidden(e) {
		last, ok := st.lastEvent(e)
		if !ok {
			return false
		}
		name, data = last.Event, last.Data
	}
	isText := op.text != nil && op.text(name)
	if op.voice.unnamed {
		name = ""
	}
	if st.dangling = false; st.retry < 0 && !isText {
		buf.bytes = buf.appender.Append(buf.bytes, name, data, e.ID)
		return true
	}
	if isText {
		data = plainText(data)
	}
	buf.block(name, data, e.ID, st.retry)
	st.retry = noRetry
	return true
}

// isPlain reports whether every event that is not hidden goes out as the log has it.
func (o *operation) isPlain() bool { return !o.voice.unnamed && o.text == nil }

// isHidden reports whether an entry is not an event to be shown. One that ended a session is
// shown to the streams of that session in another form: see lastEvent.
func isHidden(e *eventlog.Entry) bool { return strings.HasPrefix(e.Name, hidden) }

// conclude appends the end of a stream that has got to the end of its session: the sentinel,
// if there is one.
func (st *stream) conclude(buf *buffer) {
	if sentinel := st.server.cfg.sentinel; sentinel != "" && st.deleted != 0 {
		buf.bytes = append(append(append(buf.bytes, "data: "...), sentinel...), "\n\n"...)
		st.dangling = false
	}
	st.settle(buf)
}

// settle appends what must stand between a comment line and the end of a stream: some clients
// never come back after such an end, or report an event without content.
func (st *stream) settle(buf *buffer) {
	if st.dangling {
		buf.retry(st.server.cfg.retry)
		st.dangling = false
	}
}

// plainText returns the text of a JSON string, with the line ends that a stream can carry.
// What is no string comes back as it is.
func plainText(data []byte) []byte {
	var text string
	if json.Unmarshal(data, &text) != nil {
		return data
	}
	return []byte(lineEnds.Replace(text))
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// isDeletion reports whether an entry is the end of the stream's session.
func (st *stream) isDeletion(e *eventlog.Entry) bool {
	d := &st.server.op.voice.deleted
	if e.ID == st.deleted {
		return true
	}
	if _, ok := st.lastEvent(e); ok {
		return true
	}
	if e.Name != d.Name || d.Session == "" { // which learnEnd looks up
		return false
	}
	v, ok := d.Names(e.Name, e.Data)
	return ok && v.Session == st.sessionID
}

// comment appends a comment line. It is no block: with an empty line behind it, it would be
// an event without content to some clients.
func (st *stream) comment(buf *buffer) {
	buf.bytes = append(buf.bytes, ":\n"...)
	st.dangling = true
}

// retry appends a line that tells the reconnection time. Like a comment line, it is no block.
func (b *buffer) retry(d time.Duration) {
	b.bytes = append(b.bytes, "retry: "...)
	b.bytes = strconv.AppendInt(b.bytes, d.Milliseconds(), 10)
	b.bytes = append(b.bytes, '\n')
}

// block appends an event with a reconnection time, unless that is negative.
func (b *buffer) block(name string, data []byte, id uint64, retry time.Duration) {
	frame := sse.Event{Name: name, ID: strconv.AppendUint(nil, id, 10), Data: data}
	if retry >= 0 {
		frame.Retry, frame.HasRetry = retry, true
	}
	var err error
	if b.bytes, err = sse.Append(b.bytes, frame); err != nil {
		panic(err) // the log has checked the entry, and the server its own words
	}
}

// noRetry leaves the retry field out.
const noRetry = -1
