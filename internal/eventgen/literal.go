package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// literals writes schemas as Go composite literals.
type literals struct {
	named openapi3.Schemas
	b     strings.Builder
}

// literal returns the elements of the generated map of schemas.
func (all schemas) literal(doc *openapi3.T) string {
	w := &literals{named: doc.Components.Schemas}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&w.b, "%q: {\n", name)
		w.fields(all[name])
		w.b.WriteString("},\n")
	}
	return w.b.String()
}

// fields writes the fields of the literal of one schema.
func (w *literals) fields(s *openapi3.Schema) {
	if s.Type != nil {
		w.strings("types", s.Type.Slice())
	}
	if len(s.Enum) > 0 {
		w.values(s.Enum)
	} else if s.Const != nil {
		w.values([]any{s.Const})
	}
	if s.Pattern != "" {
		fmt.Fprintf(&w.b, "pattern: regexp.MustCompile(%q),\n", s.Pattern)
	}
	if s.MinLength > 0 {
		fmt.Fprintf(&w.b, "minLength: %d,\n", s.MinLength)
	}
	if s.MaxLength != nil {
		fmt.Fprintf(&w.b, "maxLength: new(uint64(%d)),\n", *s.MaxLength)
	}
	if s.Min != nil {
		fmt.Fprintf(&w.b, "minimum: new(float64(%v)),\n", *s.Min)
	}
	if s.Max != nil {
		fmt.Fprintf(&w.b, "maximum: new(float64(%v)),\n", *s.Max)
	}
	if s.MinItems > 0 {
		fmt.Fprintf(&w.b, "minItems: %d,\n", s.MinItems)
	}
	if s.MaxItems != nil {
		fmt.Fprintf(&w.b, "maxItems: new(uint64(%d)),\n", *s.MaxItems)
	}
	w.one("items", s.Items)
	w.strings("required", s.Required)
	w.properties(s.Properties)
	if has := s.AdditionalProperties.Has; has != nil && !*has {
		w.b.WriteString("closed: true,\n")
	}
	w.one("additional", s.AdditionalProperties.Schema)
	w.list("allOf", s.AllOf)
	w.list("anyOf", s.AnyOf)
	w.list("oneOf", s.OneOf)
}

func (w *literals) strings(field string, values []string) {
	if len(values) > 0 {
		fmt.Fprintf(&w.b, "%s: %#v,\n", field, values)
	}
}

// values writes an enum. Numbers are those of encoding/json.
func (w *literals) values(values []any) {
	w.b.WriteString("enum: []any{")
	for _, value := range values {
		switch value := value.(type) {
		case nil:
			w.b.WriteString("nil, ")
		case string, bool:
			fmt.Fprintf(&w.b, "%#v, ", value)
		default:
			fmt.Fprintf(&w.b, "float64(%v), ", value)
		}
	}
	w.b.WriteString("},\n")
}

func (w *literals) properties(properties openapi3.Schemas) {
	if len(properties) == 0 {
		return
	}
	w.b.WriteString("properties: []dataProperty{\n")
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		fmt.Fprintf(&w.b, "{%q, dataSchema{", name)
		w.body(properties[name])
		w.b.WriteString("}},\n")
	}
	w.b.WriteString("},\n")
}

func (w *literals) one(field string, ref *openapi3.SchemaRef) {
	if ref != nil {
		fmt.Fprintf(&w.b, "%s: &dataSchema{", field)
		w.body(ref)
		w.b.WriteString("},\n")
	}
}

func (w *literals) list(field string, refs openapi3.SchemaRefs) {
	if len(refs) == 0 {
		return
	}
	fmt.Fprintf(&w.b, "%s: []dataSchema{\n", field)
	for _, ref := range refs {
		w.b.WriteString("{")
		w.body(ref)
		w.b.WriteString("},\n")
	}
	w.b.WriteString("},\n")
}

// body writes what stands between the braces of a schema that is perhaps a reference.
func (w *literals) body(ref *openapi3.SchemaRef) {
	if name, ok := plainRef(w.named, ref); ok {
		fmt.Fprintf(&w.b, "ref: %q", name)
		return
	}
	var inner literals
	inner.named = w.named
	inner.fields(ref.Value)
	// What fits on one line stands on one.
	text := inner.b.String()
	if strings.Count(text, "\n") == 1 {
		w.b.WriteString(strings.TrimSuffix(text, ",\n"))
		return
	}
	if text != "" {
		w.b.WriteString("\n" + text)
	}
}
