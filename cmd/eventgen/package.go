package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// goPackage is an index of what oapi-codegen declares for a spec. What its output says is
// surer than any copy of its rules: a Go name there depends on the normalizer, the
// initialisms, half a dozen extensions and, for enums, the rest of the document.
type goPackage struct {
	source  string
	fset    *token.FileSet
	file    *ast.File
	names   map[string]bool            // of all package-level declarations
	types   map[string]*ast.TypeSpec   // by name
	funcs   map[string]*ast.FuncDecl   // by name, without methods
	members map[string]map[string]bool // a type's fields and methods, by type
}

// parsePackage returns the index of a file of Go.
func parsePackage(code string) (*goPackage, error) {
	pkg := &goPackage{
		source:  code,
		fset:    token.NewFileSet(),
		names:   map[string]bool{},
		types:   map[string]*ast.TypeSpec{},
		funcs:   map[string]*ast.FuncDecl{},
		members: map[string]map[string]bool{},
	}
	f, err := parser.ParseFile(pkg.fset, "oapi-codegen's output", code, parser.SkipObjectResolution|parser.ParseComments)
	if err != nil {
		return nil, err
	}
	pkg.file = f
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
					for _, n := range s.Names {
						pkg.names[n.Name] = true
					}
				}
			}
		}
	}
	return pkg, nil
}

func (pkg *goPackage) addFunc(d *ast.FuncDecl) {
	if d.Recv == nil {
		pkg.names[d.Name.Name] = true
		pkg.funcs[d.Name.Name] = d
		return
	}
	if name := receiver(d); name != "" {
		pkg.addMember(name, d.Name.Name)
	}
}

// receiver returns the name of the type of which a function is a method.
func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return ""
	}
	t := d.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	name, ok := t.(*ast.Ident)
	if !ok {
		return ""
	}
	return name.Name
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

// text returns the source of a node.
func (pkg *goPackage) text(n ast.Node) string {
	return pkg.source[pkg.fset.Position(n.Pos()).Offset:pkg.fset.Position(n.End()).Offset]
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

// structType returns the struct that the type called name stands for. It is false for all
// else, and for a union, whose methods a type that is defined by it would lack.
func (pkg *goPackage) structType(name string) (string, bool) {
	name, ok := pkg.definedType(name)
	if !ok || pkg.members[name]["union"] {
		return "", false
	}
	underlying := name
	for range len(pkg.types) {
		s := pkg.types[underlying]
		if s == nil {
			return "", false
		}
		switch t := s.Type.(type) {
		case *ast.StructType:
			return name, !embeds(t)
		case *ast.Ident:
			underlying = t.Name
			continue
		}
		return "", false
	}
	return "", false
}

// embeds reports whether a struct has embedded fields: their methods would be lost.
func embeds(t *ast.StructType) bool {
	return slices.ContainsFunc(t.Fields.List, func(f *ast.Field) bool { return len(f.Names) == 0 })
}

// goField is a field of a struct, or a parameter of a function.
type goField struct {
	Name, Type, Tag string
	IsForm          bool // it has a form tag: it is a parameter of the query
}

// fields returns the fields of the struct called name.
func (pkg *goPackage) fields(name string) []goField {
	s := pkg.types[name]
	if s == nil {
		return nil
	}
	t, ok := s.Type.(*ast.StructType)
	if !ok {
		return nil
	}
	return pkg.list(t.Fields)
}

// params returns the parameters of the function called name.
func (pkg *goPackage) params(name string) []goField {
	f := pkg.funcs[name]
	if f == nil {
		return nil
	}
	return pkg.list(f.Type.Params)
}

func (pkg *goPackage) list(fields *ast.FieldList) []goField {
	var all []goField
	for _, f := range fields.List {
		field := goField{Type: pkg.text(f.Type)}
		if f.Tag != nil {
			tag, _ := strconv.Unquote(f.Tag.Value)
			field.Tag, _, _ = strings.Cut(reflect.StructTag(tag).Get("json"), ",")
			_, field.IsForm = reflect.StructTag(tag).Lookup("form")
		}
		for _, n := range f.Names {
			field.Name = n.Name
			all = append(all, field)
		}
	}
	return all
}

// isString reports whether the type called name is string, or defined by it.
func (pkg *goPackage) isString(name string) bool {
	for range len(pkg.types) + 1 {
		if name == "string" {
			return true
		}
		s := pkg.types[name]
		if s == nil {
			return false
		}
		t, ok := s.Type.(*ast.Ident)
		if !ok {
			return false
		}
		name = t.Name
	}
	return false
}

// body returns the source behind the imports.
func (pkg *goPackage) body() string {
	end := pkg.file.Name.End()
	for _, d := range pkg.file.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.IMPORT {
			end = g.End()
		}
	}
	return pkg.source[pkg.fset.Position(end).Offset:]
}

// imports returns the lines of the imports.
func (pkg *goPackage) imports() []string {
	var all []string
	for _, spec := range pkg.file.Imports {
		all = append(all, pkg.text(spec))
	}
	return all
}

// typeList returns the types of parameters or results, without their names.
func (pkg *goPackage) typeList(fields *ast.FieldList) string {
	var all []string
	for _, f := range fields.List {
		for range max(1, len(f.Names)) {
			all = append(all, pkg.text(f.Type))
		}
	}
	return strings.Join(all, ", ")
}
