package generator

import (
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
)

// Float64Numbers maps numbers without a format to float64. oapi-codegen's default, float32,
// keeps seven digits: too few for a Unix time.
var Float64Numbers = &codegen.TypeMapping{Number: codegen.FormatMapping{Default: codegen.SimpleTypeSpec{Type: "float64"}}}

// losesDigits reports whether the configuration maps numbers without a format to float32.
func losesDigits(o codegen.OutputOptions) bool {
	if m := o.TypeMapping; m != nil && m.Number.Default.Type != "" {
		return m.Number.Default.Type == "float32"
	}
	return true
}
