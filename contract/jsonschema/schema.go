package jsonschema

import "regexp"

// Schemas maps the names of schemas in the spec to schemas.
type Schemas map[string]*Schema

// Schema holds the parts of a schema that [Rules.Check] enforces (JSON Schema 2020-12). A zero field
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

	// alias is a schema that replaces this one in a schema that a compiler has merged: a copy
	// would be another schema to it.
	alias *Schema
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
