package natslog

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/mixstream/mixstream/eventlog"
)

// longestID is the longest id that stands in its token as it is.
const longestID = 96

// token returns an id as one token of a subject. An id of any bytes has one, and two
// ids have different ones: base64url knows neither = nor ~.
func token(id string) string {
	switch {
	case id == "":
		return "="
	case len(id) > longestID:
		sum := sha256.Sum256([]byte(id))
		return "~" + base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return base64.RawURLEncoding.EncodeToString([]byte(id))
}

// subjects names the streams of a log and its subjects. What is stored depends on them.
type subjects struct{ name, prefix string }

func (s subjects) entries() string { return s.name }
func (s subjects) records() string { return s.name + "_SESSIONS" }

// session returns the subject of a session's own entries.
func (s subjects) session(id string) string { return s.prefix + ".e." + token(id) }

// scope returns the subject of the entries that all sessions of a scope see.
func (s subjects) scope(of eventlog.Session) string {
	if of.Scope == "" {
		return s.session(of.ID)
	}
	return s.prefix + ".s." + token(of.Scope)
}

// key returns the subject of the record of a deduplication key. A session that was
// forgotten and made again has another life, and other keys.
func (s subjects) key(life, name string) string {
	return s.prefix + ".k." + life + "." + token(name)
}

func (s subjects) isKey(subject string) bool { return strings.HasPrefix(subject, s.prefix+".k.") }

// sessionRecord returns the subject of a session's record.
func (s subjects) sessionRecord(id string) string { return s.prefix + ".r." + token(id) }

// expiry returns the subject of the note that says when a deleted session is forgotten.
func (s subjects) expiry(id string) string { return s.prefix + ".g." + token(id) }

// pinned returns the subject of the identity of the streams. No session has its token,
// nor those of the trials.
func (s subjects) pinned() string { return s.prefix + ".g.~log" }

// trial and trialRecord return subjects to try out whether the streams store messages.
func (s subjects) trial() string       { return s.prefix + ".s.~" }
func (s subjects) trialRecord() string { return s.prefix + ".g.~" }

// live returns the subject under which the stream republishes what it has stored;
// ofLive is its inverse.
func (s subjects) live(subject string) string { return s.prefix + ".live" + subject[len(s.prefix):] }
func (s subjects) ofLive(live string) string  { return s.prefix + live[len(s.prefix)+len(".live"):] }
func (s subjects) republishFrom() string      { return s.prefix + ".*.*" }
func (s subjects) republishTo() string        { return s.prefix + ".live.{{wildcard(1)}}.{{wildcard(2)}}" }
