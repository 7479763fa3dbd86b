package oapi

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
)

// Missing returns the declarations that code needs and own lacks, with their methods and their
// own dependencies.
func (pkg *Package) Missing(code string, own *Package) string {
	needed := map[string]bool{}
	if f, err := parser.ParseFile(token.NewFileSet(), "", "package p\n"+code, parser.SkipObjectResolution); err == nil {
		pkg.need(f, own, needed)
	}
	var b strings.Builder
	for _, d := range pkg.File.Decls {
		if pkg.isNeeded(d, own, needed) {
			b.WriteString(pkg.Text(d) + "\n\n")
		}
	}
	return b.String()
}

// need adds the names in a node that only this package declares, and recursively those in
// their declarations.
func (pkg *Package) need(n ast.Node, own *Package, needed map[string]bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		name, ok := n.(*ast.Ident)
		if !ok || needed[name.Name] || !pkg.Names[name.Name] || own.Names[name.Name] {
			return true
		}
		needed[name.Name] = true
		for _, d := range pkg.File.Decls {
			if pkg.isNeeded(d, own, map[string]bool{name.Name: true}) {
				pkg.need(d, own, needed)
			}
		}
		return true
	})
}

// isNeeded reports whether a declaration declares one of these names, or a method or a
// constant of such a type.
func (pkg *Package) isNeeded(d ast.Decl, own *Package, needed map[string]bool) bool {
	switch d := d.(type) {
	case *ast.FuncDecl:
		return d.Recv == nil && needed[d.Name.Name] || needed[Receiver(d)]
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				if needed[s.Name.Name] {
					return true
				}
			case *ast.ValueSpec:
				if t, ok := s.Type.(*ast.Ident); ok && needed[t.Name] {
					return true
				}
				for _, n := range s.Names {
					if needed[n.Name] && !own.Names[n.Name] {
						return true
					}
				}
			}
		}
	}
	return false
}
