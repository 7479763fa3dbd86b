package natslog

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
)

// What is stored under which subject, and how, is the same in every version.
func TestStoredNames(t *testing.T) {
	s := subjects{"N", "p"}
	for want, got := range map[string]string{
		"N":             s.entries(),
		"N_SESSIONS":    s.records(),
		"p.e.YQ":        s.session("a"),
		"p.e.=":         s.session(""),
		"p.s.eA":        s.scope(eventlog.Session{ID: "a", Scope: "x"}),
		"p.e.Yg":        s.scope(eventlog.Session{ID: "b"}),
		"p.k.life.aw":   s.key("life", "k"),
		"p.r.YQ":        s.sessionRecord("a"),
		"p.g.YQ":        s.expiry("a"),
		"p.g.~log":      s.pinned(),
		"p.s.~":         s.trial(),
		"p.g.~":         s.trialRecord(),
		"p.live.e.YQ":   s.live("p.e.YQ"),
		"p.e.YWI":       s.ofLive("p.live.e.YWI"),
		"creating.life": (&record{State: stateCreating, Life: "life"}).entryID(),
		"deleting.life": (&record{State: stateDeleting, Life: "life"}).entryID(),
		"fence.life":    (&record{State: stateDeleting, Life: "life"}).fenceID(),
		"p.e.~Gajwfut_PQwLc3fjfXLszeFEzv60S-rJwyJxMaUmaI0": s.session(strings.Repeat("x", 97)),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestStoredRecord(t *testing.T) {
	const full = `{"id":"YQ==","scope":"eA==","state":"deleting","life":"life","floor":3,"written":true,` +
		`"entry":{"name":"bg==","data":"e30="},"as_of":4,"grace":5,"idle":true,"deleted":6,"fence":7,"until":"2026-01-02T03:04:05Z","write":"w"}`
	r, err := parseRecord(&storedMessage{Seq: 9, Data: []byte(full)})
	if err != nil {
		t.Fatal(err)
	}
	if data, err := json.Marshal(r); err != nil || string(data) != full {
		t.Errorf("got  %s, error %v\nwant %s", data, err, full)
	}
	if r.session() != (eventlog.Session{ID: "a", Scope: "x"}) || !r.unfinished() || r.Until.Year() != 2026 || string(r.Entry.Name) != "n" {
		t.Errorf("the record is %+v", r)
	}
	for state, unfinished := range map[sessionState]bool{"open": false, "creating": true, "deleting": true, "deleted": true, "forgotten": false} {
		if got := (&record{State: state}).unfinished(); got != unfinished {
			t.Errorf("%s: unfinished %v", state, got)
		}
	}
	if (&record{State: "deleted", Until: time.Now().Add(time.Hour)}).unfinished() {
		t.Error("a session is unfinished within its grace period")
	}
}
