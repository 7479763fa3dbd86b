package eventjson

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
)

// failure is the first error of a Decoder.
type failure struct {
	at     int    // where the wrong value begins
	syntax bool   // the text is not JSON
	inner  string // the wrong part of that value, as a JSON Pointer
	reason string
	err    error
}

// explain returns the error of a text. It reads the text again: errors are rare, and keeping
// the path of every value would make all others slow.
func (f *failure) explain(data []byte) *Error {
	if f.syntax {
		return notJSON(data, "is not read to its end")
	}
	return &Error{Path: pathOf(data, f.at) + f.inner, Reason: f.reason, Err: f.err}
}

// notJSON returns the error of a text that is not JSON, in the words of encoding/json and with
// the place. If the text is JSON, the reason is the one given.
func notJSON(data []byte, reason string) *Error {
	err := json.Unmarshal(data, new(json.RawMessage))
	wrong := new(json.SyntaxError)
	if !errors.As(err, &wrong) {
		return &Error{Reason: reason}
	}
	length := int64(len(data))
	switch reason = err.Error(); {
	case strings.HasSuffix(reason, "exceeded max depth"):
		reason = tooDeep
	case wrong.Offset == length && strings.HasPrefix(reason, "invalid character ' '") && data[length-1] != ' ':
		// encoding/json takes the end inside of a token for a space.
		return &Error{Reason: "unexpected end of JSON input", Err: err}
	case strings.HasPrefix(reason, "unexpected end"):
		return &Error{Reason: reason, Err: err}
	}
	return &Error{Reason: reason + " (byte " + strconv.FormatInt(wrong.Offset, 10) + ")", Err: err}
}
