package client

import (
	"fmt"
	"testing"
)

// Each cell of the table of gapRule, without a connection.
func TestGapRule(t *testing.T) {
	for name, test := range map[string]struct {
		state gapState
		doubt string
		event gapEvent
		want  string // the state after the event, and the gap
	}{
		"nothing yet: silent":               {nothingYet, "", gapEvent{kind: other, id: "7", first: true, asked: "3", last: "3"}, "flowing"},
		"nothing yet: no position asked":    {nothingYet, "", gapEvent{kind: connected, id: "7", first: true}, "placed"},
		"nothing yet: the start asked":      {nothingYet, "", gapEvent{kind: connected, id: "7", first: true, asked: "0"}, "placed"},
		"nothing yet: the start, from 1":    {nothingYet, "", gapEvent{kind: connected, id: "1", first: true, asked: "0"}, "placed"},
		"nothing yet: agrees":               {nothingYet, "", gapEvent{kind: connected, id: "3", first: true, asked: "3"}, "placed"},
		"nothing yet: agrees on 1":          {nothingYet, "", gapEvent{kind: connected, id: "1", first: true, asked: "1"}, "placed"},
		"nothing yet: moved":                {nothingYet, "", gapEvent{kind: connected, id: "9", first: true, asked: "3"}, "placed, gap 3→9"},
		"nothing yet: unplaced":             {nothingYet, "", gapEvent{kind: connected, id: "1", first: true, asked: "3"}, "doubtful of 3"},
		"nothing yet: tells":                {nothingYet, "", gapEvent{kind: replayGap, id: "9", first: true, asked: "3", last: "3"}, "flowing, gap 3→9"},
		"placed: silent":                    {placed, "", gapEvent{kind: other, id: "4", asked: "3", last: "3"}, "flowing"},
		"placed: connected again":           {placed, "", gapEvent{kind: connected, id: "9", asked: "3", last: "3"}, "placed"},
		"placed: agrees":                    {placed, "", gapEvent{kind: connected, id: "3", first: true, asked: "3", last: "3"}, "placed"},
		"placed: moved":                     {placed, "", gapEvent{kind: connected, id: "9", first: true, asked: "3", last: "3"}, "placed, gap 3→9"},
		"placed: unplaced":                  {placed, "", gapEvent{kind: connected, id: "1", first: true, asked: "3", last: "3"}, "doubtful of 3"},
		"placed: unasked":                   {placed, "", gapEvent{kind: connected, id: "9", first: true}, "placed, gap →9"},
		"placed: tells":                     {placed, "", gapEvent{kind: replayGap, id: "9", asked: "x y", last: "1"}, "flowing, gap x y→9"},
		"doubtful: silent":                  {doubtful, "5", gapEvent{kind: other, id: "2", asked: "5", last: "1"}, "flowing, gap 5→1"},
		"doubtful: a heartbeat":             {doubtful, "5", gapEvent{kind: heartbeat, id: "2", asked: "5", last: "1"}, "flowing, gap 5→1"},
		"doubtful: agrees":                  {doubtful, "5", gapEvent{kind: connected, id: "7", first: true, asked: "7", last: "1"}, "placed, gap 5→1"},
		"doubtful: moved":                   {doubtful, "5", gapEvent{kind: connected, id: "9", first: true, asked: "1", last: "1"}, "placed, gap 5→9"},
		"doubtful: unplaced":                {doubtful, "5", gapEvent{kind: connected, id: "1", first: true, asked: "1", last: "1"}, "doubtful of 5"},
		"doubtful: unasked":                 {doubtful, "5", gapEvent{kind: connected, id: "9", first: true}, "placed, gap 5→1"},
		"doubtful: tells":                   {doubtful, "5", gapEvent{kind: replayGap, id: "9", asked: "5", last: "1"}, "flowing, gap 5→9"},
		"doubtful: tells after a cut":       {doubtful, "5", gapEvent{kind: replayGap, id: "9", first: true, asked: "1", last: "1"}, "flowing, gap 1→9"},
		"flowing: silent":                   {flowing, "", gapEvent{kind: other, id: "5", asked: "3", last: "4"}, "flowing"},
		"flowing: a heartbeat":              {flowing, "", gapEvent{kind: heartbeat, id: "9", asked: "3", last: "4"}, "flowing"},
		"flowing: agrees":                   {flowing, "", gapEvent{kind: connected, id: "4", first: true, asked: "4", last: "4"}, "placed"},
		"flowing: moved":                    {flowing, "", gapEvent{kind: connected, id: "9", first: true, asked: "4", last: "4"}, "placed, gap 4→9"},
		"flowing: unplaced":                 {flowing, "", gapEvent{kind: connected, id: "1", first: true, asked: "4", last: "4"}, "doubtful of 4"},
		"flowing: unasked":                  {flowing, "", gapEvent{kind: connected, id: "9", first: true}, "placed, gap →9"},
		"flowing: unasked, not connected":   {flowing, "", gapEvent{kind: other, id: "", first: true}, "flowing, gap →"},
		"flowing: tells":                    {flowing, "", gapEvent{kind: replayGap, id: "9", asked: "3", last: "4"}, "flowing, gap 4→9"},
		"flowing: tells, first":             {flowing, "", gapEvent{kind: replayGap, id: "9", first: true, asked: "4", last: "4"}, "flowing, gap 4→9"},
		"flowing: the first is no position": {flowing, "", gapEvent{kind: other, id: "1", first: true, asked: "4", last: "4"}, "flowing"},
	} {
		g := gapRule{positions: true, state: test.state, doubt: test.doubt}
		if got := says(&g, g.next(test.event)); got != test.want {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
		}
	}
}

// says returns the state of the rule and the gap that it has found.
func says(g *gapRule, gap *GapError) string {
	text := [...]string{nothingYet: "nothing yet", placed: "placed", doubtful: "doubtful of " + g.doubt, flowing: "flowing"}[g.state]
	if gap != nil {
		text += fmt.Sprintf(", gap %s→%s", gap.Requested, gap.ResumeFrom)
	}
	return text
}

// The events of a contract without connected show nothing, but can tell a gap.
func TestGapRuleWithoutPositions(t *testing.T) {
	g := gapRule{state: flowing}
	if gap := g.next(gapEvent{kind: other, first: true}); gap != nil {
		t.Errorf("an event without an id: %v", gap)
	}
	gap := g.next(gapEvent{kind: replayGap, id: "9", last: "4", message: "trimmed"})
	if gap == nil || gap.Requested != "4" || gap.ResumeFrom != "9" || gap.Message != "trimmed" {
		t.Errorf("a gap event: %v", gap)
	}
}

// A doubt that is left at the end is a gap.
func TestGapRuleEnd(t *testing.T) {
	for _, state := range []gapState{nothingYet, placed, flowing} {
		if gap := (&gapRule{positions: true, state: state}).end(); gap != nil {
			t.Errorf("state %d: %v", state, gap)
		}
	}
	g := gapRule{positions: true, state: doubtful, doubt: "5"}
	if gap := g.end(); gap == nil || gap.Requested != "5" || gap.ResumeFrom != noPosition {
		t.Errorf("doubtful: %v", gap)
	}
}
