package main

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/mixstream/mixstream/internal/redact"
)

// printable returns third-party text for one line of a terminal. It escapes, as in a Go
// string, characters that could control the terminal, end the line, or change the order of the
// text.
func printable(s string) string { return escape(s, "\t") }

// flowing is printable for a text of several lines.
func flowing(s string) string { return escape(strings.ReplaceAll(s, "\r\n", "\n"), "\t\n") }

// message returns a message for standard error. It removes the secrets of URLs, and indents
// all lines but the first, so that third-party text cannot look like another message.
func message(s string) string {
	return strings.ReplaceAll(flowing(redact.Text(s)), "\n", "\n  ")
}

// escape escapes control and format characters, including those that set the direction of
// writing, and line separators, except the allowed ones.
func escape(s, allowed string) string {
	var b strings.Builder
	for s != "" {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && size == 1:
			b.WriteRune(unicode.ReplacementChar)
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) && !strings.ContainsRune(allowed, r):
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		default:
			b.WriteString(s[:size])
		}
		s = s[size:]
	}
	return b.String()
}

// escapeJSON escapes the same characters in the strings of JSON, without changing their
// meaning.
func escapeJSON(text []byte) []byte {
	var b []byte
	for _, r := range string(text) {
		switch {
		case r == '\n' || r == '\t' || !unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp):
			b = utf8.AppendRune(b, r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			b = fmt.Appendf(b, `\u%04x\u%04x`, high, low)
		default:
			b = fmt.Appendf(b, `\u%04x`, r)
		}
	}
	return b
}
