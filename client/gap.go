package client

import "cmp"

// noPosition is the id of connected where the requested one can be no position
// of the server's log. A gap event follows, and tells the position. A server that
// counts the events of each connection from 1 uses it too, and tells nothing.
const noPosition = "1"

// gap returns the gap that the event tells or shows, or nil.
func (f *feed) gap() *GapError {
	asked := f.source.requested
	first := f.connection != f.source.connections // of its connection
	untold := f.untold
	f.untold = ""
	// By its JSON, and not by its Go type: what cannot be decoded must not hide a gap.
	if c := &f.facts.control.Gap; f.name == c.Name && c.Name != "" {
		if v, ok := c.Match(f.name, f.data); ok {
			return &GapError{Requested: f.requested(), ResumeFrom: f.id, Message: v.Message}
		}
	}
	if !f.facts.tellsPosition() {
		return nil
	}
	if f.isConnected() {
		f.learnSession()
		switch {
		case !first || asked == "" || asked == fromStart:
		case f.id == noPosition && (asked != noPosition || untold != ""):
			f.untold = cmp.Or(untold, asked)
			return nil
		case f.id != asked:
			return elsewhere(cmp.Or(untold, asked), f.id)
		}
	}
	if untold != "" {
		return elsewhere(untold, noPosition)
	}
	if first && f.connection > 0 && asked == "" {
		return &GapError{ResumeFrom: f.id, Message: "the events before a reconnection had no id to resume after"}
	}
	return nil
}

// learnSession takes the session from connected, where the request did not tell it.
func (f *feed) learnSession() {
	if c := &f.facts.control.Connected; f.session == "" && c.Session != "" {
		v, _ := c.Match(f.name, f.data)
		f.session = v.Session
	}
}

// refuseGap tells of a gap, and returns it if it must end the stream.
func (f *feed) refuseGap(gap *GapError) error {
	if f.cfg.onGap != nil {
		f.cfg.onGap(gap)
	}
	if f.cfg.continueOnGap {
		return nil
	}
	return gap
}

// elsewhere is the gap of a server that goes on after another id than it was asked
// to, and does not say why.
func elsewhere(requested, resumeFrom string) *GapError {
	return &GapError{Requested: requested, ResumeFrom: resumeFrom, Message: "the server goes on elsewhere, since Last-Event-ID was ignored or did not reach it"}
}

// requested returns the id after which the stream was to go on when the server
// told a gap. Right after connected that is what this connection asked for, since
// connected repeats a malformed id as another one.
func (f *feed) requested() string {
	if f.afterConnected {
		return f.source.requested
	}
	return f.lastID
}
