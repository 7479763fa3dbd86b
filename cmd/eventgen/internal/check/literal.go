package check

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/document"
)

// writer writes schemas as Go composite literals.
type writer struct {
	*Schemas
	b    strings.Builder
	name string // the key of the schema in the generated map

	// Some schema asks which properties are evaluated, so a schema that evaluates all of them
	// must record it.
	unevaluated bool
}

// Literal returns the elements of the generated map of schemas.
func (all *Schemas) Literal() string {
	w := &writer{Schemas: all}
	for s := range all.seen {
		w.unevaluated = w.unevaluated || isPresent(s.UnevaluatedProperties)
	}
	for _, name := range slices.Sorted(maps.Keys(all.byName)) {
		w.name = name
		fmt.Fprintf(&w.b, "%q: {\n", name)
		w.fields(all.byName[name])
		w.b.WriteString("},\n")
	}
	return w.b.String()
}

// isPresent reports whether a keyword that holds a boolean or a schema is present.
func isPresent(b openapi3.BoolSchema) bool { return b.Has != nil || b.Schema != nil }

func (w *writer) count(field string, n uint64) {
	if n > 0 {
		fmt.Fprintf(&w.b, "%s: %d,\n", field, n)
	}
}

func (w *writer) atMost(field string, n *uint64) {
	if n != nil {
		fmt.Fprintf(&w.b, "%s: new(uint64(%d)),\n", field, *n)
	}
}

func (w *writer) strings(field string, values []string) {
	if len(values) > 0 {
		fmt.Fprintf(&w.b, "%s: %#v,\n", field, values)
	}
}

// values writes an enum.
func (w *writer) values(values []any) {
	w.b.WriteString("Enum: []any{")
	for _, value := range values {
		w.b.WriteString(valueLiteral(value) + ", ")
	}
	w.b.WriteString("},\n")
}

// valueLiteral returns a JSON value as Go source, in the types that the check compares.
func valueLiteral(value any) string {
	var b strings.Builder
	switch value := value.(type) {
	case string:
		return strconv.Quote(value)
	case bool:
		return strconv.FormatBool(value)
	case float64:
		return fmt.Sprintf("jsonschema.Number(%q)", document.Shortest(value))
	case json.Number:
		return fmt.Sprintf("jsonschema.Number(%q)", value)
	case []any:
		b.WriteString("[]any{")
		for _, item := range value {
			b.WriteString(valueLiteral(item) + ", ")
		}
	case map[string]any:
		b.WriteString("map[string]any{")
		for _, name := range slices.Sorted(maps.Keys(value)) {
			b.WriteString(strconv.Quote(name) + ": " + valueLiteral(value[name]) + ", ")
		}
	default:
		return "nil" // JSON has no other values
	}
	return b.String() + "}"
}

func (w *writer) properties(field string, properties openapi3.Schemas) {
	if len(properties) == 0 {
		return
	}
	fmt.Fprintf(&w.b, "%s: []jsonschema.Property{\n", field)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		fmt.Fprintf(&w.b, "{Name: %q, Schema: jsonschema.Schema{", name)
		w.body(properties[name])
		w.b.WriteString("}},\n")
	}
	w.b.WriteString("},\n")
}

func (w *writer) one(field string, ref *openapi3.SchemaRef) {
	if ref != nil && ref.Value != nil {
		fmt.Fprintf(&w.b, "%s: &jsonschema.Schema{", field)
		w.body(ref)
		w.b.WriteString("},\n")
	}
}

func (w *writer) list(field string, refs openapi3.SchemaRefs) {
	if len(refs) == 0 {
		return
	}
	fmt.Fprintf(&w.b, "%s: []jsonschema.Schema{\n", field)
	for _, ref := range refs {
		w.b.WriteString("{")
		w.body(ref)
		w.b.WriteString("},\n")
	}
	w.b.WriteString("},\n")
}

// body writes the content between the braces for a schema or a reference to one.
func (w *writer) body(ref *openapi3.SchemaRef) {
	if ref.Value == nil {
		return
	}
	if name, ok := w.names[ref.Value]; ok {
		fmt.Fprintf(&w.b, "Ref: %q", name)
		return
	}
	inner := writer{Schemas: w.Schemas, name: w.name, unevaluated: w.unevaluated}
	inner.fields(ref.Value)
	// A single short field stays on the same line.
	text := inner.b.String()
	if strings.Count(text, "\n") == 1 {
		w.b.WriteString(strings.TrimSuffix(text, ",\n"))
		return
	}
	if text != "" {
		w.b.WriteString("\n" + text)
	}
}
