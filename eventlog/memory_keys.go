package eventlog

import (
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// keys remembers what was appended under deduplication keys.
type keys struct {
	byName map[keyName]keyed
	order  []keyTime // when keys were used, oldest first
}

// keyName stands for a key of one record: a session that was forgotten and made again
// knows nothing of the keys from before. It is a hash, so that a key takes the same
// memory however long its name is.
type keyName [16]byte

type keyed struct {
	Appended
	used time.Duration // last
}

type keyTime struct {
	keyName
	at time.Duration
}

func nameKey(ss *session, key string) keyName {
	sum := sha256.Sum256(append(binary.BigEndian.AppendUint64(nil, ss.since), key...))
	return keyName(sum[:])
}

// get returns what a key of a session stands for: nothing, if it is not known or if
// there is no session.
func (k *keys) get(ss *session, key string) Appended {
	if ss == nil || len(k.byName) == 0 {
		return Appended{}
	}
	return k.byName[nameKey(ss, key)].Appended
}

// put remembers what a key stands for, for KeyLife from now.
func (k *keys) put(now time.Duration, ss *session, key *Key) {
	if k.byName == nil {
		k.byName = make(map[keyName]keyed)
	}
	name := nameKey(ss, key.Name)
	k.byName[name] = keyed{key.Appended, now}
	k.order = append(k.order, keyTime{name, now})
}

func (k *keys) expire(now time.Duration) {
	for len(k.order) > 0 && now-k.order[0].at > KeyLife {
		if name := k.order[0].keyName; now-k.byName[name].used > KeyLife { // and was not used again
			delete(k.byName, name)
		}
		k.order = k.order[1:]
	}
	if len(k.order) == 0 {
		*k = keys{}
	}
}
