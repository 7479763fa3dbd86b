package oapi

import (
	"go/ast"
	"regexp"
)

// oapi-codegen gives the same Go name to foo-bar and foo_bar, and to a schema and a response
// of the same name. Its output then does not compile, but shows which names collide. eventgen
// keeps the first of them in the document and adds an x-go-name in memory to the others. So an
// addition at the end of a list renames nothing.

// Collisions are the Go names that several elements of a document share.
type Collisions struct {
	types  map[string]bool   // the shared names of package-level declarations
	fields map[string]string // by property: the Go name that it shares
	all    bool              // oapi-codegen rejected the document, so any name may collide
}

// NewCollisions returns an empty set.
func NewCollisions() *Collisions {
	return &Collisions{types: map[string]bool{}, fields: map[string]string{}}
}

// isEmpty reports whether there are no collisions.
func (c *Collisions) isEmpty() bool { return c == nil || !c.all && len(c.types)+len(c.fields) == 0 }

// Add adds other collisions, and reports whether that changed anything.
func (c *Collisions) Add(other *Collisions) bool {
	before := len(c.types) + len(c.fields)
	for name := range other.types {
		c.types[name] = true
	}
	for name, goName := range other.fields {
		if c.fields[name] == "" { // otherwise it is a name that Rename chose
			c.fields[name] = goName
		}
	}
	changed := other.all && !c.all || len(c.types)+len(c.fields) > before
	c.all = c.all || other.all
	return changed
}

// Collisions returns the names that the package declares twice, or that are reserved.
func (pkg *Package) Collisions(reserved []string) *Collisions {
	c := NewCollisions()
	seen := map[string]bool{}
	declare := func(name string) {
		if seen[name] {
			c.types[name] = true
		}
		seen[name] = true
	}
	for _, name := range reserved {
		if ast.IsExported(name) {
			seen[name] = true
		}
	}
	for _, d := range pkg.File.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				declare(d.Name.Name)
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				if s, ok := s.(*ast.TypeSpec); ok {
					declare(s.Name.Name)
				}
			}
		}
	}
	ast.Inspect(pkg.File, func(n ast.Node) bool {
		if t, ok := n.(*ast.StructType); ok {
			pkg.addFields(c, t)
		}
		return true
	})
	return c
}

var duplicateType = regexp.MustCompile(`duplicate typename '([^']+)'`)

// CollisionsOf returns the collisions because of which oapi-codegen rejected a document.
func CollisionsOf(err error) *Collisions {
	c := &Collisions{all: true, types: map[string]bool{}}
	if match := duplicateType.FindStringSubmatch(err.Error()); match != nil {
		c.types[match[1]] = true
	}
	return c
}

// addFields adds the collisions among the fields of a struct.
func (pkg *Package) addFields(c *Collisions, t *ast.StructType) {
	byName := map[string][]string{}
	for _, f := range pkg.list(t.Fields) {
		byName[f.Name] = append(byName[f.Name], f.Tag)
	}
	for name, tags := range byName {
		if len(tags) < 2 {
			continue
		}
		for _, tag := range tags {
			c.fields[tag] = name
		}
	}
}
