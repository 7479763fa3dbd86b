package gojson

import (
	"go/ast"
	"slices"
	"strconv"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/oapi"
)

// predeclared are the predeclared types that JSON has values for.
var predeclared = map[string]shape{
	"string": {kind: text}, "bool": {kind: boolean},
	"int": {kind: integer, bits: "0"}, "int8": {kind: integer, bits: "8"}, "int16": {kind: integer, bits: "16"},
	"int32": {kind: integer, bits: "32"}, "rune": {kind: integer, bits: "32"}, "int64": {kind: integer, bits: "64"},
	"uint": {kind: unsigned, bits: "0"}, "uint8": {kind: unsigned, bits: "8"}, "byte": {kind: unsigned, bits: "8"},
	"uint16": {kind: unsigned, bits: "16"}, "uint32": {kind: unsigned, bits: "32"}, "uint64": {kind: unsigned, bits: "64"},
	"float32": {kind: float, bits: "32"}, "float64": {kind: float, bits: "64"}, "any": {kind: anything},
}

// locals are the names within the functions. A type of such a name is hidden there.
var locals = []string{"d", "e", "v", "ok", "name", "item", "entry"}

// declaration returns the declaration of a type and its package; nil if there is none.
func (t *Types) declaration(name string) (*ast.TypeSpec, *oapi.Package) {
	for _, pkg := range t.packages {
		if pkg.Names[name] {
			return pkg.Types[name], pkg
		}
	}
	return nil, nil
}

// ofName returns the type called name.
func (t *Types) ofName(name string) *shape {
	if s := t.named[name]; s != nil {
		return s
	}
	spec, pkg := t.declaration(name)
	switch {
	case spec == nil:
		s := predeclared[name]
		if s.text = name; s.kind == unread {
			s.kind = foreign
		}
		return &s
	case spec.TypeParams != nil:
		return &shape{kind: foreign, text: name}
	case spec.Assign.IsValid():
		return t.of(spec.Type, pkg)
	}
	s := &shape{text: name, name: name}
	t.named[name] = s
	under := *t.underlying(spec, pkg)
	under.text, under.name, under.isZeroer = name, name, t.HasMethod(name, "IsZero")
	generated, byHand := marshals(pkg.Members[name]), t.ByHand(name)
	switch {
	case !generated && !byHand && !(under.isScalar() && slices.Contains(locals, name)):
		under.rest = nil
	case !byHand && under.rest != nil && pkg.Members[name]["MarshalJSON"] && pkg.Members[name]["UnmarshalJSON"] && !pkg.Members[name]["union"]:
		under.marshals = true
	default:
		under = shape{kind: foreign, text: name, name: name, isZeroer: under.isZeroer, under: under.kind}
	}
	*s = under
	return s
}

// ByHand reports whether a type has methods in another file that tell encoding/json how to
// read or write it.
func (t *Types) ByHand(name string) bool { return marshals(t.methods[name]) }

func marshals(methods map[string]bool) bool {
	return methods["MarshalJSON"] || methods["UnmarshalJSON"] || methods["MarshalText"] || methods["UnmarshalText"]
}

// HasMethod reports whether a type has a method.
func (t *Types) HasMethod(name, method string) bool {
	_, pkg := t.declaration(name)
	return pkg != nil && pkg.Members[name][method] || t.methods[name][method]
}

// underlying returns the underlying type of a declaration, which has no methods.
func (t *Types) underlying(spec *ast.TypeSpec, pkg *oapi.Package) *shape {
	for range 1000 { // bounds the definitions by each other, which the compiler would refuse
		name, ok := spec.Type.(*ast.Ident)
		if !ok {
			break
		}
		next, of := t.declaration(name.Name)
		if next == nil {
			break
		}
		spec, pkg = next, of
	}
	if selector, ok := spec.Type.(*ast.SelectorExpr); ok {
		return &shape{kind: foreign, text: pkg.Text(selector)} // the definition drops its methods
	}
	return t.of(spec.Type, pkg)
}

// of returns the type that an expression of a package describes.
func (t *Types) of(e ast.Expr, pkg *oapi.Package) *shape {
	s := shape{kind: foreign, text: pkg.Text(e)}
	switch e := e.(type) {
	case *ast.Ident:
		return t.ofName(e.Name)
	case *ast.ParenExpr:
		return t.of(e.X, pkg)
	case *ast.StarExpr:
		s.kind, s.elem = pointer, t.of(e.X, pkg)
	case *ast.ArrayType:
		if e.Len != nil {
			break
		}
		s.under = slice
		// encoding/json writes bytes in base64, and a foreign type may be one.
		if elem := t.of(e.Elt, pkg); !isByte(elem) && (elem.kind != foreign || elem.under != unread) {
			s.kind, s.elem = slice, elem
		}
	case *ast.MapType:
		s.under = object
		if key, ok := e.Key.(*ast.Ident); ok && key.Name == "string" {
			s.kind, s.elem = object, t.of(e.Value, pkg)
		}
	case *ast.StructType:
		if fields, rest, ok := t.fields(e, pkg); ok {
			s.kind, s.fields, s.rest = structure, fields, rest
		} else {
			s.under = structure
		}
	case *ast.InterfaceType:
		if s.under = anything; len(e.Methods.List) == 0 {
			s.kind = anything
		}
	case *ast.SelectorExpr:
		if s.text == "json.RawMessage" && imports(pkg, "encoding/json") {
			s.kind = raw
		}
	}
	return &s
}

func isByte(s *shape) bool {
	return s.kind == unsigned && s.bits == "8" || s.kind == foreign && s.under == unsigned
}

// imports reports whether a package imports another under its own name.
func imports(pkg *oapi.Package, path string) bool {
	return slices.ContainsFunc(pkg.File.Imports, func(spec *ast.ImportSpec) bool {
		return spec.Name == nil && spec.Path.Value == strconv.Quote(path)
	})
}
