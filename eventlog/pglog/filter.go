package pglog

import (
	"encoding/binary"
	"iter"
	"math/bits"
)

// filter is a set of streams that is small enough to be part of each question of the tail. It has
// a bit for each stream, by the first two bytes of its hash, so it may contain others as well: one
// of sixteen, or more if there are more than 4096.
type filter []byte

const (
	smallestFilter = 64 // bytes
	largestFilter  = 8192
)

// filterSize returns how many bytes the filter of n streams has, of which each has two.
func filterSize(n int) int {
	return min(max(1<<bits.Len(uint(2*n)), smallestFilter), largestFilter)
}

func newFilter(n int, streams iter.Seq[stream]) filter {
	f := make(filter, filterSize(n))
	for s := range streams {
		f.add(s)
	}
	return f
}

func (f filter) add(s stream) {
	i := int(binary.BigEndian.Uint16(s.Bytes[:])) % (8 * len(f))
	f[i/8] |= 1 << (i % 8)
}
