package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/generator"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/oapi"
)

// yesterday returns a program in a generated package that uses every exported name of it: each
// type, each field of a struct in a keyed literal and by its exact type, each event in a type
// switch, each constant, function and method by its exact type. It also returns the package.
func yesterday(t *testing.T, code string) (*oapi.Package, string) {
	t.Helper()
	pkg, err := oapi.ParsePackage(code)
	if err != nil {
		t.Fatal(err)
	}
	u := &user{pkg: pkg}
	for _, d := range pkg.File.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			u.useFunc(d)
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					u.useType(s)
				case *ast.ValueSpec:
					u.useValues(s, d.Tok)
				}
			}
		}
	}
	program, err := generator.Merge("nothing", pkg.File.Name.Name, pkg.Imports(), []string{u.b.String()})
	if err != nil {
		t.Fatal(err)
	}
	return pkg, string(program)
}

// user writes the uses of names.
type user struct {
	pkg *oapi.Package
	b   strings.Builder
}

func (u *user) line(format string, args ...any) { fmt.Fprintf(&u.b, format+"\n", args...) }

// useFunc uses a function or a method as a value of its type.
func (u *user) useFunc(d *ast.FuncDecl) {
	if !d.Name.IsExported() || d.Type.TypeParams != nil {
		return
	}
	signature := u.signature(d.Type)
	if d.Recv == nil {
		u.line("var _ func%s = %s", signature, d.Name.Name)
		return
	}
	if name := oapi.Receiver(d); ast.IsExported(name) {
		u.line("var _ = func(v %s) func%s { return v.%s }", u.pkg.Text(d.Recv.List[0].Type), signature, d.Name.Name)
	}
}

// signature returns the parameters and results of a function.
func (u *user) signature(t *ast.FuncType) string {
	return u.pkg.Source[u.pkg.Fset.Position(t.Params.Pos()).Offset:u.pkg.Fset.Position(t.End()).Offset]
}

// useValues uses variables and constants, by their declared type if there is one.
func (u *user) useValues(s *ast.ValueSpec, tok token.Token) {
	for i, name := range s.Names {
		if !name.IsExported() {
			continue
		}
		goType := ""
		if s.Type != nil {
			goType = u.pkg.Text(s.Type)
		} else if i < len(s.Values) {
			if literal, ok := s.Values[i].(*ast.CompositeLit); ok {
				goType = u.pkg.Text(literal.Type)
			}
		}
		u.line("%s _ %s = %s", tok, goType, name.Name)
	}
}

func (u *user) useType(s *ast.TypeSpec) {
	name := s.Name.Name
	if !s.Name.IsExported() || s.TypeParams != nil {
		return
	}
	switch {
	case s.Assign.IsValid():
		u.line("var _ = func(v %s) %s { return v }", name, u.pkg.Text(s.Type))
		return
	case len(u.events(name)) > 0:
		u.useEvents(name)
		return
	}
	switch goType := s.Type.(type) {
	case *ast.StructType:
		u.useStruct(name, goType)
	case *ast.InterfaceType:
		for _, m := range goType.Methods.List {
			for _, method := range m.Names {
				if f, ok := m.Type.(*ast.FuncType); ok && method.IsExported() {
					u.line("var _ = func(v %s) func%s { return v.%s }", name, u.signature(f), method.Name)
				}
			}
		}
	default:
		// A string, a map, a list, or the model of an event's data: it converts both ways.
		u.line("var _ = func(v %s) %s { return %[2]s(v) }", name, parenthesized(u.pkg.Text(s.Type)))
		u.line("var _ = func(v %s) %s { return %[2]s(v) }", parenthesized(u.pkg.Text(s.Type)), name)
	}
}

func parenthesized(goType string) string {
	if strings.HasPrefix(goType, "*") || strings.HasPrefix(goType, "func") {
		return "(" + goType + ")"
	}
	return goType
}

// events returns the types of the events that a sealed interface holds.
func (u *user) events(name string) []string {
	var all []string
	for _, d := range u.pkg.File.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv != nil && f.Name.Name == "is"+name {
			all = append(all, oapi.Receiver(f))
		}
	}
	return all
}

// useEvents distinguishes the events of an interface, and makes one of each.
func (u *user) useEvents(name string) {
	u.line("var _ = func(event %s) string {\nswitch event.(type) {", name)
	for _, event := range u.events(name) {
		u.line("case *%s:\nreturn %[1]q", event)
	}
	u.line("}\nreturn \"\"\n}")
	for _, event := range u.events(name) {
		u.line("var _ %s = &%s{}", name, event)
	}
}

// useStruct makes a struct by a keyed literal, and uses each field as a value of its type. A
// field of anonymous type may get new fields, so useStruct uses its fields one by one.
func (u *user) useStruct(name string, s *ast.StructType) {
	var literal, fields strings.Builder
	for _, f := range s.Fields.List {
		goType := u.pkg.Text(f.Type)
		for _, field := range f.Names {
			if !field.IsExported() {
				continue
			}
			if inner, path := anonymous(f.Type, "v."+field.Name); inner != nil {
				u.useFields(&fields, inner, path)
				continue
			}
			fmt.Fprintf(&literal, "%s: *new(%s), ", field.Name, goType)
			fmt.Fprintf(&fields, "func(%s) {}(v.%s)\n", goType, field.Name)
		}
	}
	u.line("var _ = func(v *%s) {\n%s}", name, fields.String())
	u.line("var _ = %s{%s}", name, literal.String())
}

func (u *user) useFields(b *strings.Builder, s *ast.StructType, path string) {
	for _, f := range s.Fields.List {
		for _, field := range f.Names {
			at := path + "." + field.Name
			if inner, path := anonymous(f.Type, at); inner != nil {
				u.useFields(b, inner, path)
				continue
			}
			fmt.Fprintf(b, "func(%s) {}(%s)\n", u.pkg.Text(f.Type), at)
		}
	}
}

// anonymous returns the anonymous struct within a type, and the expression of its value; nil
// if there is none.
func anonymous(goType ast.Expr, path string) (*ast.StructType, string) {
	switch goType := goType.(type) {
	case *ast.StructType:
		return goType, path
	case *ast.StarExpr:
		return anonymous(goType.X, "(*"+path+")")
	case *ast.ArrayType:
		return anonymous(goType.Elt, path+"[0]")
	case *ast.MapType:
		return anonymous(goType.Value, path+`[""]`)
	}
	return nil, ""
}
