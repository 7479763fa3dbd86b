package natslog

import (
	"context"

	"github.com/nats-io/nats.go"
)

// DropLive returns the options of a log that loses the live messages for which f
// returns true.
func (o Options) DropLive(f func(*nats.Msg) bool) Options {
	o.dropLive = f
	return o
}

// Connection returns the log's connection.
func (l *Log) Connection() *nats.Conn { return l.nc }

// EntryStream returns the name of the stream of the entries.
func (l *Log) EntryStream() string { return l.subjects.entries() }

// Subject returns the subject of a session's entries.
func (l *Log) Subject(session string) string { return l.subjects.session(session) }

// RecordSubject returns the subject of a session's record.
func (l *Log) RecordSubject(session string) string { return l.subjects.record(session) }

// Bury forgets the sessions whose grace period is over.
func (l *Log) Bury(ctx context.Context) error { return l.buryDue(ctx) }
