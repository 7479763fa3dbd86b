package sse

import (
	"encoding/binary"
	"unicode/utf8"
)

// valid reports whether p is valid UTF-8, as utf8.Valid does. It takes half the
// time for the short runs of ASCII that most streams consist of.
func valid(p []byte) bool {
	const high = 0x8080808080808080
	if len(p) < 8 {
		for i, c := range p {
			if c >= utf8.RuneSelf {
				return utf8.Valid(p[i:])
			}
		}
		return true
	}
	last := word(p[len(p)-8:])
	for len(p) >= 64 {
		a := word(p) | word(p[8:]) | word(p[16:]) | word(p[24:])
		b := word(p[32:]) | word(p[40:]) | word(p[48:]) | word(p[56:])
		if (a|b)&high != 0 {
			return utf8.Valid(p)
		}
		p = p[64:]
	}
	for len(p) >= 8 {
		if word(p)&high != 0 {
			return utf8.Valid(p)
		}
		p = p[8:]
	}
	return last&high == 0 || utf8.Valid(p)
}

// word returns the first eight bytes of p.
func word(p []byte) uint64 { return binary.LittleEndian.Uint64(p) }

// repair appends p to dst as the UTF-8 decoder of the Encoding standard,
// section 8.1.1, reads it: each maximal subpart of an invalid sequence becomes
// one U+FFFD. (Package utf8 replaces each byte of it, and bytes.ToValidUTF8 a
// whole run of such bytes.)
func repair(dst, p []byte) []byte {
	for len(p) > 0 {
		n := validPrefix(p)
		dst = append(dst, p[:n]...)
		if p = p[n:]; len(p) > 0 {
			dst = utf8.AppendRune(dst, utf8.RuneError)
			p = p[subpart(p):]
		}
	}
	return dst
}

// repairedLen returns the length of what repair appends.
func repairedLen(p []byte) int {
	size := 0
	for len(p) > 0 {
		n := validPrefix(p)
		size += n
		if p = p[n:]; len(p) > 0 {
			size += utf8.RuneLen(utf8.RuneError)
			p = p[subpart(p):]
		}
	}
	return size
}

// validPrefix returns the length of the longest valid prefix of p.
func validPrefix(p []byte) int {
	n := 0
	for n < len(p) {
		if p[n] < utf8.RuneSelf {
			n++
			continue
		}
		_, size := utf8.DecodeRune(p[n:])
		if size == 1 {
			break
		}
		n += size
	}
	return n
}

// subpart returns the length of the maximal subpart of the ill-formed sequence
// at the beginning of p: the bytes that could begin a valid sequence, at least
// one.
func subpart(p []byte) int {
	need, low, high := 0, byte(0x80), byte(0xBF)
	switch lead := p[0]; {
	case lead >= 0xC2 && lead <= 0xDF:
		need = 1
	case lead >= 0xE0 && lead <= 0xEF:
		need = 2
		switch lead {
		case 0xE0:
			low = 0xA0 // less would be overlong
		case 0xED:
			high = 0x9F // more would be a surrogate
		}
	case lead >= 0xF0 && lead <= 0xF4:
		need = 3
		switch lead {
		case 0xF0:
			low = 0x90 // less would be overlong
		case 0xF4:
			high = 0x8F // more would be beyond U+10FFFF
		}
	}
	n := 1
	for n <= need && n < len(p) && p[n] >= low && p[n] <= high {
		low, high = 0x80, 0xBF
		n++
	}
	return n
}
