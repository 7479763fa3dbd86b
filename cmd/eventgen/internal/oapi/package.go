package oapi

import (
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Package is an index of oapi-codegen's declarations for a spec. Its output is more reliable
// than a copy of its rules: a Go name depends on the normalizer, the initialisms, half a dozen
// extensions and, for enums, the rest of the document.
type Package struct {
	Source  string
	Fset    *token.FileSet
	File    *ast.File
	Names   map[string]bool            // all package-level declarations
	Types   map[string]*ast.TypeSpec   // by name
	Funcs   map[string]*ast.FuncDecl   // by name, without methods
	Members map[string]map[string]bool // the fields and methods of each type
}

// ParsePackage returns the index of a Go file.
func ParsePackage(code string) (*Package, error) {
	pkg := &Package{
		Source:  code,
		Fset:    token.NewFileSet(),
		Names:   map[string]bool{},
		Types:   map[string]*ast.TypeSpec{},
		Funcs:   map[string]*ast.FuncDecl{},
		Members: map[string]map[string]bool{},
	}
	f, err := parser.ParseFile(pkg.Fset, "oapi-codegen's output", code, parser.SkipObjectResolution|parser.ParseComments)
	if err != nil {
		return nil, err
	}
	pkg.File = f
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
						pkg.Names[n.Name] = true
					}
				}
			}
		}
	}
	return pkg, nil
}

func (pkg *Package) addFunc(d *ast.FuncDecl) {
	if d.Recv == nil {
		pkg.Names[d.Name.Name] = true
		pkg.Funcs[d.Name.Name] = d
		return
	}
	if name := Receiver(d); name != "" {
		pkg.addMember(name, d.Name.Name)
	}
}

// Receiver returns the name of a method's receiver type; empty for a function.
func Receiver(d *ast.FuncDecl) string {
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

func (pkg *Package) addType(s *ast.TypeSpec) {
	name := s.Name.Name
	pkg.Names[name] = true
	pkg.Types[name] = s
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

func (pkg *Package) addMember(typ, member string) {
	if pkg.Members[typ] == nil {
		pkg.Members[typ] = map[string]bool{}
	}
	pkg.Members[typ][member] = true
}

// Text returns the source of a node.
func (pkg *Package) Text(n ast.Node) string {
	return pkg.Source[pkg.Fset.Position(n.Pos()).Offset:pkg.Fset.Position(n.End()).Offset]
}

// definedType follows aliases from the type called name to a type of this package. It returns
// false if there is no such type, or if the type cannot have methods.
func (pkg *Package) definedType(name string) (string, bool) {
	for range len(pkg.Types) {
		s, ok := pkg.Types[name]
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

// StructType returns the struct type behind the type called name. It returns false for other
// types. It also returns false for a union, because a type defined from it would lose its
// methods.
func (pkg *Package) StructType(name string) (string, bool) {
	name, ok := pkg.definedType(name)
	if !ok || pkg.Members[name]["union"] {
		return "", false
	}
	underlying := name
	for range len(pkg.Types) {
		s := pkg.Types[underlying]
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

// embeds reports whether a struct has embedded fields, whose methods a defined type would
// lose.
func embeds(t *ast.StructType) bool {
	return slices.ContainsFunc(t.Fields.List, func(f *ast.Field) bool { return len(f.Names) == 0 })
}

// Field is a field of a struct, or a parameter of a function.
type Field struct {
	Name, Type, Tag string
	IsForm          bool // it has a form tag, so it is a query parameter
}

// Fields returns the fields of the struct called name.
func (pkg *Package) Fields(name string) []Field {
	s := pkg.Types[name]
	if s == nil {
		return nil
	}
	t, ok := s.Type.(*ast.StructType)
	if !ok {
		return nil
	}
	return pkg.list(t.Fields)
}

// Params returns the parameters of the function called name.
func (pkg *Package) Params(name string) []Field {
	f := pkg.Funcs[name]
	if f == nil {
		return nil
	}
	return pkg.list(f.Type.Params)
}

func (pkg *Package) list(fields *ast.FieldList) []Field {
	var all []Field
	for _, f := range fields.List {
		field := Field{Type: pkg.Text(f.Type)}
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

// IsString reports whether the type called name is string or is defined from it.
func (pkg *Package) IsString(name string) bool {
	for range len(pkg.Types) + 1 {
		if name == "string" {
			return true
		}
		s := pkg.Types[name]
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

// Body returns the source after the imports.
func (pkg *Package) Body() string {
	end := pkg.File.Name.End()
	for _, d := range pkg.File.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.IMPORT {
			end = g.End()
		}
	}
	return pkg.Source[pkg.Fset.Position(end).Offset:]
}

// Imports returns the lines of the imports.
func (pkg *Package) Imports() []string {
	var all []string
	for _, spec := range pkg.File.Imports {
		all = append(all, pkg.Text(spec))
	}
	return all
}

// TypeList returns the types of parameters or results, without their names.
func (pkg *Package) TypeList(fields *ast.FieldList) string {
	var all []string
	for _, f := range fields.List {
		for range max(1, len(f.Names)) {
			all = append(all, pkg.Text(f.Type))
		}
	}
	return strings.Join(all, ", ")
}
