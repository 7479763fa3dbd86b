package oapi

import (
	"go/ast"
	"slices"
	"strings"
)

// oapi-codegen makes an alias of a component that is an array. If its items are the component
// again, as in
//
//	type Tree = []Tree
//
// the compiler refuses the alias. A definition, type Tree []Tree, is what it means.

// defineCircles returns the package with definitions in the place of aliases that lead back to
// themselves through aliases alone. It returns the package itself if there are none.
func (pkg *Package) defineCircles() (*Package, error) {
	var at []int
	for name, s := range pkg.Types {
		if s.Assign.IsValid() && pkg.leadsTo(name, s.Type, map[string]bool{}) {
			at = append(at, pkg.Fset.Position(s.Assign).Offset)
		}
	}
	if len(at) == 0 {
		return pkg, nil
	}
	slices.Sort(at)
	var b strings.Builder
	from := 0
	for _, at := range at {
		b.WriteString(pkg.Source[from:at])
		from = at + len("=")
	}
	b.WriteString(pkg.Source[from:])
	return ParsePackage(b.String())
}

// leadsTo reports whether a type contains the alias called name, with no definition between.
func (pkg *Package) leadsTo(name string, in ast.Expr, seen map[string]bool) (found bool) {
	ast.Inspect(in, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field:
			found = found || pkg.leadsTo(name, n.Type, seen) // its name is not a type
			return false
		case *ast.SelectorExpr:
			return false
		case *ast.Ident:
			next := pkg.Types[n.Name]
			switch {
			case n.Name == name:
				found = true
			case next != nil && next.Assign.IsValid() && !seen[n.Name]:
				seen[n.Name] = true
				found = found || pkg.leadsTo(name, next.Type, seen)
			}
		}
		return !found
	})
	return found
}
