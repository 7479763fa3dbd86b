package client

import (
	"encoding/json"
	"errors"
	"io"
	"slices"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/sse"
)

// feed is the reconnecting stream of an operation below its Go types: it knows the names
// and the bytes of the events, and what the contract says of them.
type feed struct {
	source *Source
	cfg    config
	facts  facts

	session string // whose events are streamed; empty if that is not known
	resumption
	resumer *resumer // nil: the request that began the stream resumes it

	// The event that was read last.
	id, name string
	raw      []byte // its data as it came, which is the source's; nil if it was too large
	data     []byte // its data as JSON
	tooLarge error  // why raw is nil
	last     bool   // it ends the stream
	ids      ids
	lastName string // the last name that was found in data, to allocate it once

	connection     int    // of the source, by which the event came; 0 if none has come
	afterConnected bool   // the event before was connected
	untold         string // the id that was asked for where connected had noPosition and the gap event is still to come

	lastID string // of the last event that was delivered
}

// facts are what a feed knows of its operation.
type facts struct {
	method  string
	control contract.Control
	end     contract.End
	nameIn  string
	text    func(name string) bool // nil: no data is plain text
}

func factsOf[P, E any](op contract.Operation[P, E]) facts {
	f := facts{method: op.Method, end: op.End, nameIn: op.Events.NameIn, text: op.Events.Text}
	if op.Control != nil {
		f.control = *op.Control
	}
	return f
}

// tellsPosition reports whether the first event of each stream tells its position.
func (f *facts) tellsPosition() bool { return f.control.Connected.Name != "" }

// newFeed returns a feed that has yet to be given its source.
func newFeed(cfg config, facts facts, session string) *feed {
	return &feed{cfg: cfg, facts: facts, session: session, resumption: resumption{unsafe: !isSafe(facts.method), base: cfg.after}}
}

// sourceConfig returns the configuration of the feed's source.
func (f *feed) sourceConfig() sourceConfig {
	cfg := f.cfg.source
	cfg.awaitEvent = f.facts.tellsPosition()
	cfg.opened, cfg.lost = f.opened, f.lost
	refused := cfg.refused
	cfg.refused = func(e *APIError) error { return f.gone(e, refused(e)) }
	return cfg
}

// read reads the next event. It returns io.EOF after a clean end; any error is final.
func (f *feed) read() error {
	wasConnected := f.connection > 0 && f.isConnected()
	err := f.source.advance()
	raw := &f.source.event
	f.raw, f.tooLarge = raw.Data, nil
	switch {
	case errors.Is(err, sse.ErrEventTooLarge):
		f.tooLarge = err
	case err != nil:
		return f.ended(err)
	case f.isSentinel(raw.Data):
		f.source.Close()
		return f.ended(io.EOF)
	}
	f.afterConnected = wasConnected
	f.id = f.ids.text(raw.ID)
	f.name, f.data = raw.Name, raw.Data
	if f.facts.nameIn != "" || f.facts.text != nil {
		f.interpret()
	}
	if gap := f.gap(); gap != nil {
		if err := f.refuseGap(gap); err != nil {
			f.source.Close()
			return err
		}
	}
	f.connection = f.source.connections
	f.last = f.isLast()
	if f.resumer != nil && !f.isSign() && f.resumer.learn(f.data) {
		f.source.outage.progress()
	}
	return nil
}

// isSentinel reports whether data ends the stream.
func (f *feed) isSentinel(data []byte) bool {
	if s := f.facts.end.Data; s != "" && string(data) == s { // which copies nothing
		return true
	}
	for _, sentinel := range f.cfg.untilData {
		if string(data) == sentinel {
			return true
		}
	}
	return false
}

// interpret finds the name of an event in its data, and makes JSON of data that is text. An
// event whose data does not name it keeps the name of the SSE field, which may say more.
func (f *feed) interpret() {
	if f.facts.nameIn != "" {
		switch name := stringMember(f.raw, f.facts.nameIn); {
		case name == nil:
		case string(name) == f.lastName:
			f.name = f.lastName
		default:
			f.lastName = string(name)
			f.name = f.lastName
		}
	}
	if f.raw != nil && f.facts.text != nil && f.facts.text(f.name) {
		f.data, _ = json.Marshal(string(f.raw)) // a string always marshals
	}
}

// isConnected reports whether the event is the one that begins a stream.
func (f *feed) isConnected() bool {
	c := &f.facts.control.Connected
	if f.name != c.Name || c.Name == "" {
		return false
	}
	if len(c.Set) == 0 {
		return true
	}
	_, ok := c.Match(f.name, f.data)
	return ok
}

// isSign reports whether the event only shows that the stream is there, and where it is.
func (f *feed) isSign() bool {
	heartbeat := f.facts.control.Heartbeat.Name
	return f.isConnected() || heartbeat != "" && f.name == heartbeat
}

// isLast reports whether the stream is finished after the event.
func (f *feed) isLast() bool {
	if slices.Contains(f.cfg.untilEvent, f.name) || f.facts.end.After(f.name) {
		return true
	}
	deleted := &f.facts.control.Deleted
	if f.name != deleted.Name || deleted.Name == "" {
		return false
	}
	v, ok := deleted.Names(f.name, f.data)
	return ok && v.Session == f.session
}

// ended returns the error of a stream that the source has ended. A gap that connected
// has shown, and of which nothing more has come, must not become a clean end.
func (f *feed) ended(err error) error {
	f.raw, f.data = nil, nil
	if err != io.EOF || f.untold == "" { //nolint:errorlint // the source returns io.EOF itself
		return err
	}
	if gap := f.refuseGap(elsewhere(f.untold, noPosition)); gap != nil {
		return gap
	}
	return err
}
