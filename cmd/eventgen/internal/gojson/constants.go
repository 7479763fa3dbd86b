package gojson

import (
	"fmt"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/jsonschema"
)

// texts are the strings that a field is known to have.
type texts struct {
	only     string // the only string that the schemas allow
	required bool   // the schemas require the member
	compared bool
	differ   bool   // the schemas that describe the type differ in this
	hint     string // a string that the member has as a rule
}

// constant returns the string to write for a field that is empty; empty if there is none.
func (t *texts) constant() string {
	if t.differ || !t.required {
		return ""
	}
	return t.only
}

func (t *texts) add(only string, required bool) {
	if t.hint == "" {
		t.hint = only
	}
	if t.compared && (t.only != only || t.required != required) {
		t.differ = true
	}
	t.only, t.required, t.compared = only, required, true
}

// compareField reads the schemas that describe a field for constants in it.
func (t *Types) compareField(f *field, schemas []*openapi3.SchemaRef, required bool) {
	schemas = inPlace(schemas)
	of := f.shape
	for of.kind == pointer {
		of = of.elem
	}
	if of.kind == text {
		only := ""
		if values, bound := jsonschema.BoundTo(schemas); bound && len(values) == 1 {
			only, _ = values[0].(string)
		}
		f.texts.add(only, required && f.shape.kind == text)
		return
	}
	if len(schemas) > 0 { // otherwise it may be anything
		t.compare(of, schemas)
	}
}

// compare reads the schemas that describe a type. A type that several schemas describe is
// compared with each.
func (t *Types) compare(s *shape, schemas []*openapi3.SchemaRef) {
	if s.name != "" {
		var key strings.Builder
		key.WriteString(s.name)
		for _, ref := range schemas {
			fmt.Fprintf(&key, " %p", ref.Value)
		}
		if t.compared[key.String()] {
			return
		}
		t.compared[key.String()] = true
	}
	switch s.kind {
	case slice:
		t.compareField(&field{shape: s.elem}, partsOf(schemas, func(s *openapi3.Schema) *openapi3.SchemaRef { return s.Items }), false)
	case object:
		t.compareField(&field{shape: s.elem}, partsOf(schemas, additional), false)
	case structure:
		required := map[string]bool{}
		for _, ref := range schemas {
			for _, name := range ref.Value.Required {
				required[name] = true
			}
		}
		for _, f := range s.fields {
			t.compareField(f, partsOf(schemas, func(s *openapi3.Schema) *openapi3.SchemaRef { return s.Properties[f.name] }), required[f.name])
		}
		if s.rest != nil {
			t.compareField(s.rest, schemas, false)
		}
	default:
	}
}

// partsOf returns the schemas of a part of the value that schemas describe.
func partsOf(schemas []*openapi3.SchemaRef, part func(*openapi3.Schema) *openapi3.SchemaRef) (all []*openapi3.SchemaRef) {
	for _, ref := range schemas {
		if of := part(ref.Value); of != nil && of.Value != nil {
			all = append(all, of)
		}
	}
	return all
}

func additional(s *openapi3.Schema) *openapi3.SchemaRef { return s.AdditionalProperties.Schema }

// inPlace returns the schemas that apply to a value to which all of schemas apply: the members
// of each allOf, and the only alternative to null.
func inPlace(schemas []*openapi3.SchemaRef) (all []*openapi3.SchemaRef) {
	seen := map[*openapi3.Schema]bool{}
	var add func(ref *openapi3.SchemaRef)
	add = func(ref *openapi3.SchemaRef) {
		if ref == nil || ref.Value == nil || seen[ref.Value] {
			return
		}
		seen[ref.Value] = true
		all = append(all, ref)
		for _, member := range ref.Value.AllOf {
			add(member)
		}
		for _, union := range []openapi3.SchemaRefs{ref.Value.OneOf, ref.Value.AnyOf} {
			if union = slices.DeleteFunc(slices.Clone(union), jsonschema.IsNull); len(union) == 1 {
				add(union[0])
			}
		}
	}
	for _, ref := range schemas {
		add(ref)
	}
	return all
}
