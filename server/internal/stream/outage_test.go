package stream_test

import (
	"errors"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
)

// A log that is unavailable, or fails.
func TestOutage(t *testing.T) {
	begun := step{want: "connected retry=2000 20 -> again / -> rest 15s"}
	fails := func(f *fixture) { f.log.failsReads = eventlog.ErrUnavailable }
	const unavailable = "eventlog: the log is unavailable"
	testRows(t, []row{
		{name: "outlasted", steps: []step{begun,
			{do: fails, want: "-> rest 500ms"},
			{after: 500 * time.Millisecond, want: "-> rest 500ms"},
			{after: 29 * time.Second, do: func(f *fixture) { f.log.failsReads = nil; f.log.addN(1) }, want: "content 21 -> again / -> rest 15s"},
			{do: fails, want: "-> rest 500ms"}, // another outage, with a time of its own
			{after: 29 * time.Second, want: "heartbeat 21 -> again / -> rest 500ms"}}},
		{name: "two, and nothing between them", steps: []step{begun,
			{do: fails, want: "-> rest 500ms"},
			{after: time.Second, do: func(f *fixture) { f.log.failsReads = nil }, want: "-> rest 14s"},
			{after: 10 * time.Second, do: fails, want: "-> rest 500ms"},
			{after: 20 * time.Second, want: "heartbeat 20 -> again / -> rest 500ms"}}},
		{name: "one upon the other", steps: []step{begun,
			{do: fails, want: "-> rest 500ms"},
			{after: 29 * time.Second, do: func(f *fixture) { f.log.failsReads = nil; f.log.addN(1); f.turn(); fails(f) }, want: "-> rest 500ms"},
			{after: 2 * time.Second, want: "-> rest 500ms"}}},
		{name: "after entries that no stream shows", with: "20", log: func(l *log) { l.end = 25 }, steps: []step{begun,
			{do: fails, want: "-> rest 500ms"},
			{after: 15 * time.Second, want: "heartbeat 25 -> again / -> rest 500ms"}}},
		{name: "heartbeats go on", steps: []step{begun, {do: fails, want: "-> rest 500ms"}, {after: 15 * time.Second, want: "heartbeat 20 -> again / -> rest 500ms"}}},
		{name: "over after a heartbeat", steps: []step{begun, {do: fails, want: "-> rest 500ms"},
			{after: 15 * time.Second, do: func(f *fixture) { f.failsOnce = true }, want: "heartbeat 20 -> again / -> rest 15s"}}},
		{name: "too long", steps: []step{begun, {do: fails, want: "-> rest 500ms"},
			{after: 30 * time.Second, want: "heartbeat retry=2000 20 -> end log unavailable: " + unavailable}}},
		{name: "of the sessions, in a gap", steps: []step{begun,
			{do: func(f *fixture) { f.log.addN(10); f.log.trim(28); f.log.failsLookups = eventlog.ErrUnavailable }, want: "-> rest 500ms"},
			{after: time.Second, do: func(f *fixture) { f.log.failsLookups = nil }, want: "error 28 -> again / content 29, content 30 -> again / -> rest 15s"}}},
		{name: "in a gap, before it is told", steps: []step{begun,
			{do: func(f *fixture) { f.log.addN(10); f.log.trim(28); f.log.failsBounds = eventlog.ErrUnavailable }, want: "-> rest 500ms"},
			{after: 15 * time.Second, want: "heartbeat 20 -> again / -> rest 500ms"}, // with a position from which the gap shows again
			{after: time.Second, do: func(f *fixture) { f.log.failsBounds = nil }, want: "error 28 -> again / content 29, content 30 -> again / -> rest 15s"}}},
		{name: "of the sessions, at an end that names none", words: endWithoutSession, rules: fromEnd, steps: []step{
			{want: ": -> again / -> rest 15s"},
			{do: func(f *fixture) {
				f.log.delete("session_deleted", "{}")
				f.log.failsLookups = eventlog.ErrUnavailable
			}, want: "-> rest 500ms"},
			{after: time.Second, do: func(f *fixture) { f.log.failsLookups = nil }, want: "session_deleted retry=2000 21 -> end session"}}},
		{name: "drained", steps: []step{begun, {do: fails, want: "-> rest 500ms"}, {do: drains(0), want: "heartbeat retry=2000 20 -> end drained"}}},
		{name: "the end is known, and the rest of the session cannot be read", with: "19", log: func(l *log) { l.delete("session_deleted", `{"sessionId":"s"}`) }, steps: []step{
			{do: fails, want: "connected retry=2000 19 -> again / -> rest 500ms"}}},
		{name: "fails", steps: []step{begun, {do: func(f *fixture) { f.log.failsReads = errors.New("broken") }, want: "-> end log failed: broken"}}},
		{name: "fails after a comment", words: bare, rules: fromEnd, steps: []step{{want: ": -> again / -> rest 15s"},
			{do: func(f *fixture) { f.log.failsReads = errors.New("broken") }, want: "retry=2000 -> end log failed: broken"}}},
		{name: "sent away with an id", log: func(l *log) { l.fails = eventlog.ErrUnavailable }, with: "17", begin: "error " + unavailable, steps: []step{
			{do: func(f *fixture) { f.stream.ComeBack("17", f.log.fails) }, want: "connected retry=2000 17 -> end log unavailable: " + unavailable}}},
		{name: "sent away with a malformed id", log: func(l *log) { l.fails = eventlog.ErrUnavailable }, with: "x", begin: "error " + unavailable, steps: []step{
			{do: func(f *fixture) { f.stream.ComeBack("x", f.log.fails) }, want: "connected retry=2000 1 -> end log unavailable: " + unavailable}}},
		{name: "sent away while the server shuts down", log: func(l *log) { l.fails = eventlog.ErrUnavailable }, with: "17", begin: "error " + unavailable, steps: []step{
			{do: func(f *fixture) { f.stream.ComeBack("17", f.log.fails); f.stream.SendAway() }, want: "connected retry=2000 17 -> end log unavailable: " + unavailable}}},
		{name: "sent away, no event for it", words: bare, log: func(l *log) { l.fails = eventlog.ErrUnavailable }, with: "17", begin: "error " + unavailable, steps: []step{
			{do: func(f *fixture) { f.stream.ComeBack("17", f.log.fails) }, want: "retry=2000 -> end log unavailable: " + unavailable}}},
	})
}
