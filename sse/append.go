package sse

import (
	"bytes"
	"strconv"
	"strings"
	"time"
)

// FieldError reports a value that the format cannot carry.
type FieldError struct {
	// Field is the name of the field: "event", "retry", "data" or "id".
	Field string
	// Reason tells a person what is wrong with the value.
	Reason string
}

// Error implements error.
func (e *FieldError) Error() string { return "sse: " + e.Field + " " + e.Reason }

// Append appends e to dst as one block, and returns the extended slice. A
// [Decoder] reads the block as e again. If e has no ID, the decoded event has
// the previous one.
//
// Append writes the fields in the order event, retry, data, id. Some clients
// accept an id from a block that a broken connection left unfinished, and then
// never see that event. So the id comes right before the blank line. Append
// always writes a data line, even for empty data, because a reader ignores a
// block without one.
//
// Append refuses the following with a [*FieldError], and returns dst unchanged:
//   - a Name with CR or LF,
//   - an ID with CR, LF or NUL,
//   - Data with CR, which a reader would turn into LF,
//   - a Retry, if HasRetry, that is negative or not a whole number of milliseconds.
//
// Append does not check that e is valid UTF-8; a reader replaces invalid bytes
// by U+FFFD.
func Append(dst []byte, e Event) ([]byte, error) {
	if err := check(&e); err != nil {
		return dst, err
	}
	data := e.Data
	dst = appendHead(dst, &e)
	for i := bytes.IndexByte(data, '\n'); i >= 0; i = bytes.IndexByte(data, '\n') {
		dst = append(dst, "data: "...)
		dst = append(dst, data[:i+1]...)
		data = data[i+1:]
	}
	return appendTail(dst, data, e.ID), nil
}

// appendHead appends the lines before the data.
func appendHead(dst []byte, e *Event) []byte {
	if e.Name != "" {
		dst = append(dst, "event: "...)
		dst = append(dst, e.Name...)
		dst = append(dst, '\n')
	}
	if e.HasRetry {
		dst = append(dst, "retry: "...)
		dst = strconv.AppendInt(dst, e.Retry.Milliseconds(), 10)
		dst = append(dst, '\n')
	}
	return dst
}

// appendTail appends the last line of data, and everything after it.
func appendTail(dst, data, id []byte) []byte {
	dst = append(dst, "data: "...)
	dst = append(dst, data...)
	if len(id) > 0 {
		dst = append(dst, "\nid: "...)
		dst = append(dst, id...)
	}
	return append(dst, "\n\n"...)
}

// check returns an error for the first field of e that the format cannot carry.
func check(e *Event) error {
	switch {
	case !printable([]byte(e.Name)) && strings.ContainsAny(e.Name, "\r\n"):
		return &FieldError{Field: "event", Reason: "contains CR or LF"}
	case !printable(e.ID) && bytes.ContainsAny(e.ID, "\r\n\x00"):
		return &FieldError{Field: "id", Reason: "contains CR, LF or NUL"}
	case bytes.IndexByte(e.Data, '\r') >= 0:
		return &FieldError{Field: "data", Reason: "contains CR"}
	case e.HasRetry && e.Retry < 0:
		return &FieldError{Field: "retry", Reason: "is negative"}
	case e.HasRetry && e.Retry%time.Millisecond != 0:
		return &FieldError{Field: "retry", Reason: "is not a whole number of milliseconds"}
	}
	return nil
}

// printable reports whether every byte of p is at least a space. For a name or
// an id this test is far cheaper than a search for each forbidden byte.
func printable(p []byte) bool {
	if len(p) < 8 {
		for _, c := range p {
			if c < ' ' {
				return false
			}
		}
		return true
	}
	found := below(word(p[len(p)-8:]))
	for len(p) >= 8 {
		found |= below(word(p))
		p = p[8:]
	}
	return found == 0
}

// below returns 0 if every byte of w is at least a space. Otherwise the
// subtraction sets the high bit of a byte that did not have it.
func below(w uint64) uint64 {
	const spaces, high = 0x2020202020202020, 0x8080808080808080
	return (w - spaces) &^ w & high
}

// AppendComment appends text to dst as a comment, and returns the extended slice. Each line of
// text (ended by LF, CR or CR LF) becomes one comment line. The caller must place the comment
// between blocks. AppendComment appends no blank line, because some clients treat a block with
// only a comment as an empty event. So the comment becomes the beginning of the next block.
func AppendComment(dst []byte, text string) []byte {
	for {
		i := strings.IndexAny(text, "\r\n")
		dst = append(dst, ": "...)
		if i < 0 {
			dst = append(dst, text...)
			return append(dst, '\n')
		}
		dst = append(dst, text[:i]...)
		dst = append(dst, '\n')
		if strings.HasPrefix(text[i:], "\r\n") {
			i++
		}
		text = text[i+1:]
	}
}
