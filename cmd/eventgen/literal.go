package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// literals writes schemas as Go composite literals.
type literals struct {
	*schemas
	b strings.Builder
}

// literal returns the elements of the generated map of schemas.
func (all *schemas) literal() string {
	w := &literals{schemas: all}
	for _, name := range sortedKeys(all.all) {
		fmt.Fprintf(&w.b, "%q: {\n", name)
		w.fields(all.all[name])
		w.b.WriteString("},\n")
	}
	return w.b.String()
}

// fields writes the fields of the literal of one schema.
func (w *literals) fields(s *openapi3.Schema) {
	if w.is30 && s.Nullable {
		if s.Type == nil {
			// Documents mean it so, whatever OpenAPI 3.0.3 says of it.
			inner := *s
			inner.Nullable = false
			w.b.WriteString("AnyOf: []contract.Schema{\n{Types: []string{\"null\"}},\n{\n")
			w.fields(&inner)
			w.b.WriteString("},\n},\n")
			return
		}
		w.strings("Types", append(s.Type.Slice(), openapi3.TypeNull))
	} else if s.Type != nil {
		w.strings("Types", s.Type.Slice())
	}
	switch {
	case s.Const != nil:
		w.values([]any{s.Const})
	case len(s.Enum) > 0 && w.is30 && s.Nullable && !slices.Contains(s.Enum, nil):
		w.values(append(slices.Clone(s.Enum), nil))
	case len(s.Enum) > 0:
		w.values(s.Enum)
	}
	w.limits(s)
	w.one("Items", s.Items)
	w.strings("Required", s.Required)
	w.properties(s.Properties)
	if has := s.AdditionalProperties.Has; has != nil && !*has {
		w.b.WriteString("Closed: true,\n")
	}
	w.one("Additional", s.AdditionalProperties.Schema)
	w.list("AllOf", s.AllOf)
	w.list("AnyOf", s.AnyOf)
	w.list("OneOf", s.OneOf)
	w.one("Not", s.Not)
	if s.Always != nil && !*s.Always {
		w.b.WriteString("Not: &contract.Schema{},\n")
	}
}

// limits writes the keywords that limit strings, numbers, arrays and objects.
func (w *literals) limits(s *openapi3.Schema) {
	if _, err := regexp.Compile(s.Pattern); err == nil && s.Pattern != "" {
		fmt.Fprintf(&w.b, "Pattern: regexp.MustCompile(%q),\n", s.Pattern)
	}
	w.count("MinLength", s.MinLength)
	w.atMost("MaxLength", s.MaxLength)
	minimum, exclusiveMinimum := bounds(s.Min, s.ExclusiveMin)
	maximum, exclusiveMaximum := bounds(s.Max, s.ExclusiveMax)
	w.number("Minimum", minimum)
	w.number("Maximum", maximum)
	w.number("ExclusiveMinimum", exclusiveMinimum)
	w.number("ExclusiveMaximum", exclusiveMaximum)
	w.number("MultipleOf", s.MultipleOf)
	w.count("MinItems", s.MinItems)
	w.atMost("MaxItems", s.MaxItems)
	if s.UniqueItems {
		w.b.WriteString("Unique: true,\n")
	}
	w.count("MinProperties", s.MinProps)
	w.atMost("MaxProperties", s.MaxProps)
}

// bounds returns a limit, and the one that is exclusive: a boolean beside the limit makes
// it so in OpenAPI 3.0.
func bounds(limit *float64, exclusive openapi3.ExclusiveBound) (inclusiveLimit, exclusiveLimit *float64) {
	if exclusive.Bool != nil && *exclusive.Bool {
		return nil, limit
	}
	return limit, exclusive.Value
}

func (w *literals) count(field string, n uint64) {
	if n > 0 {
		fmt.Fprintf(&w.b, "%s: %d,\n", field, n)
	}
}

func (w *literals) atMost(field string, n *uint64) {
	if n != nil {
		fmt.Fprintf(&w.b, "%s: new(uint64(%d)),\n", field, *n)
	}
}

func (w *literals) number(field string, n *float64) {
	if n != nil {
		fmt.Fprintf(&w.b, "%s: new(float64(%v)),\n", field, *n)
	}
}

func (w *literals) strings(field string, values []string) {
	if len(values) > 0 {
		fmt.Fprintf(&w.b, "%s: %#v,\n", field, values)
	}
}

// values writes an enum.
func (w *literals) values(values []any) {
	w.b.WriteString("Enum: []any{")
	for _, value := range values {
		w.b.WriteString(valueLiteral(value) + ", ")
	}
	w.b.WriteString("},\n")
}

// valueLiteral returns a value as json.Unmarshal makes it, in Go.
func valueLiteral(value any) string {
	text, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(text, &value)
	}
	if err != nil {
		return "nil" // it was refused before
	}
	return goLiteral(value)
}

func goLiteral(value any) string {
	var b strings.Builder
	switch value := value.(type) {
	case nil:
		return "nil"
	case string:
		return strconv.Quote(value)
	case bool:
		return strconv.FormatBool(value)
	case float64:
		return fmt.Sprintf("float64(%v)", value)
	case []any:
		b.WriteString("[]any{")
		for _, item := range value {
			b.WriteString(goLiteral(item) + ", ")
		}
	case map[string]any:
		b.WriteString("map[string]any{")
		for _, name := range sortedKeys(value) {
			b.WriteString(strconv.Quote(name) + ": " + goLiteral(value[name]) + ", ")
		}
	}
	return b.String() + "}"
}

func (w *literals) properties(properties openapi3.Schemas) {
	if len(properties) == 0 {
		return
	}
	w.b.WriteString("Properties: []contract.Property{\n")
	for _, name := range sortedKeys(properties) {
		fmt.Fprintf(&w.b, "{Name: %q, Schema: contract.Schema{", name)
		w.body(properties[name])
		w.b.WriteString("}},\n")
	}
	w.b.WriteString("},\n")
}

func (w *literals) one(field string, ref *openapi3.SchemaRef) {
	if ref != nil && ref.Value != nil {
		fmt.Fprintf(&w.b, "%s: &contract.Schema{", field)
		w.body(ref)
		w.b.WriteString("},\n")
	}
}

func (w *literals) list(field string, refs openapi3.SchemaRefs) {
	if len(refs) == 0 {
		return
	}
	fmt.Fprintf(&w.b, "%s: []contract.Schema{\n", field)
	for _, ref := range refs {
		w.b.WriteString("{")
		w.body(ref)
		w.b.WriteString("},\n")
	}
	w.b.WriteString("},\n")
}

// body writes what stands between the braces of a schema that is perhaps a reference.
func (w *literals) body(ref *openapi3.SchemaRef) {
	if ref.Value == nil {
		return
	}
	if name, ok := w.names[ref.Value]; ok {
		fmt.Fprintf(&w.b, "Ref: %q", name)
		return
	}
	inner := literals{schemas: w.schemas}
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
