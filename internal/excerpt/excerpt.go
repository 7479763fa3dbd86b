// Package excerpt bounds what error messages and log lines repeat of what was sent: a
// request with a name of a megabyte must not be answered, printed or logged with another.
package excerpt

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	// MaxQuote is how much of a single value is quoted, in bytes before its escapes.
	MaxQuote = 100
	// MaxText is how much a message has, in bytes. As JSON, where a byte takes six at
	// most, it stays below 4 KiB.
	MaxText = 600
)

// Quote returns s in quotes, as strconv.Quote does. Of more than MaxQuote bytes it returns
// the beginning, and says how many there were.
func Quote[T ~string](s T) string {
	if len(s) <= MaxQuote {
		return strconv.Quote(string(s))
	}
	return strconv.Quote(begin(string(s), MaxQuote)) + rest(len(s))
}

// Text returns s, or of more than MaxText bytes the beginning, and says how many there
// were. It is for text that has been put together already, such as that of an error.
func Text(s string) string {
	if len(s) <= MaxText {
		return s
	}
	return begin(s, MaxText) + rest(len(s))
}

// begin returns the first n bytes, or fewer, so that no character is cut. The result does
// not keep all of s in memory.
func begin(s string, n int) string {
	for i := n; i > n-utf8.UTFMax; i-- {
		if utf8.RuneStart(s[i]) {
			n = i
			break
		}
	}
	return strings.Clone(s[:n])
}

func rest(all int) string { return fmt.Sprintf("… (%d bytes)", all) }

// Error returns an error that wraps err and whose text is Text of its. It is err itself
// where that is short.
func Error(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	if len(text) <= MaxText {
		return err
	}
	return &shortError{err, Text(text)}
}

type shortError struct {
	err  error
	text string
}

func (e *shortError) Error() string { return e.text }
func (e *shortError) Unwrap() error { return e.err }
