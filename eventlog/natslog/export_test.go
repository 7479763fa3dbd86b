package natslog

import (
	"context"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/mixstream/mixstream/eventlog"
)

// DropLive returns the options of a log that loses the live messages for which f
// returns true.
func (o Options) DropLive(f func(*nats.Msg) bool) Options {
	o.dropLive = f
	return o
}

// ShortAge returns the options of a log that may trim entries younger than the life of a
// key.
func (o Options) ShortAge() Options {
	o.shortAge = true
	return o
}

// KeyLife returns the options of a log whose records of keys last for that long.
func (o Options) KeyLife(life time.Duration) Options {
	o.keyLife = life
	return o
}

// BeforeForgetting returns the options of a log that calls f when it has found a session idle.
func (o Options) BeforeForgetting(f func(session string)) Options {
	o.beforeForgetting = f
	return o
}

// Above returns the options of a log whose ids are above a number.
func (o Options) Above(n uint64) Options {
	o.idsAbove = n
	return o
}

// Connection returns the log's connection.
func (l *Log) Connection() *nats.Conn { return l.store.nc }

// EntryStream returns the name of the stream of the entries.
func (l *Log) EntryStream() string { return l.store.subjects.entries() }

// RecordStream returns the name of the stream of the records.
func (l *Log) RecordStream() string { return l.store.subjects.records() }

// ScopeSubject returns the subject of the entries of a scope.
func (l *Log) ScopeSubject(scope string) string {
	return l.store.subjects.scope(eventlog.Session{Scope: scope})
}

// CheckNow makes the log compare what is read with the stream.
func (l *Log) CheckNow() { l.store.state.checkSoon() }

// Subject returns the subject of a session's entries.
func (l *Log) Subject(session string) string { return l.store.subjects.session(session) }

// RecordSubject returns the subject of a session's record.
func (l *Log) RecordSubject(session string) string { return l.store.subjects.sessionRecord(session) }

// Expire forgets the sessions whose grace period is over.
func (l *Log) Expire(ctx context.Context) error { return l.sessions.expire(ctx) }

// Suspected reports whether the log must find out whether its store is whole.
func (l *Log) Suspected() bool { return l.store.state.suspected.Load() }

// Suspect makes the log find out whether its store is whole.
func (l *Log) Suspect() { l.store.state.suspect() }

// Doubt makes the log find out whether entries can be appended.
func (l *Log) Doubt() { l.store.state.doubt() }
