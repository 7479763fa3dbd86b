package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
)

// missing returns the declarations that code needs and own does not have, with their
// methods, and those that they need in turn.
func (pkg *goPackage) missing(code string, own *goPackage) string {
	needed := map[string]bool{}
	if f, err := parser.ParseFile(token.NewFileSet(), "", "package p\n"+code, parser.SkipObjectResolution); err == nil {
		pkg.need(f, own, needed)
	}
	var b strings.Builder
	for _, d := range pkg.file.Decls {
		if pkg.isNeeded(d, own, needed) {
			b.WriteString(pkg.text(d) + "\n\n")
		}
	}
	return b.String()
}

// need adds the names in a node that only this package declares, and those in their
// declarations.
func (pkg *goPackage) need(n ast.Node, own *goPackage, needed map[string]bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		name, ok := n.(*ast.Ident)
		if !ok || needed[name.Name] || !pkg.names[name.Name] || own.names[name.Name] {
			return true
		}
		needed[name.Name] = true
		for _, d := range pkg.file.Decls {
			if pkg.isNeeded(d, own, map[string]bool{name.Name: true}) {
				pkg.need(d, own, needed)
			}
		}
		return true
	})
}

// isNeeded reports whether a declaration is one of these names, a method or a constant of
// such a type.
func (pkg *goPackage) isNeeded(d ast.Decl, own *goPackage, needed map[string]bool) bool {
	switch d := d.(type) {
	case *ast.FuncDecl:
		return d.Recv == nil && needed[d.Name.Name] || needed[receiver(d)]
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
					if needed[n.Name] && !own.names[n.Name] {
						return true
					}
				}
			}
		}
	}
	return false
}
