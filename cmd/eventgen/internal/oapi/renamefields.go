package oapi

import (
	"cmp"
	"maps"
	"slices"
	"strconv"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/jsonschema"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
)

// renameProperties adds x-go-names to the colliding properties of a schema, including those
// that its allOf joins.
func (c *Collisions) renameProperties(s *openapi3.Schema) {
	c.renameObject(s, map[string]string{}, nil)
}

// renameObject renames the properties of one level of an allOf. owners maps a Go name to the
// property that has it.
func (c *Collisions) renameObject(s *openapi3.Schema, owners map[string]string, path []*openapi3.Schema) {
	path = append(path[:len(path):len(path)], s)
	for i, member := range s.AllOf {
		if member.Value == nil || slices.Contains(path, member.Value) {
			continue
		}
		if !c.renames(member.Value, owners, path) {
			c.own(member.Value, owners, path)
			continue
		}
		inner := *member.Value // a schema that refers to it alone keeps its names
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
			properties = maps.Clone(s.Properties)
		}
		named := *properties[name]
		named.Extensions = jsonschema.WithGoName(named.Extensions, next)
		properties[name] = &named
	}
	if properties != nil {
		s.Properties = properties
	}
}

// shared returns the properties of a schema that share a Go name and have no x-go-name, in the
// order of the document.
func (c *Collisions) shared(s *openapi3.Schema) []string {
	var all []string
	for name, ref := range s.Properties {
		if c.fields[name] != "" && ref != nil && ref.Value != nil && ref.Extensions[jsonschema.GoNameExtension] == nil && (ref.Ref != "" || ref.Value.Extensions[jsonschema.GoNameExtension] == nil) {
			all = append(all, name)
		}
	}
	at := func(name string) source.Place { return source.PlaceOf(name, originOf(s.Properties[name])) }
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(at(a).Compare(at(b)), cmp.Compare(a, b)) })
	return all
}

// originOf returns the origin of a schema or of a reference.
func originOf(ref *openapi3.SchemaRef) *openapi3.Origin {
	if ref.Ref != "" || ref.Value == nil {
		return ref.Origin
	}
	return ref.Value.Origin
}

// renames reports whether properties of an allOf member collide with earlier ones.
func (c *Collisions) renames(s *openapi3.Schema, owners map[string]string, path []*openapi3.Schema) bool {
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

// own records the names of an allOf member in which nothing is renamed.
func (c *Collisions) own(s *openapi3.Schema, owners map[string]string, path []*openapi3.Schema) {
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
