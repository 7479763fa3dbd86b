// Package hidden keeps what a server tells its log, and no stream shows under that name: that a
// session was created or has ended, where the contract has no event for it.
package hidden

import (
	"strings"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/eventlog"
)

// Prefix begins the names of hidden entries. Every server reserves such names, also one that
// writes no hidden entries: another server on the same log may.
const Prefix = "mixstream."

// Created and Deleted are the entries of a session's beginning and end where the contract has
// no event for them.
var (
	Created = contract.ControlEvent{Name: Prefix + "session_created", Session: "sessionId"}
	Deleted = contract.ControlEvent{Name: Prefix + "session_deleted", Session: "sessionId"}
)

// Reserves reports whether a name is one of hidden entries, which no event may have.
func Reserves(name string) bool { return strings.HasPrefix(name, Prefix) }

// Is reports whether an entry is hidden. The streams of the session that a hidden entry has
// ended show an event instead: see [EndOf].
func Is(e *eventlog.Entry) bool { return Reserves(e.Name) }
