package main

import (
	"cmp"
	"go/ast"
	"regexp"
	"slices"
	"strconv"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
)

// oapi-codegen gives one Go name to foo-bar and foo_bar, and to a schema and a response of
// one name, and what it makes then does not compile. What it makes shows which names
// collide. The document gets an x-go-name in memory for all but one of each: what stands
// later gives way, so that what is added at the end of a list renames nothing.

// collisions are the Go names that several things of a document have.
type collisions struct {
	types  map[string]bool   // of package-level declarations
	fields map[string]string // property to the Go name that it shares
	all    bool              // nothing is known: oapi-codegen has refused the document
}

func newCollisions() *collisions {
	return &collisions{types: map[string]bool{}, fields: map[string]string{}}
}

// isEmpty reports whether there are no collisions.
func (c *collisions) isEmpty() bool { return c == nil || !c.all && len(c.types)+len(c.fields) == 0 }

// add adds other collisions, and reports whether that changes anything.
func (c *collisions) add(other *collisions) bool {
	before := len(c.types) + len(c.fields)
	for name := range other.types {
		c.types[name] = true
	}
	for name, goName := range other.fields {
		if c.fields[name] == "" { // else it is the name that it was given
			c.fields[name] = goName
		}
	}
	changed := other.all && !c.all || len(c.types)+len(c.fields) > before
	c.all = c.all || other.all
	return changed
}

// collisions returns the names that the package declares twice, and those of the file of
// the events.
func (pkg *goPackage) collisions() *collisions {
	c := newCollisions()
	seen := map[string]bool{}
	declare := func(name string) {
		if seen[name] {
			c.types[name] = true
		}
		seen[name] = true
	}
	for _, name := range fileNames {
		if ast.IsExported(name) {
			seen[name] = true
		}
	}
	for _, d := range pkg.file.Decls {
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
	ast.Inspect(pkg.file, func(n ast.Node) bool {
		if t, ok := n.(*ast.StructType); ok {
			pkg.addFields(c, t)
		}
		return true
	})
	return c
}

var duplicateType = regexp.MustCompile(`duplicate typename '([^']+)'`)

// collisionsOf returns the collisions for which oapi-codegen has refused a document.
func collisionsOf(err error) *collisions {
	c := &collisions{all: true, types: map[string]bool{}}
	if match := duplicateType.FindStringSubmatch(err.Error()); match != nil {
		c.types[match[1]] = true
	}
	return c
}

// addFields adds the collisions among the fields of a struct.
func (pkg *goPackage) addFields(c *collisions, t *ast.StructType) {
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

// rename gives x-go-names to what collides.
func (c *collisions) rename(doc *openapi3.T) {
	if c.isEmpty() {
		return
	}
	c.renameComponents(doc)
	if len(c.fields) > 0 {
		eachSchema(doc, c.renameProperties)
	}
}

// component is a component of which oapi-codegen makes a Go type.
type component struct {
	kind, name string
	extensions *map[string]any
	place      place
}

// renameComponents gives x-go-names to the components that collide. A schema keeps its
// name before the components of other kinds, and what oapi-codegen and eventgen declare
// keeps it before a schema.
func (c *collisions) renameComponents(doc *openapi3.T) {
	var all []component
	for name, ref := range doc.Components.Schemas {
		if ref.Ref == "" && ref.Value != nil {
			all = append(all, component{"", name, &ref.Value.Extensions, placeOf(name, ref.Value.Origin)})
		}
	}
	for name, ref := range doc.Components.Parameters {
		if ref.Ref == "" && ref.Value != nil {
			all = append(all, component{"Parameter", name, &ref.Value.Extensions, placeOf(name, ref.Value.Origin)})
		}
	}
	for name, ref := range doc.Components.Responses {
		if ref.Ref == "" && ref.Value != nil {
			all = append(all, component{"Response", name, &ref.Value.Extensions, placeOf(name, ref.Value.Origin)})
		}
	}
	for name, ref := range doc.Components.RequestBodies {
		if ref.Ref == "" && ref.Value != nil {
			all = append(all, component{"RequestBody", name, &ref.Value.Extensions, placeOf(name, ref.Value.Origin)})
		}
	}
	slices.SortFunc(all, func(a, b component) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), a.place.compare(b.place), cmp.Compare(a.name, b.name))
	})
	taken := map[string]bool{}
	for _, one := range all {
		if name, ok := (*one.extensions)["x-go-name"].(string); ok {
			taken[name] = true
		}
	}
	shared := map[string]int{}
	for _, one := range all {
		shared[codegen.SchemaNameToTypeName(one.name)]++
	}
	for _, one := range all {
		if (*one.extensions)["x-go-name"] != nil {
			continue
		}
		name := codegen.SchemaNameToTypeName(one.name)
		goName := name
		switch {
		case c.types[name] && shared[name] == 1:
			goName = name + cmp.Or(one.kind, "Model")
		case taken[name] && (c.all || c.types[name]):
			goName = name + one.kind
		}
		for n := 2; taken[goName]; n++ {
			if !c.all && !c.types[name] {
				break
			}
			goName = name + one.kind + strconv.Itoa(n)
		}
		taken[goName] = true
		if goName != name {
			*one.extensions = with(*one.extensions, goName)
			if one.kind == "" {
				keepFields(doc, doc.Components.Schemas[one.name].Value)
			}
		}
	}
}

