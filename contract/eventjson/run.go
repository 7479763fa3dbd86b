package eventjson

import (
	"encoding/binary"
	"math/bits"
)

// The functions of this file look at eight bytes at a time: a word has the first byte in its
// lowest eight bits. In the result of each test, the highest bit of a byte is set if the byte
// passes. A byte behind one that passes may be marked wrongly, so only the first counts.
const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
)

// zero marks the bytes that are 0, and some that are 0x80 or more.
func zero(word uint64) uint64 { return word - ones }

// special marks control characters, quotes and backslashes, and some bytes of 0x80 or more.
func special(word uint64) uint64 {
	return (word - ' '*ones) | zero(word^'"'*ones) | zero(word^'\\'*ones)
}

// first returns the index of the first marked byte of a word; 8 if there is none.
func first(marked uint64) int { return bits.TrailingZeros64(marked) >> 3 }

// load returns the word at i.
func load(data []byte, i int) uint64 { return binary.LittleEndian.Uint64(data[i:]) }

// tail returns the word of the bytes from i on, of which there are 1 to 7, with zeros behind
// them: control characters, so that every test finds at least the end.
func tail(data []byte, i int) uint64 {
	if len(data) >= 8 {
		return load(data, len(data)-8) >> (8 * (8 - (len(data) - i)) & 63)
	}
	rest := data[i:]
	n := len(rest)
	if n >= 4 {
		return uint64(binary.LittleEndian.Uint32(rest)) | uint64(binary.LittleEndian.Uint32(rest[n-4:]))<<(8*(n-4)&63)
	}
	return uint64(rest[0]) | uint64(rest[n/2])<<(8*(n/2)&63) | uint64(rest[n-1])<<(8*(n-1)&63)
}

// asciiRun returns the index of the first byte of data, from i on, that is a quote, a
// backslash, a control character or not ASCII; len(data) if there is none.
func asciiRun(data []byte, i int) int {
	for begin := i; i+8 <= len(data); i += 8 {
		word := load(data, i)
		if marked := (special(word) | word) & highs; marked != 0 {
			return i + first(marked)
		}
		if i-begin == 24 {
			i = longRun(data, i)
		}
	}
	if i >= len(data) {
		return len(data)
	}
	word := tail(data, i)
	return i + first((special(word)|word)&highs)
}

// longRun is for the middle of a long run: it passes over four words at once as long as asciiRun
// would pass over each, and returns the index of the last word.
func longRun(data []byte, i int) int {
	for ; i+40 <= len(data); i += 32 {
		words := data[i+8 : i+40]
		a, b, c, d := load(words, 0), load(words, 8), load(words, 16), load(words, 24)
		if (special(a)|a|special(b)|b|special(c)|c|special(d)|d)&highs != 0 {
			break
		}
	}
	return i
}

// textRun is asciiRun, but passes over bytes that are not ASCII. ascii reports that there are
// none; it may be false without one.
func textRun(data []byte, i int) (end int, ascii bool) {
	var seen uint64
	for ; i+8 <= len(data); i += 8 {
		word := load(data, i)
		seen |= word
		if marked := special(word) &^ word & highs; marked != 0 {
			return i + first(marked), seen&highs == 0
		}
	}
	if i >= len(data) {
		return len(data), seen&highs == 0
	}
	word := tail(data, i)
	return i + first(special(word)&^word&highs), (seen|word)&highs == 0
}

// copyUnescaped copies src to dst, up to a backslash or the end of either, and returns the
// number of bytes. It may overwrite what follows them in dst.
func copyUnescaped(dst, src []byte) int {
	n := min(len(dst), len(src))
	i := 0
	for ; i+8 <= n; i += 8 {
		word := load(src, i)
		binary.LittleEndian.PutUint64(dst[i:], word)
		other := word ^ '\\'*ones
		if marked := zero(other) &^ other & highs; marked != 0 {
			return i + first(marked)
		}
	}
	for ; i < n && src[i] != '\\'; i++ {
		dst[i] = src[i]
	}
	return i
}

// copyPlain copies src to dst, up to the first byte that is a quote, a backslash, a control
// character, or the first byte of U+2028 (and of others). dst has room for a word more. It
// returns the number of bytes. ascii reports whether all bytes are ASCII, up to the end of the
// last word.
func copyPlain(dst, src []byte) (n int, ascii bool) {
	var seen uint64
	i := 0
	for ; i+8 <= len(src); i += 8 {
		word := load(src, i)
		seen |= word
		binary.LittleEndian.PutUint64(dst[i:], word)
		if marked := separated(word); marked != 0 {
			return i + first(marked), seen&highs == 0
		}
	}
	if i == len(src) {
		return i, seen&highs == 0
	}
	word := tail(src, i)
	binary.LittleEndian.PutUint64(dst[i:], word)
	return i + first(separated(word)), (seen|word)&highs == 0
}

// separated marks the bytes at which copyPlain ends.
func separated(word uint64) uint64 {
	other := word ^ uint64(lineSeparator[0])*ones
	return (special(word)&^word | zero(other)&^other) & highs
}
