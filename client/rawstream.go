package client

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"

	"github.com/mixstream/mixstream/sse"
)

// rawStream is the stream of an operation below its Go types. It knows the names and the
// bytes of the events, and what the contract says about them.
type rawStream struct {
	source     *Source
	cfg        config
	op         operation
	gaps       gapRule
	resumption resumption

	session string // the session of the stream; empty: it is not known yet
	lastID  string // the id of the last event that the caller got

	// These describe the event that was read last.
	id, name string
	kind     kind
	raw      []byte // its data as it came, in the source's buffer; nil if it was too large
	data     []byte // its data as JSON
	tooLarge error  // why raw is nil
	last     bool   // it ends the stream
	ids      ids
	lastName string // the last name that was found in data; keeping it saves an allocation
}

// newRawStream returns a stream whose requests connect makes. Open and Read say how it is
// resumed.
func newRawStream(cfg config, op operation, session string) *rawStream {
	r := &rawStream{cfg: cfg, op: op, session: session}
	r.gaps.positions = r.op.tellsPosition()
	r.resumption = resumption{cfg: &r.cfg, op: &r.op, unsafe: !isSafe(op.method), base: cfg.after}
	return r
}

// start gives the stream its source. Nothing is sent before the first event is wanted.
func (r *rawStream) start(ctx context.Context, connect func(context.Context, string) (*http.Response, error)) {
	cfg := r.cfg.source
	cfg.awaitEvent = r.op.tellsPosition()
	cfg.anyID = r.resumption.own
	cfg.opened, cfg.lost = r.resumption.opened, r.resumption.lost
	cfg.refused = func(e *APIError) error { return r.resumption.refused(e, r.cfg.source.refused(e)) }
	r.source = newSource(ctx, r.cfg.after, connect, cfg)
	r.resumption.source = r.source
}

// read reads the next event. It returns io.EOF after a clean end. Any error is final.
func (r *rawStream) read() error {
	err := r.source.advance()
	event := &r.source.event
	r.raw, r.tooLarge = event.Data, nil
	switch {
	case errors.Is(err, sse.ErrEventTooLarge):
		r.tooLarge = err
	case err != nil:
		return r.ended(err)
	case r.isSentinel(event.Data):
		r.source.Close()
		return r.ended(io.EOF)
	}
	r.id = r.ids.text(event.ID)
	r.name, r.data = event.Name, event.Data
	if r.op.nameIn != "" || r.op.text != nil {
		r.interpret()
	}
	if gap := r.classify(); gap != nil {
		if err := r.cfg.told(gap); err != nil {
			r.source.Close()
			return err
		}
	}
	r.resumption.eventsFrom = r.source.connections
	if resumer := r.resumption.resumer; resumer != nil && r.kind != connected && r.kind != heartbeat && resumer.learn(r.data) {
		r.source.backoff.progress()
	}
	return nil
}

// isSentinel reports whether data ends the stream.
func (r *rawStream) isSentinel(data []byte) bool {
	if s := r.op.end.Data; s != "" && string(data) == s { // this comparison copies nothing
		return true
	}
	for _, sentinel := range r.cfg.untilData {
		if string(data) == sentinel {
			return true
		}
	}
	return false
}

// interpret finds the name of an event in its data, and makes JSON of data that is text. An
// event whose data does not name it keeps the name of the SSE field, which may say more.
func (r *rawStream) interpret() {
	if r.op.nameIn != "" {
		if name, ok := stringMember(r.raw, r.op.nameIn, r.lastName); ok {
			r.name, r.lastName = name, name
		}
	}
	if r.raw != nil && r.op.text != nil && r.op.text(r.name) {
		r.data, _ = json.Marshal(string(r.raw)) // a string always marshals
	}
}

// classify sets the kind of the event and whether it is the last one. It returns the gap
// that the event tells or shows, or nil.
func (r *rawStream) classify() *GapError {
	r.kind = r.op.kindOf(r.name, r.data)
	r.last = slices.Contains(r.cfg.untilEvent, r.name) || r.op.end.After(r.name)
	first := r.resumption.eventsFrom != r.source.connections
	if r.gaps.ignores(r.kind, first) {
		return nil
	}
	event := gapEvent{kind: r.kind, id: r.id, first: first, asked: r.source.requested, last: r.lastID}
	switch control := &r.op.control; r.kind {
	case connected:
		if r.session == "" && control.Connected.Session != "" {
			values, _ := control.Connected.Names(r.name, r.data)
			r.session = values.Session // the request did not name it
		}
	case deleted:
		values, _ := control.Deleted.Names(r.name, r.data)
		r.last = r.last || values.Session == r.session
	case replayGap:
		values, _ := control.Gap.Names(r.name, r.data)
		event.message = values.Message
	case other, heartbeat:
	}
	return r.gaps.next(event)
}

// ended returns the error of a stream whose source has ended. A gap that connected has
// shown, and that nothing has told since, must not become a clean end.
func (r *rawStream) ended(err error) error {
	r.raw, r.data = nil, nil
	if err != io.EOF { //nolint:errorlint // the source returns io.EOF itself
		return err
	}
	if gap := r.gaps.end(); gap != nil {
		if err := r.cfg.told(gap); err != nil {
			return err
		}
	}
	return io.EOF
}
