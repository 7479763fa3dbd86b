package sse

import (
	"bytes"
	"strconv"
	"strings"
	"time"
)

// FieldError reports a value that the format cannot carry.
type FieldError struct {
	// Field is the field of the block: "event", "retry", "data" or "id".
	Field string
	// Reason is what is wrong with its value, for a person to read.
	Reason string
}

// Error implements error.
func (e *FieldError) Error() string { return "sse: " + e.Field + " " + e.Reason }

// Append appends e to dst as one block, and returns the extended slice. A
// [Decoder] reads the block as e again; if e has no ID, with the one before.
//
// The fields are written in the order event, retry, data, id: some clients take
// an id that a broken connection has left in an unfinished block, and then never
// see that event, so an id comes right before the blank line. There always is a
// data line, even for empty data, so that a reader dispatches the event.
//
// Append refuses with a [*FieldError], and leaves dst as it is:
//   - a Name with CR or LF,
//   - an ID with CR, LF or NUL,
//   - Data with CR, which would come out as LF,
//   - a Retry, if HasRetry, that is negative or no whole number of milliseconds.
//
// It does not check that e is valid UTF-8; a reader takes what is not for
// U+FFFD.
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

// appendTail appends the last line of data, and what follows it.
func appendTail(dst, data, id []byte) []byte {
	dst = append(dst, "data: "...)
	dst = append(dst, data...)
	if len(id) > 0 {
		dst = append(dst, "\nid: "...)
		dst = append(dst, id...)
	}
	return append(dst, "\n\n"...)
}

// check returns which field of e the format cannot carry, and why.
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
		return &FieldError{Field: "retry", Reason: "is no whole number of milliseconds"}
	}
	return nil
}

// printable reports whether no byte of p is less than a space. For a name or an
// id that is far cheaper than to look for each byte that it must not have.
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

// below returns 0 if no byte of w is less than a space. Each byte less a space
// then has its high bit clear, unless it had it set before.
func below(w uint64) uint64 {
	const spaces, high = 0x2020202020202020, 0x8080808080808080
	return (w - spaces) &^ w & high
}

// AppendComment appends text to dst as a comment, one line for each of its
// lines (ended by LF, CR or CR LF), and returns the extended slice. It belongs
// between blocks. No blank line follows: a block of nothing but a comment is an
// empty event to some clients, so the comment heads the next block instead.
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
