package eventjson

import (
	"slices"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// String writes a string. It escapes quotes, backslashes, control characters, U+2028 and
// U+2029, and no other character. A string that is not UTF-8 is an error.
func (e *Encoder) String(s string) {
	if i := asciiRun([]byte(s), 0); i < len(s) {
		e.escape(s, i)
		return
	}
	e.b = append(append(append(e.b, '"'), s...), `",`...)
}

// StringMember is [Encoder.Name] and [Encoder.String] in one call, which makes the generated
// code of a member half as large.
func (e *Encoder) StringMember(quoted, s string) {
	if i := asciiRun([]byte(s), 0); i < len(s) {
		e.Name(quoted)
		e.escape(s, i)
		return
	}
	e.b = append(append(append(append(e.b, quoted...), '"'), s...), `",`...)
}

// Const is [Encoder.String], but writes constant if s is empty.
func (e *Encoder) Const(s, constant string) {
	if s == "" {
		s = constant
	}
	e.String(s)
}

// escape writes a string whose first i bytes need no closer look.
func (e *Encoder) escape(s string, i int) {
	begin := len(e.b)
	var ascii bool
	e.b, ascii = appendEscaped(append(append(e.b, '"'), s[:i]...), []byte(s[i:]))
	if !ascii && !utf8.ValidString(s) {
		e.b = e.b[:begin]
		e.refuse(&Error{Reason: "must be valid UTF-8"})
		return
	}
	e.b = append(e.b, `",`...)
}

// appendEscaped appends text, with escape sequences where they are necessary, and reports
// whether all of it is ASCII.
func appendEscaped(b, text []byte) (escaped []byte, ascii bool) {
	ascii = true
	for {
		b = slices.Grow(b, len(text)+8)
		n, plain := copyPlain(b[len(b):cap(b)], text)
		b, text = b[:len(b)+n], text[n:]
		ascii = ascii && plain
		if len(text) == 0 {
			return b, ascii
		}
		if short := escapes[text[0]]; short != 0 {
			b = append(b, '\\', short)
			text = text[1:]
			continue
		}
		b, n = appendRare(b, text)
		text = text[n:]
	}
}

// lineSeparator is U+2028. The paragraph separator U+2029 differs in the last bit.
const lineSeparator = "\u2028"

// appendRare appends the character at the beginning of text, as an escape sequence of six
// characters if that is necessary. It returns the length of what it has read.
func appendRare(b, text []byte) (escaped []byte, length int) {
	c := text[0]
	if c != lineSeparator[0] {
		return append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xF]), 1
	}
	if len(text) > 2 && text[1] == lineSeparator[1] && text[2]&^1 == lineSeparator[2] {
		return append(b, '\\', 'u', '2', '0', '2', hexDigits[text[2]&0xF]), 3
	}
	return append(b, c), 1
}

// escapes holds what stands behind the backslash for a character, if that is a single letter.
var escapes = [256]byte{'"': '"', '\\': '\\', '\b': 'b', '\f': 'f', '\n': 'n', '\r': 'r', '\t': 't'}
