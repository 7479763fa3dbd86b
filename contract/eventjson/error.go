package eventjson

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"

	"github.com/mixstream/mixstream/internal/excerpt"
)

// Error reports which part of a JSON text is wrong, or which part of a Go value JSON cannot
// represent, and why.
type Error struct {
	// Path is the wrong part, as a JSON Pointer (RFC 6901). It is empty for the whole, also
	// if the text is not JSON.
	Path string
	// Reason tells what is wrong with it. Text from outside is cut.
	Reason string
	// Err is the error of encoding/json or of a type's own method. It is nil if this package
	// found the mistake.
	Err error
}

// Error returns the path and the reason as one line. It cuts long ones.
func (e *Error) Error() string {
	return "data" + excerpt.Cut(e.Path, 200) + ": " + excerpt.Cut(e.Reason, 1000)
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// because returns the reason of an error of encoding/json, in the words of a spec.
func because(err error) string {
	reason := strings.TrimPrefix(err.Error(), "json: ")
	if wrong := new(json.UnmarshalTypeError); errors.As(err, &wrong) && wrong.Type != nil {
		reason = misfit(specType(wrong.Type), wrong.Value)
	}
	return excerpt.Cut(reason, 200) // some errors repeat the whole value
}

// misfit returns the reason to refuse a value of another type.
func misfit(want, got string) string { return "must be of type " + want + ", not " + got }

// specType returns the JSON type that corresponds to a Go type.
func specType(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "boolean"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "integer (" + t.Kind().String() + ")"
	case reflect.Float32, reflect.Float64:
		return "number"
	case reflect.String:
		return "string"
	case reflect.Slice, reflect.Array:
		return "array"
	case reflect.Struct, reflect.Map:
		return "object"
	}
	return t.String()
}
