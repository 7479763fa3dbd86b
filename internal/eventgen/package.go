package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
)

// goPackage is an index of what oapi-codegen declares for a spec.
type goPackage struct {
	names   map[string]bool              // of all package-level declarations
	types   map[string]*ast.TypeSpec     // by name
	members map[string]map[string]bool   // a type's fields and methods, by type
	consts  map[string]map[string]string // the constants' names, by type and value
}

// generatePackage runs oapi-codegen on the document, which it changes, and
// indexes the result. What its output says is surer than any copy of its rules:
// a Go name there depends on the normalizer, the initialisms, half a dozen
// extensions and, for enums, the rest of the document. The run also sets the
// package-level state of codegen (the normalizer and the initialisms, which
// nothing else can set), without which codegen.SchemaNameToTypeName would
// name schemas by its defaults.
func generatePackage(doc *openapi3.T, cfg codegen.Configuration) (*goPackage, error) {
	cfg.OutputOptions.SkipFmt = true
	code, err := codegen.Generate(doc, cfg)
	if err != nil {
		return nil, fmt.Errorf("oapi-codegen refuses the spec: %w", err)
	}
	f, err := parser.ParseFile(token.NewFileSet(), "oapi-codegen's output", code, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	pkg := &goPackage{
		names:   map[string]bool{},
		types:   map[string]*ast.TypeSpec{},
		members: map[string]map[string]bool{},
		consts:  map[string]map[string]string{},
	}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			pkg.addFunc(d)
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					pkg.addType(s)
				case *ast.ValueSpec:
					pkg.addValues(s)
				}
			}
		}
	}
	return pkg, nil
}

func (pkg *goPackage) addFunc(d *ast.FuncDecl) {
	if d.Recv == nil {
		pkg.names[d.Name.Name] = true
		return
	}
	receiver := d.Recv.List[0].Type
	if star, ok := receiver.(*ast.StarExpr); ok {
		receiver = star.X
	}
	if name, ok := receiver.(*ast.Ident); ok {
		pkg.addMember(name.Name, d.Name.Name)
	}
}

func (pkg *goPackage) addType(s *ast.TypeSpec) {
	name := s.Name.Name
	pkg.names[name] = true
	pkg.types[name] = s
	var fields *ast.FieldList
	switch t := s.Type.(type) {
	case *ast.StructType:
		fields = t.Fields
	case *ast.InterfaceType:
		fields = t.Methods
	default:
		return
	}
	for _, f := range fields.List {
		for _, n := range f.Names {
			pkg.addMember(name, n.Name)
		}
	}
}

func (pkg *goPackage) addMember(typ, member string) {
	if pkg.members[typ] == nil {
		pkg.members[typ] = map[string]bool{}
	}
	pkg.members[typ][member] = true
}

func (pkg *goPackage) addValues(s *ast.ValueSpec) {
	for i, n := range s.Names {
		pkg.names[n.Name] = true
		typ, ok := s.Type.(*ast.Ident)
		if !ok || i >= len(s.Values) {
			continue
		}
		literal, ok := s.Values[i].(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			continue
		}
		value, err := strconv.Unquote(literal.Value)
		if err != nil {
			continue
		}
		if pkg.consts[typ.Name] == nil {
			pkg.consts[typ.Name] = map[string]string{}
		}
		pkg.consts[typ.Name][value] = n.Name
	}
}

// definedType follows the aliases from the type called name to the type of this
// package that they stand for. It is false if there is no such type, or if it
// can have no methods.
func (pkg *goPackage) definedType(name string) (string, bool) {
	for range len(pkg.types) {
		s, ok := pkg.types[name]
		if !ok {
			return "", false
		}
		switch t := s.Type.(type) {
		case *ast.InterfaceType, *ast.StarExpr:
			return "", false
		case *ast.Ident:
			if s.Assign.IsValid() {
				name = t.Name
				continue
			}
			if t.Name == "any" || t.Name == "error" {
				return "", false
			}
		}
		return name, !s.Assign.IsValid()
	}
	return "", false
}
