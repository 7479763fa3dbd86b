package generator

import (
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
)

// Float64Numbers makes a float64 of a number without a format. The default of oapi-codegen,
// float32, keeps seven digits: too few for a Unix time.
var Float64Numbers = &codegen.TypeMapping{Number: codegen.FormatMapping{Default: codegen.SimpleTypeSpec{Type: "float64"}}}

// losesDigits reports whether the configuration leaves numbers without a format at float32.
func losesDigits(o codegen.OutputOptions) bool {
	if m := o.TypeMapping; m != nil && m.Number.Default.Type != "" {
		return m.Number.Default.Type == "float32"
	}
	return true
}
