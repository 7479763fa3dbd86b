// Package natslog is the eventlog.Log on NATS JetStream: embedded in the process,
// with a folder, or connected to a NATS cluster. The code above the connection is
// the same. It needs nats-server 2.12 or later.
//
// # What is stored where
//
// The entries are in one stream, and an id is the stream's sequence. The entries of
// a session are under the subject PREFIX.e.TOKEN and those of a named scope under
// PREFIX.s.TOKEN, where the token is the id in base64url, or a hash of a long one;
// a session that is a scope of its own has all under its own subject. The stream
// trims itself: each subject to so many entries, the whole to its bytes and its
// age. A second stream, which is not trimmed, has the record of each session under
// PREFIX.r.TOKEN.
//
// The first sequence of a new stream is the clock's (microseconds since 1970), so
// ids from before a store was wiped are lower than any later one, and are told as a
// gap. The streams are known by when they were made, and an embedded store also by its
// checksums and its highest sequence, so one that was made again or damaged is told as a
// gap too. A store that was restored from a copy cannot be told: it gives out numbers again
// that readers have seen for other entries. Restore into a new stream; see docs/logs.md.
//
// # No gap is missed
//
// Each message bears, before its data, the sequence of the one before it under its
// subject, and is stored only if that is still the last one
// (Nats-Expected-Last-Subject-Sequence).
// So the messages of a subject are a chain: of two that are read one after the
// other it is known that nothing was between, and the oldest one that is left says
// how far the subject was trimmed. A message for an empty subject bears the mark of
// the session's record, or the position before the oldest entry of the whole log if
// that is later: what the subject had before, if anything, was trimmed by age or
// bytes, and both take the oldest of the log first. A session that is forgotten leaves
// its last message behind, until that is trimmed: a process that was cut off while the
// session ended finds by it that there was more.
//
// A gap is told falsely only to a position from before the oldest entry of the
// whole log, of a session or scope of which nothing is left or which was empty
// then: it may have had entries in between.
//
// # Readers
//
// The stream republishes what it has stored. A Log has one core NATS subscription
// for each session and scope that is being read, which all readers of it share;
// there is no consumer. Core NATS may lose a message. A reader gets an entry only
// if the chain leads to it, and reads the stream where it does not. A lost last
// message is found by comparing with the stream, every Options.CheckInterval and
// after each reconnection. Where a session has a named scope, an entry of the one
// is delivered only after the leader of the stream has been asked for the last
// entry of the other.
//
// # Writers
//
// A publication is acknowledged by the stream, and is repeated under its message id
// (Nats-Msg-Id) until it is, or until Options.AppendTimeout. It then fails with
// eventlog.ErrUnavailable if nothing can have been stored, and with
// eventlog.ErrOutcomeUnknown otherwise. Several processes may write to one session;
// as they wait for each other by failing and trying again, it is best done by one.
package natslog
