package jsonschema

import (
	"encoding/binary"
	"fmt"
	"hash/maphash"
)

// checkUnique finds two items that are equal. It compares only items of the same hash.
func (c *checker) checkUnique(items []any) *misfit {
	places := make(map[uint64][]int, len(items))
	for i, item := range items {
		hash := c.hash(item)
		for _, j := range places[hash] {
			if same(item, items[j]) {
				return &misfit{reason: fmt.Sprintf("must not repeat an item: item %d equals item %d", i, j)}
			}
		}
		places[hash] = append(places[hash], i)
	}
	return nil
}

// seed makes the hashes unknown outside, so that data cannot be made to have the same.
var seed = maphash.MakeSeed()

// hash returns a number that is equal for equal JSON. It visits each array and object once,
// even if several of the values around it are compared.
func (c *checker) hash(value any) uint64 {
	id := identity(value)
	if hash, ok := c.hashes[id]; ok {
		return hash
	}
	hash := c.hashParts(value)
	if id != 0 {
		if c.hashes == nil {
			c.hashes = map[uintptr]uint64{}
		}
		c.hashes[id] = hash
	}
	return hash
}

func (c *checker) hashParts(value any) uint64 {
	var h maphash.Hash // its methods do not fail
	h.SetSeed(seed)
	switch value := value.(type) {
	case bool:
		if value {
			_ = h.WriteByte('t')
		} else {
			_ = h.WriteByte('f')
		}
	case string:
		_ = h.WriteByte('"')
		_, _ = h.WriteString(value)
	case Number:
		d := value.decimal()
		if d.negative {
			_ = h.WriteByte('-')
		} else {
			_ = h.WriteByte('+')
		}
		writeNumber(&h, uint64(d.point)) //nolint:gosec // any bits will do
		_, _ = h.WriteString(d.whole)
		_, _ = h.WriteString(d.fraction)
	case []any:
		_ = h.WriteByte('[')
		for _, item := range value {
			writeNumber(&h, c.hash(item))
		}
	case map[string]any:
		sum := uint64(0) // of the members, which have no order
		for name, member := range value {
			var h maphash.Hash
			h.SetSeed(seed)
			writeNumber(&h, c.hash(member))
			_, _ = h.WriteString(name)
			sum += h.Sum64()
		}
		_ = h.WriteByte('{')
		writeNumber(&h, sum)
	}
	return h.Sum64()
}

func writeNumber(h *maphash.Hash, n uint64) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], n)
	_, _ = h.Write(b[:])
}
