// Package natslog is the eventlog.Log on NATS JetStream: embedded in the process with a
// folder, or connected to a NATS cluster, with the same code above the connection. It
// needs nats-server 2.12 or later.
//
// # What is stored where
//
// One stream has the entries, and an id is a sequence of this stream. The entries of a
// session are under the subject PREFIX.e.TOKEN and those of a named scope under
// PREFIX.s.TOKEN, where the token is the id in base64url, or a hash of a long id. A
// session that is a scope of its own has everything under its own subject. The stream
// trims itself: each subject to a number of entries, the whole to its bytes and its age.
// A second stream has the record of each session under PREFIX.r.TOKEN. It is not trimmed.
//
// The first sequence of a new stream comes from the clock (microseconds since 1970). So
// ids from before a store was wiped are lower than any later one, and are told as a gap.
// The log knows its streams by the times when they were made, and the store of an
// embedded server also by its checksums and its highest sequence. So a stream that was
// made again and a store that was damaged are told as a gap too. A store that was
// restored from a copy cannot be recognised: it gives out ids again that readers have
// seen for other entries. Restore into a new stream; see docs/logs.md.
//
// # No gap is missed
//
// Before its data, each message names the sequence of the message before it under its
// subject. The stream stores it only if that is still the last one
// (Nats-Expected-Last-Subject-Sequence). So the messages of a subject are a chain:
// between two that are read one after the other there was nothing, and the oldest one
// that is left says how far the subject was trimmed. A message for an empty subject has
// the mark of the session's record, or the position before the oldest entry of the whole
// log if that is later: age and bytes trim the oldest entries of the log first, and with
// them whatever the subject had. A session that is forgotten leaves its last message
// behind until that is trimmed, so that a process that was disconnected while the session
// ended can see that it missed something.
//
// A gap is told falsely only to a position from before the oldest entry of the whole log,
// and only for a session or scope that has nothing left or was empty then: it may have
// had entries in between.
//
// # Readers
//
// The stream republishes what it has stored. A Log has one core NATS subscription for
// each session and scope that is being read, which all its readers share, and no
// consumer. Core NATS may lose a message. A reader gets an entry only if the chain leads
// to it, and reads the stream where the chain is broken. The log finds a lost last
// message by comparing with the stream, every Options.CheckInterval and after each
// reconnection. Where a session has a named scope, a reader gets an entry of one only
// after the log has asked the leader of the stream for the last entry of the other.
//
// # Writers
//
// The stream acknowledges each publication. The log repeats it under its message id
// (Nats-Msg-Id) until then, or until Options.AppendTimeout. It fails with
// eventlog.ErrUnavailable if nothing can have been stored, and with
// eventlog.ErrOutcomeUnknown otherwise. Several processes may write to one session, but
// each then waits for the others by failing and trying again; one writer is faster.
//
// # Where to begin reading
//
// log.go has the methods of a Log. The code below it: append.go, create_delete.go and
// unfinished.go change sessions; write.go stores a draft under a subject; reader.go,
// cache.go and readahead.go read; compare.go and adopt.go compare with the stream and
// recognise another one; writable.go and internal/embedded keep an embedded server going.
package natslog
