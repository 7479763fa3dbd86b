package jsonschema

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/mixstream/mixstream/contract/eventjson"
)

// text checks a string by the text between its quotes. plain reports that this is the string
// itself.
func (p *pass) text(t *texts, raw []byte, plain bool) bool {
	if !plain {
		if p.flaw = flawOf(raw); p.flaw != "" {
			return false
		}
		if t != nil {
			raw = unescaped(raw)
		}
	}
	return t == nil || t.fit(raw)
}

// flawOf tells why the text of a string is not well formed; empty if it is. It follows RFC
// 7493, section 2.1.
func flawOf(raw []byte) string {
	if !utf8.Valid(raw) {
		return "must be valid UTF-8"
	}
	for {
		i := bytes.IndexByte(raw, '\\')
		if i < 0 {
			return ""
		}
		raw = raw[i:]
		r := escaped(raw)
		switch {
		case !utf16.IsSurrogate(r):
			raw = raw[2:]
		case utf16.DecodeRune(r, escaped(raw[6:])) == utf8.RuneError:
			return "must not have a lone surrogate"
		default:
			raw = raw[12:]
		}
	}
}

// escaped returns the number in an escape sequence \uXXXX at the beginning of a text; 0 if
// there is none.
func escaped(raw []byte) (r rune) {
	if len(raw) < 6 || raw[0] != '\\' || raw[1] != 'u' {
		return 0
	}
	for _, c := range raw[2:6] {
		r = r<<4 | rune(c&0xf+c>>6*9)
	}
	return r
}

// unescaped returns the string of a text that is well formed.
func unescaped(raw []byte) []byte {
	quoted := make([]byte, 0, len(raw)+2)
	d := eventjson.NewDecoder(append(append(append(quoted, '"'), raw...), '"'))
	return []byte(d.String())
}
