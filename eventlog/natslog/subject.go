package natslog

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/mixstream/mixstream/eventlog"
)

// longestID is how long an id may be to be in its token as it is.
const longestID = 96

// token returns an id as one token of a subject. An id of any bytes has one, and
// two ids have different ones: base64url knows neither = nor ~.
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

// subjects are the names of the log's streams and subjects.
type subjects struct{ name, prefix string }

func (s subjects) entries() string          { return s.name }
func (s subjects) records() string          { return s.name + "_SESSIONS" }
func (s subjects) session(id string) string { return s.prefix + ".e." + token(id) }
func (s subjects) record(id string) string  { return s.prefix + ".r." + token(id) }
func (s subjects) grave(id string) string   { return s.prefix + ".g." + token(id) }
func (s subjects) trial() string            { return s.prefix + ".s.~" } // no scope has this token
func (s subjects) trialRecord() string      { return s.prefix + ".g.~" } // and no session
func (s subjects) pinned() string           { return s.prefix + ".g.~log" }
func (s subjects) key(life, name string) string {
	return s.prefix + ".k." + life + "." + token(name)
}
func (s subjects) isKey(subject string) bool  { return strings.HasPrefix(subject, s.prefix+".k.") }
func (s subjects) live(subject string) string { return s.prefix + ".live" + subject[len(s.prefix):] }
func (s subjects) stored(live string) string  { return s.prefix + live[len(s.prefix)+len(".live"):] }
func (s subjects) republishFrom() string      { return s.prefix + ".*.*" }
func (s subjects) republishTo() string        { return s.prefix + ".live.{{wildcard(1)}}.{{wildcard(2)}}" }
func (s subjects) scope(of eventlog.Session) string {
	if of.Scope == "" {
		return s.session(of.ID)
	}
	return s.prefix + ".s." + token(of.Scope)
}