// keepFields keeps the names of the fields that refer to a schema which gets an x-go-name:
// oapi-codegen takes the x-go-name of what a $ref leads to for that of the field.
func keepFields(doc *openapi3.T, renamed *openapi3.Schema) {
	eachSchema(doc, func(s *openapi3.Schema) {
		for name, ref := range s.Properties {
			if ref != nil && ref.Value == renamed && ref.Ref != "" && ref.Extensions["x-go-name"] == nil {
				ref.Extensions = with(ref.Extensions, name)
			}
		}
	})
}

// renameProperties gives x-go-names to the properties of a schema that collide, with those
// of the schemas that its allOf joins.
func (c *collisions) renameProperties(s *openapi3.Schema) {
	c.renameObject(s, map[string]string{}, nil)
}

// renameObject renames the properties of one level of an allOf. owners has the property
// that has a Go name.
func (c *collisions) renameObject(s *openapi3.Schema, owners map[string]string, path []*openapi3.Schema) {
	path = append(path[:len(path):len(path)], s)
	for i, member := range s.AllOf {
		if member.Value == nil || slices.Contains(path, member.Value) {
			continue
		}
		if !c.renames(member.Value, owners, path) {
			c.own(member.Value, owners, path)
			continue
		}
		inner := *member.Value // what refers to it alone keeps its names
		inner.AllOf = slices.Clone(inner.AllOf)
		c.renameObject(&inner, owners, path)
		s.AllOf[i] = &openapi3.SchemaRef{Value: &inner}
	}
	var properties openapi3.Schemas
	for _, name := range c.shared(s) {
		goName := c.fields[name]
		if other, ok := owners[goName]; !ok || other == name {
			owners[goName] = name
			continue
		}
		next := goName
		for n := 2; owners[next] != "" && owners[next] != name; n++ {
			next = goName + strconv.Itoa(n)
		}
		owners[next] = name
		if properties == nil {
			properties = openapi3.Schemas{}
			for key, ref := range s.Properties {
				properties[key] = ref
			}
		}
		named := *properties[name]
		named.Extensions = with(named.Extensions, next)
		properties[name] = &named
	}
	if properties != nil {
		s.Properties = properties
	}
}

// shared returns the properties of a schema whose Go name some other property has, without
// those that have an x-go-name, in the order of the document.
func (c *collisions) shared(s *openapi3.Schema) []string {
	var all []string
	for name, ref := range s.Properties {
		if c.fields[name] != "" && ref != nil && ref.Value != nil && ref.Extensions["x-go-name"] == nil && (ref.Ref != "" || ref.Value.Extensions["x-go-name"] == nil) {
			all = append(all, name)
		}
	}
	at := func(name string) place { return placeOf(name, originOf(s.Properties[name])) }
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(at(a).compare(at(b)), cmp.Compare(a, b)) })
	return all
}

// originOf returns where a schema or a reference to one stands.
func originOf(ref *openapi3.SchemaRef) *openapi3.Origin {
	if ref.Ref != "" || ref.Value == nil {
		return ref.Origin
	}
	return ref.Value.Origin
}

// renames reports whether properties of a member of an allOf collide with those before.
func (c *collisions) renames(s *openapi3.Schema, owners map[string]string, path []*openapi3.Schema) bool {
	if slices.ContainsFunc(c.shared(s), func(name string) bool {
		other, ok := owners[c.fields[name]]
		return ok && other != name
	}) {
		return true
	}
	return slices.ContainsFunc(s.AllOf, func(member *openapi3.SchemaRef) bool {
		return member.Value != nil && !slices.Contains(path, member.Value) && c.renames(member.Value, owners, append(path[:len(path):len(path)], s))
	})
}

// own takes down the names of a member of an allOf that renames nothing.
func (c *collisions) own(s *openapi3.Schema, owners map[string]string, path []*openapi3.Schema) {
	for _, member := range s.AllOf {
		if member.Value != nil && !slices.Contains(path, member.Value) {
			c.own(member.Value, owners, append(path[:len(path):len(path)], s))
		}
	}
	for _, name := range c.shared(s) {
		if owners[c.fields[name]] == "" {
			owners[c.fields[name]] = name
		}
	}
}
