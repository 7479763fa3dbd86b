package oapi

import (
	"go/ast"
	"reflect"
	"strconv"
	"strings"
)

// SeparateTags returns the package without duplicate JSON names in a struct, which go vet
// reports. A query parameter and a header may have the same name, and oapi-codegen keeps both
// in one struct. It returns the package itself if there are none.
func (pkg *Package) SeparateTags() (*Package, error) {
	var b strings.Builder
	from := 0
	ast.Inspect(pkg.File, func(n ast.Node) bool {
		t, ok := n.(*ast.StructType)
		if !ok {
			return true
		}
		seen := map[string]bool{}
		for _, f := range t.Fields.List {
			if f.Tag == nil {
				continue
			}
			text, err := strconv.Unquote(f.Tag.Value)
			if err != nil {
				continue
			}
			tag := reflect.StructTag(text).Get("json")
			name, _, _ := strings.Cut(tag, ",")
			if name == "" || name == "-" || !seen[name] {
				seen[name] = true
				continue
			}
			at := pkg.Fset.Position(f.Tag.Pos()).Offset
			b.WriteString(pkg.Source[from:at])
			b.WriteString(strings.Replace(f.Tag.Value, `json:"`+tag+`"`, `json:"-"`, 1))
			from = at + len(f.Tag.Value)
		}
		return true
	})
	if from == 0 {
		return pkg, nil
	}
	b.WriteString(pkg.Source[from:])
	return ParsePackage(b.String())
}
