package jsonschema

import (
	"fmt"
	"slices"
	"strings"
)

// checker checks values that are read as a tree.
type checker struct {
	all    Schemas
	visits int                // of schemas by their names
	known  map[visit]*misfit  // nil for a value that fits
	hashes map[uintptr]uint64 // of arrays and objects
}

// check returns where a value of parse does not fit a schema, or nil if it fits. It adds to
// seen, unless that is nil, the parts of a fitting value that the schema covers.
func (c *checker) check(s *Schema, value any, seen *evaluated) *misfit {
	if s.Ref != "" {
		return c.checkRef(s.Ref, value, seen)
	}
	if s.UnevaluatedItems == nil && s.UnevaluatedProperties == nil {
		return c.checkValue(s, value, seen)
	}
	own := &evaluated{}
	m := c.checkValue(s, value, own)
	if m == nil {
		m = c.checkUnevaluated(s, value, own)
	}
	seen.add(own)
	return m
}

func (c *checker) checkValue(s *Schema, value any, seen *evaluated) *misfit {
	if s.Never {
		return &misfit{reason: "must be absent"}
	}
	if m := s.checkType(value); m != nil {
		return m
	}
	if len(s.Enum) > 0 && !slices.ContainsFunc(s.Enum, func(v any) bool { return same(v, value) }) {
		return &misfit{reason: "must be one of " + oneLine(s.Enum)}
	}
	var m *misfit
	switch value := value.(type) {
	case string:
		m = s.checkString(value)
	case Number:
		m = s.checkNumber(value)
	case []any:
		m = c.checkArray(s, value, seen)
	case map[string]any:
		m = c.checkObject(s, value, seen)
	}
	if m != nil {
		return m
	}
	return c.checkSchemas(s, value, seen)
}

func (s *Schema) checkType(value any) *misfit {
	if len(s.Types) == 0 {
		return nil
	}
	var is string
	switch value := value.(type) {
	case nil:
		is = "null"
	case bool:
		is = "boolean"
	case string:
		is = "string"
	case Number:
		if is = "number"; slices.Contains(s.Types, "integer") && value.isInteger() {
			is = "integer"
		}
	case []any:
		is = "array"
	case map[string]any:
		is = "object"
	}
	if slices.Contains(s.Types, is) {
		return nil
	}
	return &misfit{reason: "must be of type " + strings.Join(s.Types, " or ") + ", not " + is}
}

// oneLine formats the values of an enum for a person.
func oneLine(values []any) string {
	words := make([]string, len(values))
	for i, value := range values {
		words[i] = fmt.Sprint(value)
		if value == nil {
			words[i] = "null"
		}
	}
	return strings.Join(words, ", ")
}
