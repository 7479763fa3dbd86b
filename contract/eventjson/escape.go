package eventjson

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// escape returns the length of the escape sequence at the beginning of data (RFC 8259, section
// 7), and how many bytes unescaping saves at least. The length is 0 if there is none.
func escape(data []byte) (length, saved int) {
	if len(data) < 2 || data[0] != '\\' {
		return 0, 0
	}
	switch c := data[1]; {
	case unescaped[c] != 0:
		return 2, 1
	case c == 'u' && hex(data) >= 0:
		return 6, 3
	}
	return 0, 0
}

// hex returns the number in an escape sequence \uXXXX at the beginning of data; -1 if there is
// none.
func hex(data []byte) rune {
	if len(data) < 6 || data[0] != '\\' || data[1] != 'u' {
		return -1
	}
	var r rune
	for _, c := range data[2:6] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = (c | 0x20) - 'a' + 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}

// unescape returns the string of a text.
func (d *Decoder) unescape(t text) string {
	if t.plain {
		return string(d.data[t.begin:t.end])
	}
	raw := d.data[t.begin:t.end]
	if !t.utf8 {
		raw = appendValid(nil, raw)
	}
	var b strings.Builder
	b.Grow(len(raw) - t.saved)
	var chunk [256]byte // a Builder takes no single bytes as fast
	n := 0
	for len(raw) > 0 {
		if n > len(chunk)-utf8.UTFMax {
			b.Write(chunk[:n])
			n = 0
		}
		if raw[0] == '\\' {
			length, written := unescape(chunk[n:], raw)
			raw = raw[length:]
			n += written
		}
		copied := copyUnescaped(chunk[n:], raw)
		raw = raw[copied:]
		n += copied
	}
	b.Write(chunk[:n])
	return b.String()
}

// unescape writes the character of the escape sequence at the beginning of raw to dst, and
// returns the lengths of both. A surrogate without its other half is U+FFFD.
func unescape(dst, raw []byte) (length, written int) {
	c := raw[1]
	if c == 'u' {
		r := hex(raw)
		length = 6
		if utf16.IsSurrogate(r) {
			if pair := utf16.DecodeRune(r, hex(raw[6:])); pair != utf8.RuneError {
				r, length = pair, 12
			}
		}
		return length, utf8.EncodeRune(dst, r) // U+FFFD for a surrogate
	}
	dst[0] = unescaped[c]
	return 2, 1
}

// unescaped holds the character for each that stands behind a backslash.
var unescaped = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// appendValid appends text with U+FFFD for each byte that is not UTF-8.
func appendValid(b, text []byte) []byte {
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		b = utf8.AppendRune(b, r)
		text = text[size:]
	}
	return b
}
