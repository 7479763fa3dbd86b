package eventlog

import (
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// keys holds what was appended under deduplication keys.
type keys struct {
	byName map[keyName]keyed
	order  []keyTime // one for each key; the first one is the next that expire checks
}

// keyName identifies a key of one record: a session that was forgotten and made again
// knows nothing of the keys from before. It is a hash, so that every key takes the same
// memory, however long its name is.
type keyName [16]byte

type keyed struct {
	Appended
	used time.Duration // when it was last used
}

// keyTime says when a key was used. It may have been used again since.
type keyTime struct {
	keyName
	at time.Duration
}

func nameKey(ss *session, key string) keyName {
	sum := sha256.Sum256(append(binary.BigEndian.AppendUint64(nil, ss.since), key...))
	return keyName(sum[:])
}

// get returns what a key of a session stands for. An unknown key, or a nil session, has
// the zero Appended.
func (k *keys) get(now time.Duration, ss *session, key string) Appended {
	if ss == nil || len(k.byName) == 0 {
		return Appended{}
	}
	has := k.byName[nameKey(ss, key)]
	if now-has.used > KeyLife {
		return Appended{}
	}
	return has.Appended
}

// put stores what a key stands for, for KeyLife from now.
func (k *keys) put(now time.Duration, ss *session, key *Key) {
	if k.byName == nil {
		k.byName = make(map[keyName]keyed)
	}
	name := nameKey(ss, key.Name)
	if _, known := k.byName[name]; !known {
		k.order = append(k.order, keyTime{name, now})
	}
	k.byName[name] = keyed{key.Appended, now}
}

// expire forgets keys whose life is over, each within twice that time: a key that was
// used again meanwhile goes back to the end of the order.
func (k *keys) expire(now time.Duration) {
	for len(k.order) > 0 && now-k.order[0].at > KeyLife {
		name := k.order[0].keyName
		k.order = k.order[1:]
		if used := k.byName[name].used; now-used > KeyLife {
			delete(k.byName, name)
		} else {
			k.order = append(k.order, keyTime{name, used})
		}
	}
	if len(k.order) == 0 {
		*k = keys{}
	}
}
