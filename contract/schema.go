package contract

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Schemas maps the names of schemas in the spec to schemas.
type Schemas map[string]*Schema

// Check reports where data is not JSON, or does not fit the schema called schema. event is the
// event's name, for the error. The error is an *InvalidEventError.
func (all Schemas) Check(event string, data []byte, schema string) error {
	value, err := parse(data)
	if err != nil {
		return &InvalidEventError{Event: event, Reason: whyMisfit(err), Err: err}
	}
	if m := all[schema].check(all, value, nil); m != nil {
		return &InvalidEventError{Event: event, Path: m.path, Reason: m.reason}
	}
	return nil
}

// Schema holds the parts of a schema that Check enforces (JSON Schema 2020-12). A zero field
// constrains nothing.
type Schema struct {
	Ref   string // the name of another schema that replaces this one; the other fields are then ignored
	Never bool   // no value fits: the schema false
	Types []string
	Enum  []any // the allowed values: nil, bool, string, Number, []any and map[string]any

	Pattern     *regexp.Regexp
	PatternText string // Pattern as the spec writes it, for errors; empty: the same
	MinLength   uint64 // in characters
	MaxLength   *uint64

	Minimum, Maximum                   Number
	ExclusiveMinimum, ExclusiveMaximum Number
	MultipleOf                         Number // greater than 0

	PrefixItems      []Schema // for the first items
	Items            *Schema  // for the items after them
	Contains         *Schema
	MinContains      *uint64 // how many items must fit Contains; nil: 1
	MaxContains      *uint64
	MinItems         uint64
	MaxItems         *uint64
	Unique           bool    // no two items are equal
	UnevaluatedItems *Schema // for the items that no other part of this schema covers

	Required              []string
	Properties            []Property
	PatternProperties     []PatternProperty
	Closed                bool // no other properties
	Additional            *Schema
	Names                 *Schema    // for the names of all properties
	Dependents            []Property // for an object that has the property, not for the property
	MinProperties         uint64
	MaxProperties         *uint64
	UnevaluatedProperties *Schema // for the properties that no other part of this schema covers

	AllOf, AnyOf, OneOf []Schema
	Not                 *Schema
	If, Then, Else      *Schema
}

// Property is one property of an object.
type Property struct {
	Name   string
	Schema Schema
}

// PatternProperty is the schema of every property whose name matches.
type PatternProperty struct {
	Pattern *regexp.Regexp
	Schema  Schema
}

// misfit tells where a value does not fit, and why.
type misfit struct{ path, reason string }

// within returns the misfit as one of the value that contains this one at key.
func (m *misfit) within(key string) *misfit {
	return &misfit{"/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(key) + m.path, m.reason}
}

// text returns the misfit for use within the reason of another one.
func (m *misfit) text() string {
	if m.path == "" {
		return m.reason
	}
	return m.path + " " + m.reason
}

// check returns where a value of parse does not fit, or nil if it fits. It adds to seen,
// unless that is nil, the parts of a fitting value that the schema covers.
func (s *Schema) check(all Schemas, value any, seen *evaluated) *misfit {
	if s.Ref != "" {
		return all[s.Ref].check(all, value, seen)
	}
	if s.UnevaluatedItems == nil && s.UnevaluatedProperties == nil {
		return s.checkValue(all, value, seen)
	}
	own := &evaluated{}
	m := s.checkValue(all, value, own)
	if m == nil {
		m = s.checkUnevaluated(all, value, own)
	}
	seen.add(own)
	return m
}

func (s *Schema) checkValue(all Schemas, value any, seen *evaluated) *misfit {
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
		m = s.checkArray(all, value, seen)
	case map[string]any:
		m = s.checkObject(all, value, seen)
	}
	if m != nil {
		return m
	}
	return s.checkSchemas(all, value, seen)
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
	}
	return strings.Join(words, ", ")
}
