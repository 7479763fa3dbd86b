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

// keyName names a key of one record: a session that was forgotten and made again
// knows nothing of the keys from before.
type keyName struct {
	since uint64
	key   string
}

type keyed struct {
	first uint64
	n     int
}

type keyTime struct {
	keyName
	at time.Duration
}

// repeat sets the ids of the entries if their key was used before.
func (k *keys) repeat(ss *session, key string, entries []Entry) (done bool, err error) {
	before, ok := k.byName[keyName{ss.since, key}]
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

func (k *keys) add(now time.Duration, ss *session, key string, entries []Entry) {
	if k.byName == nil {
		k.byName = make(map[keyName]keyed)
	}
	name := keyName{ss.since, key}
	k.byName[name] = keyed{entries[0].ID, len(entries)}
	k.order = append(k.order, keyTime{name, now})
}

func (k *keys) expire(now time.Duration) {
	for len(k.order) > 0 && now-k.order[0].at > keyWindow {
		delete(k.byName, k.order[0].keyName)
		k.order[0] = keyTime{}
		k.order = k.order[1:]
	}
	if len(k.order) == 0 {
		*k = keys{}
	}
}
