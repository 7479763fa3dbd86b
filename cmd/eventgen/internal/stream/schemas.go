package stream

import (
	"iter"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/jsonschema"
)

// schemaAt is a schema of a stream.
type schemaAt struct {
	Name   string // the name of the nearest enclosing schema that has one
	Schema *openapi3.Schema
	root   bool // no enclosing schema applies to the same value
}

// Schemas returns every schema that describes a stream, once each. It returns a schema twice
// if it applies to one value alone and to another together with an enclosing schema.
func (s *Stream) Schemas() iter.Seq[schemaAt] {
	return func(yield func(schemaAt) bool) {
		type key struct {
			schema *openapi3.Schema
			root   bool
		}
		seen := map[key]bool{}
		var visit func(name string, ref *openapi3.SchemaRef, root bool) bool
		visit = func(name string, ref *openapi3.SchemaRef, root bool) bool {
			if ref == nil || ref.Value == nil || seen[key{ref.Value, root}] {
				return true
			}
			seen[key{ref.Value, root}] = true
			if component, ok := jsonschema.ComponentName(ref.Ref); ok {
				name = component
			}
			if !yield(schemaAt{name, ref.Value, root}) {
				return false
			}
			for _, inner := range jsonschema.InPlace(ref.Value) {
				if !visit(name, inner, false) {
					return false
				}
			}
			for _, inner := range jsonschema.OfParts(ref.Value) {
				if !visit(name, inner, true) {
					return false
				}
			}
			return true
		}
		for _, content := range Contents(s.Operation) {
			if !visit(s.ID, content.Schema, true) || !visit(s.ID, content.ItemSchema, true) {
				return
			}
		}
		for _, e := range s.Events {
			if !visit(e.Where.Name, e.Data, true) {
				return
			}
		}
	}
}
