package jsonschema

import (
	"reflect"
	"slices"
)

// compiler makes nodes, each once: schemas and Go types may contain themselves.
type compiler struct {
	all   Schemas
	types goTypes
	known map[pair]*node

	// The compiler derives a schema from others only once. So equal schemas have one node, and
	// the compilation of a schema that contains itself ends.
	joined map[string]*Schema  // the schemas that stand for several ones
	merged map[*Schema]*Schema // the schemas without allOf; nil: only the tree tells
}

// anySchema fits all values.
var anySchema = &Schema{}

// pair is a schema with the Go type of the values that it describes. A nil schema fits all
// values.
type pair struct {
	schema *Schema
	is     *goType
}

// node returns the node of a schema and a Go type.
func (c *compiler) node(s *Schema, is *goType) *node {
	s = c.resolve(s)
	if is.kind == anything {
		is = free
	}
	if s == nil && is == free {
		return anyNode
	}
	n := c.known[pair{s, is}]
	if n == nil {
		n = &node{}
		c.known[pair{s, is}] = n
		c.fill(n, s, is)
	}
	return n
}

func (c *compiler) fill(n *node, s *Schema, is *goType) {
	n.kinds = is.kinds()
	all := is
	if is.kind == foreign {
		n.codec, is = is, free
	}
	if s == nil {
		s = anySchema
	}
	if other := c.orNull(s); other != nil {
		n.kinds &= isNull
		n.other = c.node(other, all)
		return
	}
	n.kinds &= s.kinds()
	if merged := c.merge(s); merged != nil {
		n.kinds &= merged.kinds()
		s = merged
	} else {
		n.tree, s = s, anySchema
	}
	n.texts = newTexts(s)
	n.numbers = newNumbers(s, is)
	if n.kinds&isArray != 0 {
		n.lists = c.lists(s, is)
	}
	if n.kinds&isObject != 0 {
		n.objects = c.objects(s, is)
	}
}

// resolve returns the schema that a schema amounts to. It follows references, and an allOf
// that has one member and nothing beside it. It returns nil for a schema that fits all values.
func (c *compiler) resolve(s *Schema) *Schema {
	for range 3*len(c.all) + 3 { // a longer way is a circle
		switch {
		case s == nil || isOnly(s, anySchema):
			return nil
		case s.alias != nil:
			s = s.alias
		case s.Ref != "":
			s = c.all[s.Ref]
		case len(s.AllOf) == 1 && isOnly(s, &Schema{AllOf: s.AllOf}):
			s = &s.AllOf[0]
		default:
			return s
		}
	}
	return nil
}

// isOnly reports whether a schema has no other keyword than other has.
func isOnly(s, other *Schema) bool { return reflect.DeepEqual(s, other) }

// orNull returns the other alternative of a schema that is an anyOf or oneOf with null as one
// of two alternatives. It returns nil for any other schema, and for a oneOf whose other
// alternative may fit null too.
func (c *compiler) orNull(s *Schema) *Schema {
	each := s.AnyOf
	if len(each) == 0 {
		each = s.OneOf
	}
	if len(each) != 2 || !isOnly(s, &Schema{AnyOf: s.AnyOf, OneOf: s.OneOf}) {
		return nil
	}
	i := slices.IndexFunc(each, func(s Schema) bool { return isOnly(&s, &Schema{Types: []string{"null"}}) })
	if i < 0 {
		return nil
	}
	other := &each[1-i]
	if len(s.OneOf) == 2 && c.mayBeNull(other) {
		return nil
	}
	return other
}

// mayBeNull reports whether null may fit a schema, by the types and values of the schema.
func (c *compiler) mayBeNull(s *Schema) bool {
	s = c.resolve(s)
	return s == nil || s.kinds()&isNull != 0
}

// needsTree reports whether a schema has a keyword that can be checked only when the value is
// read: one that applies several schemas to it, or that compares it or its items.
func (s *Schema) needsTree() bool {
	if len(s.AllOf) > 0 || len(s.AnyOf) > 0 || len(s.OneOf) > 0 || s.Not != nil || s.If != nil ||
		s.Contains != nil || s.Unique || len(s.Dependents) > 0 || s.UnevaluatedItems != nil || s.UnevaluatedProperties != nil {
		return true
	}
	for _, value := range s.Enum {
		switch value.(type) {
		case []any, map[string]any:
			return true
		}
	}
	return false
}
