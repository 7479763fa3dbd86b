package ingest

import (
	"errors"

	"github.com/mixstream/mixstream/eventlog"
)

// key is what a request knows of its Idempotency-Key. The log knows a body by the key: how
// many of its events the log has, their ids, and a digest. So one append tells how far an
// earlier request with the key came, wherever it was cut and in whatever pieces it came. The
// request compares the events up to there by the digest, and appends those after them.
type key struct {
	state keyState
	name  string
	log   eventlog.Appended // what the log has under the key
	body  eventlog.Appended // repeating: what of that this request has brought
}

// keyState says what becomes of the next event of a body with a key.
type keyState int

// States of a key. A body without one is inStep, and stays so.
const (
	inStep          keyState = iota // the log has what this body has brought: the next event is appended
	repeating                       // the log has more, from an earlier request: the next event is compared
	publishedBefore                 // an earlier request has published the end: no event may follow
	closed                          // this request has published the end: no event follows
)

// forAppend returns the key for the next append; last says that it is the last one of the body.
// It returns nil without an Idempotency-Key.
func (k *key) forAppend(last bool) *eventlog.Key {
	if k.name == "" {
		return nil
	}
	return &eventlog.Key{Name: k.name, Appended: k.log, Close: last}
}

// open reports whether the key must be closed at the end of the body.
func (k *key) open() bool { return k.state == inStep && k.log.Count > 0 }

// appended notes that the log has appended what this request has brought.
func (k *key) appended(at *eventlog.Key) {
	if at == nil {
		return
	}
	if k.log = at.Appended; k.log.Closed {
		k.state = closed
	}
}

// conflict notes that the log has refused to append, since it has something else under the
// key. It returns an error if that cannot be the same body.
func (k *key) conflict(has eventlog.Appended) error {
	switch {
	case has.Count < k.log.Count:
		return eventlog.ErrKeyForgotten // and used anew
	case has.Count == k.log.Count:
		return eventlog.ErrKeyReused // for other events, or their end
	}
	k.state, k.body, k.log = repeating, k.log, has
	return nil
}

// compare compares entries, after which the body goes on or not, with what the log has. It
// returns how many of them the log has, and an error if the log has something else.
func (k *key) compare(entries []eventlog.Entry, goesOn bool) (n int, err error) {
	n = min(len(entries), k.log.Count-k.body.Count)
	k.body = k.body.Add(entries[:n]...)
	switch {
	case k.body.Count < k.log.Count && goesOn:
		return n, nil
	case !k.body.Same(k.log):
		return n, eventlog.ErrKeyReused
	case k.log.Closed:
		k.state = publishedBefore
	default:
		k.state = inStep
	}
	return n, nil
}

// renewed notes the outcome of an append of nothing, by which the log remembers the key.
// What fails here fails again, or not, with the next event.
func (k *key) renewed(at *eventlog.Key, err error) {
	if err == nil {
		if k.log = at.Appended; k.state == inStep && k.log.Closed {
			k.state = publishedBefore
		}
		return
	}
	other, ok := errors.AsType[*eventlog.KeyError](err)
	if !ok || other.Appended.Count < k.log.Count {
		return
	}
	switch k.state {
	case inStep:
		_ = k.conflict(other.Appended)
	case repeating: // and another request goes on, or has ended
		k.log = other.Appended
	}
}
