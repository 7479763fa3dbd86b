package main

import (
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
)

// float64Numbers has oapi-codegen make a float64 of a number without a format. Its default,
// a float32, keeps seven digits: a Unix time changes on its way.
var float64Numbers = &codegen.TypeMapping{Number: codegen.FormatMapping{Default: codegen.SimpleTypeSpec{Type: "float64"}}}

// losesDigits reports whether the configuration leaves numbers without a format at float32.
func losesDigits(o codegen.OutputOptions) bool {
	if m := o.TypeMapping; m != nil && m.Number.Default.Type != "" {
		return m.Number.Default.Type == "float32"
	}
	return true
}

// warnOfNumbers warns of the first number without a format in the data of the events.
func (all *schemas) warnOfNumbers() {
	var first place
	found := false
	for s, name := range all.seen {
		if s.Type == nil || !s.Type.Includes(openapi3.TypeNumber) || s.Format != "" {
			continue
		}
		if at := placeOf(name, s.Origin); !found || at.compare(first) < 0 {
			first, found = at, true
		}
	}
	if found {
		all.p.warn(first, "the Go type of a number without a format is float32, which keeps 7 digits; format: double, or type-mapping: {number: {default: {type: float64}}} in output-options, keeps 15")
	}
}
