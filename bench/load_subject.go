package main

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/mixstream/mixstream/gen"
)

// loadSetup describes the needs of a load.
type loadSetup struct {
	Sessions int  // named by sessionName
	Backlog  int  // how many events a reader may be behind
	Replay   bool // the server keeps events, and replays them to readers that request those after 0
}

// loadServer is a server under load. One goroutine calls Publish.
type loadServer interface {
	http.Handler
	publish(session string, e *gen.ContentData) error
}

// loadSubject is a server to measure under load.
type loadSubject struct {
	key  string // its name on the command line
	name string
	note string // its setup, if that is not obvious
	peer bool   // a loss goes into the table; a loss of any other subject ends the program
	idle bool   // it only holds connections
	make func(loadSetup) (loadServer, error)
}

const (
	coalesceKey = "coalesce"
	flushKey    = "flush"
	hijackKey   = "hijack"
	oursKey     = "mixstream"
	detachedKey = "detached"
	bareKey     = "bare"
)

// peersLeftOut removes the peers from loadSubjects.
var peersLeftOut bool

// loadSubjects returns every server: the floors first, then this project, then its peers.
func loadSubjects() []*loadSubject {
	list := []*loadSubject{
		{key: coalesceKey, name: "floor: all pending events in one write and flush", make: func(s loadSetup) (loadServer, error) { return newLoadFloor(s, true), nil }},
		{key: flushKey, name: "floor: a write and flush for each event", make: func(s loadSetup) (loadServer, error) { return newLoadFloor(s, false), nil }},
		{key: hijackKey, name: "floor: all pending events in one write to a hijacked connection", make: newLoadHijack},
		{key: oursKey, name: "**mixstream `server`**", make: newLoadOurs},
		{key: detachedKey, name: "**mixstream `server`, detached**", make: newLoadDetached},
		{key: "go-sse", name: "tmaxmax/go-sse", peer: true, make: newLoadTmaxmax},
		{key: "eventsource", name: "launchdarkly/eventsource", note: "buffers as large as the backlog", peer: true, make: newLoadLaunchDarkly},
		{key: "r3labs", name: "r3labs/sse", note: "its log only where it replays", peer: true, make: newLoadR3labs},
		{key: bareKey, name: "floor: a bare handler", note: "writes one event, and waits for the end of the request", idle: true, make: func(loadSetup) (loadServer, error) { return loadBare{}, nil }},
	}
	return slices.DeleteFunc(list, func(s *loadSubject) bool { return s.peer && peersLeftOut })
}

func loadSubjectOf(key string) (*loadSubject, error) {
	for _, s := range loadSubjects() {
		if s.key == key {
			return s, nil
		}
	}
	return nil, fmt.Errorf("no server %q", key)
}

// delivering returns the subjects that deliver events.
func delivering() []*loadSubject {
	var list []*loadSubject
	for _, s := range loadSubjects() {
		if !s.idle {
			list = append(list, s)
		}
	}
	return list
}

func sessionName(i int) string { return fmt.Sprintf("session-%05d", i) }

// loadPath returns the path to request, with every parameter that a subject reads.
func loadPath(session string) string { return "/stream?sessionId=" + session + "&stream=" + session }
