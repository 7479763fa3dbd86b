package client

import (
	"fmt"

	"github.com/mixstream/mixstream/internal/excerpt"
)

// GapError says that events may be missing: the server no longer has everything after the
// position that the client asked for.
type GapError struct {
	// Requested is the id after which the stream should have gone on; empty if there was
	// none.
	Requested string
	// ResumeFrom is the id to resume after: a new stream After it goes on behind the gap.
	// The server retains everything after it.
	ResumeFrom string
	// Message is the server's description, or the client's if the server gave none.
	Message string
	// Err is the answer that told the gap, or the failure that led to it; nil if an event
	// told or showed the gap.
	Err error
}

// Error returns both positions and the message.
func (e *GapError) Error() string {
	return fmt.Sprintf("client: events between %s and %s may be missing: %s", excerpt.Quote(e.Requested), excerpt.Quote(e.ResumeFrom), excerpt.Text(e.Message))
}

// Unwrap returns Err.
func (e *GapError) Unwrap() error { return e.Err }

// passedGapError is an answer that told a gap behind which the stream goes on.
type passedGapError struct{ *GapError }

// Unwrap returns the GapError.
func (e passedGapError) Unwrap() error { return e.GapError }

// elsewhere returns the gap of a server that goes on at another position than the client
// asked for, and does not say why.
func elsewhere(requested, resumeFrom string) *GapError {
	return &GapError{Requested: requested, ResumeFrom: resumeFrom, Message: "the server goes on elsewhere: it ignored Last-Event-ID, or did not get it"}
}

// Two ids are no positions of a log. The server has them as oldest and unknownPosition
// (package server/internal/stream).
const (
	// noPosition is the id of connected where the requested one can be no position of the
	// log. A gap event follows, and tells the position.
	noPosition = "1"
	// fromStart is the last event id that asks for everything that is retained.
	fromStart = "0"
)

// gapRule finds the gaps that the events of a stream tell or show. It knows no connection:
// each event comes with what its connection asked for.
//
// The first event of a connection is connected, and its id is the position from which the
// server goes on. The server tells a gap by an event of its own, right after connected or
// later. A server that ignores Last-Event-ID tells nothing; its connected shows the gap.
//
// An event makes one of these claims:
//
//	silent    it says nothing about the position: connected if "0" was asked for (fromStart),
//	          and any event but those below
//	agrees    connected, at the position that was asked for
//	moved     connected, at another position
//	unplaced  connected, with the id "1" (noPosition): the position asked for cannot be one
//	          of the log. If "1" itself was asked for, that agrees, but not in doubtful
//	unasked   the first event of a connection that asked for no position
//	tells     the gap event
//
// Its state says which kind of event came last. What each claim means in each state:
//
//	state \ claim   silent      agrees      moved        unplaced    unasked   tells
//	nothingYet      –           –           asked→id     doubtful    –         last→id
//	placed          –           –           asked→id     doubtful    none→id   asked→id
//	doubtful        doubt→"1"   doubt→"1"   doubt→id     doubtful    doubt→"1" asked→id
//	flowing         –           –           asked→id     doubtful    none→id   last→id
//
// A cell with an arrow is a gap, from Requested to ResumeFrom. There, asked is the
// Last-Event-ID of the connection, last the id of the event before, and doubt the id for
// which connected was unplaced. After connected the state is placed, or doubtful if it was
// unplaced; after any other event it is flowing.
//
// In doubtful, the gap event must come next, and tells the position. If any other event
// comes, or the stream ends, the server counts the events of each connection from 1, and
// has ignored Last-Event-ID.
type gapRule struct {
	positions bool // the first event of each connection is connected
	state     gapState
	doubt     string // in doubtful, the id that was asked for
}

// gapState says which event came last.
type gapState uint8

const (
	nothingYet gapState = iota // none
	placed                     // connected, at a position of the log
	doubtful                   // connected, at none; a gap event must follow
	flowing                    // any other
)

// gapClaim is what an event says about the position of its connection.
type gapClaim uint8

const (
	silent gapClaim = iota
	agrees
	moved
	unplaced
	unasked
	tells
)

// gapEvent is an event as the gap rule sees it.
type gapEvent struct {
	kind    kind
	id      string
	message string // of a gap event
	first   bool   // no event of its connection came before it
	asked   string // the Last-Event-ID of its connection
	last    string // the id of the event that was delivered before it
}

// ignores reports whether an event is one of the usual ones, for which next does nothing. It
// repeats a part of next for speed: most events end here, before a gapEvent is made of them.
func (g *gapRule) ignores(kind kind, first bool) bool {
	return g.state == flowing && kind == other && !first
}

// next returns the gap that an event tells or shows, or nil.
func (g *gapRule) next(e gapEvent) *GapError {
	was, claim := g.state, g.claim(&e)
	g.state = flowing
	if e.kind == connected {
		g.state = placed
	}
	if claim == tells {
		gap := &GapError{Requested: e.last, ResumeFrom: e.id, Message: e.message}
		if was == placed || was == doubtful { // connected may have replaced a malformed id
			gap.Requested = e.asked
		}
		return gap
	}
	if claim == unplaced {
		if was != doubtful {
			g.doubt = e.asked
		}
		g.state = doubtful
		return nil
	}
	switch {
	case was == doubtful && claim == moved:
		return elsewhere(g.doubt, e.id)
	case was == doubtful:
		return elsewhere(g.doubt, noPosition)
	case claim == moved:
		return elsewhere(e.asked, e.id)
	case claim == unasked && was != nothingYet:
		return &GapError{ResumeFrom: e.id, Message: "the events before a reconnection had no id to resume after"}
	}
	return nil
}

// claim returns what an event says about the position of its connection.
func (g *gapRule) claim(e *gapEvent) gapClaim {
	switch {
	case e.kind == replayGap:
		return tells
	case !g.positions || !e.first:
		return silent
	case e.asked == "":
		return unasked
	case e.kind != connected || e.asked == fromStart:
		return silent
	case e.id == noPosition && (e.asked != noPosition || g.state == doubtful):
		return unplaced
	case e.id == e.asked:
		return agrees
	}
	return moved
}

// end returns the gap that is left when the stream ends: the gap event did not come.
func (g *gapRule) end() *GapError {
	if g.state != doubtful {
		return nil
	}
	return elsewhere(g.doubt, noPosition)
}
