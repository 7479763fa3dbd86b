package natslog

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/logcopy"
	"github.com/mixstream/mixstream/internal/natscopy"
)

func init() {
	natscopy.Register(func(log eventlog.Log) (logcopy.Source, logcopy.Target) {
		l, is := log.(*Log)
		if !is {
			return nil, nil
		}
		return &copySource{sessions: l.sessions}, &copyTarget{sessions: l.sessions}
	})
}

// copyStore copies what can be read of the store in one folder into a new one in
// another, whose ids are above a number.
func copyStore(ctx context.Context, o Options, from, to string, above uint64) (entries int, err error) {
	o.within, o.Existing, o.SyncInterval = true, false, time.Minute
	o.Dir, o.Retention = from, Retention{}
	source, err := openLog(ctx, o, nil)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	o.Dir, o.Retention, o.idsAbove = to, source.store.retention, above
	target, err := openLog(ctx, o, nil)
	if err != nil {
		return 0, err
	}
	n, err := logcopy.Copy(ctx, &copyTarget{sessions: target.sessions, damaged: true}, &copySource{sessions: source.sessions, damaged: true},
		logcopy.Options{Damaged: true, Logger: o.Logger})
	return n.Entries, errors.Join(err, target.Close())
}

// hashKind begins the Stream.Hash of a log on NATS.
const hashKind = "nats"

// copiedStream returns the stream of a subject of entries. The names of ids that are too long for
// a subject are those in byToken.
func (s subjects) copiedStream(subject string, byToken map[string]string) logcopy.Stream {
	kind, token, _ := strings.Cut(subject[len(s.prefix)+1:], ".")
	if name, known := byToken[token]; known {
		return logcopy.Stream{Name: name, Scope: kind == "s"}
	}
	if name, _, ok := ofToken(token); ok {
		return logcopy.Stream{Name: name, Scope: kind == "s"}
	}
	return logcopy.Stream{Hash: hashKind + subject[len(s.prefix):]}
}

// ofStream is the inverse of copiedStream; it returns nothing for a stream of another kind of log.
func (s subjects) ofStream(of logcopy.Stream) string {
	switch rest, mine := strings.CutPrefix(of.Hash, hashKind+"."); {
	case mine:
		return s.prefix + "." + rest
	case of.Hash != "":
		return ""
	case of.Scope:
		return s.prefix + ".s." + token(of.Name)
	}
	return s.session(of.Name)
}

// ofToken returns the id that has a token. Of an id that is too long for one, it returns only the
// SHA-256.
func ofToken(token string) (id string, sum []byte, ok bool) {
	if token == "=" {
		return "", nil, true
	}
	digits, long := strings.CutPrefix(token, "~")
	b, err := base64.RawURLEncoding.DecodeString(digits)
	if err != nil {
		return "", nil, false
	}
	if long {
		return "", b, false
	}
	return string(b), nil, true
}
