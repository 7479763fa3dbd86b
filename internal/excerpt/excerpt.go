// Package excerpt bounds how much an error message or a log line repeats of what comes from outside.
// A name of a megabyte must not cause a message of a megabyte.
package excerpt

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	// MaxQuote is how many bytes of a single value are quoted, counted before escaping.
	MaxQuote = 100
	// MaxText is the largest size of a message in bytes. As JSON, which turns a byte into six
	// at most, it stays below 4 KiB.
	MaxText = 600
)

// Quote returns s in quotes, as strconv.Quote does. It cuts s after MaxQuote bytes, and then
// adds the full length.
func Quote[T ~string](s T) string {
	if len(s) <= MaxQuote {
		return strconv.Quote(string(s))
	}
	return strconv.Quote(begin(string(s), MaxQuote)) + rest(len(s))
}

// Text returns s. It cuts s after MaxText bytes, and then adds the full length. It serves for
// complete texts, such as the text of an error.
func Text(s string) string { return Cut(s, MaxText) }

// Cut returns s. It cuts s after n bytes, and then adds the full length.
func Cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return begin(s, n) + rest(len(s))
}

// begin returns the first n bytes of s, or fewer so that no character is cut. The result does
// not keep the rest of s in memory.
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

// Error returns an error that wraps err and has the text Text(err.Error()). It returns err
// itself if its text is short.
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
