package oapi

import (
	"cmp"
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// oapi-codegen declares a Go name twice in two cases. The type in which its client returns a
// response, such as ListFilesResponse, can have the name of a schema. And a constant of an
// enum can have the name of a type, such as Client. In both cases the model keeps the name.

// renameRedeclared returns the package with such types and constants renamed. It returns the
// package itself if there are none.
func (pkg *Package) renameRedeclared() (*Package, error) {
	for {
		r := &redeclared{pkg: pkg, declared: map[string]int{}}
		r.count()
		r.responses()
		r.constants()
		if len(r.idents) == 0 {
			return pkg, nil
		}
		next, err := ParsePackage(r.source())
		if err != nil {
			return nil, err
		}
		pkg = next
	}
}

// redeclared holds the identifiers of a package to rename.
type redeclared struct {
	pkg      *Package
	declared map[string]int // how many types and constants have a name
	idents   []renamed
}

type renamed struct {
	ident *ast.Ident
	name  string
}

func (r *redeclared) add(e ast.Expr, old, name string) {
	ast.Inspect(e, func(n ast.Node) bool {
		if ident, ok := n.(*ast.Ident); ok && ident.Name == old {
			r.idents = append(r.idents, renamed{ident, name})
		}
		return true
	})
}

// source returns the source with the new names.
func (r *redeclared) source() string {
	slices.SortFunc(r.idents, func(a, b renamed) int { return cmp.Compare(a.ident.Pos(), b.ident.Pos()) })
	var b strings.Builder
	from := 0
	for _, renamed := range r.idents {
		at := r.pkg.Fset.Position(renamed.ident.Pos()).Offset
		b.WriteString(r.pkg.Source[from:at] + renamed.name)
		from = at + len(renamed.ident.Name)
	}
	b.WriteString(r.pkg.Source[from:])
	return b.String()
}

// eachSpec calls f for each type, constant and variable of the package.
func (pkg *Package) eachSpec(f func(d *ast.GenDecl, s ast.Spec)) {
	for _, d := range pkg.File.Decls {
		if d, ok := d.(*ast.GenDecl); ok {
			for _, s := range d.Specs {
				f(d, s)
			}
		}
	}
}

func (r *redeclared) count() {
	r.pkg.eachSpec(func(_ *ast.GenDecl, s ast.Spec) {
		switch s := s.(type) {
		case *ast.TypeSpec:
			r.declared[s.Name.Name]++
		case *ast.ValueSpec:
			for _, n := range s.Names {
				r.declared[n.Name]++
			}
		}
	})
}

// responses renames the types in which the client returns responses.
func (r *redeclared) responses() {
	twice := map[string]string{}
	r.pkg.eachSpec(func(_ *ast.GenDecl, s ast.Spec) {
		if t, ok := s.(*ast.TypeSpec); ok && r.declared[t.Name.Name] > 1 && isResponse(t) {
			twice[t.Name.Name] = t.Name.Name + "Wrapper"
			r.add(t.Name, t.Name.Name, twice[t.Name.Name])
		}
	})
	if len(twice) == 0 {
		return
	}
	results := func(t *ast.FuncType) {
		if t.Results != nil && len(t.Results.List) == 2 {
			if name := typeName(t.Results.List[0].Type); twice[name] != "" {
				r.add(t.Results.List[0].Type, name, twice[name])
			}
		}
	}
	if t := r.pkg.Types["ClientWithResponsesInterface"]; t != nil {
		for _, m := range t.Type.(*ast.InterfaceType).Methods.List {
			if t, ok := m.Type.(*ast.FuncType); ok {
				results(t)
			}
		}
	}
	for _, d := range r.pkg.File.Decls {
		d, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		of := Receiver(d)
		parsed := strings.TrimPrefix(d.Name.Name, "Parse")
		switch {
		case of == "ClientWithResponses":
			results(d.Type)
		case twice[of] != "" && slices.Equal(receiverNames(d), []string{"r"}): // receivers of the models have other names
			r.add(d.Recv.List[0].Type, of, twice[of])
		case of == "" && parsed != d.Name.Name && twice[parsed] != "":
			results(d.Type)
			r.literal(d.Body, parsed, twice[parsed])
		}
	}
}

// isResponse reports whether t is a type in which the client returns a response.
func isResponse(t *ast.TypeSpec) bool {
	s, ok := t.Type.(*ast.StructType)
	if !ok || len(s.Fields.List) < 2 {
		return false
	}
	for i, name := range []string{"Body", "HTTPResponse"} {
		if f := s.Fields.List[i]; len(f.Names) != 1 || f.Names[0].Name != name || f.Tag != nil {
			return false
		}
	}
	return true
}

func receiverNames(d *ast.FuncDecl) []string {
	var all []string
	for _, n := range d.Recv.List[0].Names {
		all = append(all, n.Name)
	}
	return all
}

// typeName returns the name of a type or of a pointer's target.
func typeName(e ast.Expr) string {
	if star, ok := e.(*ast.StarExpr); ok {
		e = star.X
	}
	if name, ok := e.(*ast.Ident); ok {
		return name.Name
	}
	return ""
}

// literal renames the type of the first response that a function makes.
func (r *redeclared) literal(body *ast.BlockStmt, old, name string) {
	done := false
	ast.Inspect(body, func(n ast.Node) bool {
		if lit, ok := n.(*ast.CompositeLit); ok && !done && typeName(lit.Type) == old {
			r.add(lit.Type, old, name)
			done = true
		}
		return !done
	})
}

// constants prefixes the constants of an enum with its type, as oapi-codegen does if two enums
// share a constant.
func (r *redeclared) constants() {
	enums := map[string]bool{}
	r.pkg.eachSpec(func(d *ast.GenDecl, s ast.Spec) {
		if v, ok := s.(*ast.ValueSpec); ok && d.Tok == token.CONST {
			for _, n := range v.Names {
				if enum := typeName(v.Type); enum != "" && r.declared[n.Name] > 1 {
					enums[enum] = true
				}
			}
		}
	})
	if len(enums) == 0 {
		return
	}
	names := map[string]map[string]bool{}
	r.pkg.eachSpec(func(d *ast.GenDecl, s ast.Spec) {
		v, ok := s.(*ast.ValueSpec)
		if !ok || d.Tok != token.CONST || !enums[typeName(v.Type)] {
			return
		}
		enum := typeName(v.Type)
		for _, n := range v.Names {
			if names[enum] == nil {
				names[enum] = map[string]bool{}
			}
			names[enum][n.Name] = true
			r.add(n, n.Name, enum+n.Name)
		}
	})
	for _, d := range r.pkg.File.Decls {
		d, ok := d.(*ast.FuncDecl)
		if !ok || d.Name.Name != "Valid" || names[Receiver(d)] == nil {
			continue
		}
		for name := range names[Receiver(d)] {
			ast.Inspect(d.Body, func(n ast.Node) bool {
				if clause, ok := n.(*ast.CaseClause); ok {
					for _, e := range clause.List {
						r.add(e, name, Receiver(d)+name)
					}
					return false
				}
				return true
			})
		}
	}
}
