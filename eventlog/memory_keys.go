package eventlog

import (
	"fmt"
	"time"
)

// keyWindow is for how long a deduplication key is honoured.
const keyWindow = 2 * time.Minute

// keys remembers which entries were appended under a deduplication key.
type keys struct {
	byName map[keyName]keyed
	order  []keyTime // oldest first
}

type keyName struct{ session, key string }

type keyed struct {
	first uint64
	n     int
}

type keyTime struct {
	keyName
	at time.Time
}

// repeat sets the ids of the entries if their key was used before.
func (k *keys) repeat(session, key string, entries []Entry) (done bool, err error) {
	before, ok := k.byName[keyName{session, key}]
	if !ok {
		return false, nil
	}
	if before.n != len(entries) {
		return true, fmt.Errorf("%w: %q", ErrKeyReused, key)
	}
	for i := range entries {
		entries[i].ID = before.first + uint64(i)
	}
	return true, nil
}

func (k *keys) add(now time.Time, session, key string, entries []Entry) {
	if k.byName == nil {
		k.byName = make(map[keyName]keyed)
	}
	name := keyName{session, key}
	k.byName[name] = keyed{entries[0].ID, len(entries)}
	k.order = append(k.order, keyTime{name, now})
}

func (k *keys) expire(now time.Time) {
	for len(k.order) > 0 && now.Sub(k.order[0].at) > keyWindow {
		delete(k.byName, k.order[0].keyName)
		k.order = k.order[1:]
	}
	if len(k.order) == 0 {
		k.order = nil
	}
}
