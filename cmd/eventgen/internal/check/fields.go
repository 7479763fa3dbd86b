package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/jsonschema"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
)

// fields writes the fields of the literal for one schema.
func (w *writer) fields(s *openapi3.Schema) {
	if s.Always != nil && !*s.Always {
		w.b.WriteString("Never: true,\n")
		return
	}
	if rejoined := w.withSiblings(s); rejoined != nil {
		w.fields(rejoined)
		return
	}
	if w.is30 && s.Nullable {
		if s.Type == nil {
			// Documents use nullable without a type for this, although OpenAPI 3.0.3 says
			// otherwise.
			inner := *s
			inner.Nullable = false
			w.loose[&inner] = w.loose[s]
			w.b.WriteString("AnyOf: []jsonschema.Schema{\n{Types: []string{\"null\"}},\n{\n")
			w.fields(&inner)
			w.b.WriteString("},\n},\n")
			return
		}
		w.strings("Types", append(s.Type.Slice(), openapi3.TypeNull))
	} else if s.Type != nil {
		w.strings("Types", s.Type.Slice())
	}
	w.enum(s)
	w.limits(s)
	w.list("PrefixItems", s.PrefixItems)
	w.one("Items", s.Items)
	w.contains(s)
	w.strings("Required", w.required(s))
	w.properties("Properties", s.Properties)
	w.otherProperties(s)
	w.one("Names", s.PropertyNames)
	w.dependents(s)
	w.combination(s)
	w.boolean("UnevaluatedItems", s.UnevaluatedItems, s)
	w.boolean("UnevaluatedProperties", s.UnevaluatedProperties, s)
}

// withSiblings returns a schema that joins the target of a reference and the keywords beside
// the reference, so that unevaluatedProperties and unevaluatedItems see both. It returns nil
// if s is no such schema, or if that makes no difference. kin-openapi represents a reference
// with siblings as a copy of the target whose allOf has one more member, which holds the
// siblings.
func (w *writer) withSiblings(s *openapi3.Schema) *openapi3.Schema {
	if len(s.AllOf) == 0 {
		return nil
	}
	last := s.AllOf[len(s.AllOf)-1]
	if last.Ref != "" || last.Value == nil || last.Value.Origin == nil {
		return nil
	}
	if _, ok := last.Value.Origin.Fields.Lookup("$ref"); !ok {
		return nil
	}
	asks := func(s *openapi3.Schema) bool {
		return isPresent(s.UnevaluatedItems) || isPresent(s.UnevaluatedProperties)
	}
	if !asks(s) && !asks(last.Value) {
		return nil
	}
	target, rejoined := *s, *last.Value
	target.AllOf = s.AllOf[:len(s.AllOf)-1]
	rejoined.AllOf = append(openapi3.SchemaRefs{{Value: &target}}, rejoined.AllOf...)
	w.loose[&target], w.loose[&rejoined] = w.loose[s], w.loose[last.Value]
	return &rejoined
}

// enum writes the values that a schema allows.
func (w *writer) enum(s *openapi3.Schema) {
	isConst := s.Const != nil
	if !isConst && s.Origin != nil {
		_, isConst = s.Origin.Fields.Lookup("const") // the value may be null
	}
	switch {
	case isConst && s.Enum != nil && !jsonschema.ContainsValue(s.Enum, s.Const):
		w.b.WriteString("Never: true,\n")
	case isConst:
		w.values([]any{s.Const})
	case s.Enum != nil && w.is30 && s.Nullable && !slices.Contains(s.Enum, nil):
		w.values(append(slices.Clone(s.Enum), nil))
	case s.Enum != nil:
		w.values(s.Enum)
	}
}

// limits writes the keywords that limit strings, numbers, arrays and objects.
func (w *writer) limits(s *openapi3.Schema) {
	if pattern, ok := translated(s.Pattern); ok && s.Pattern != "" {
		fmt.Fprintf(&w.b, "Pattern: regexp.MustCompile(%q),\n", pattern)
		if pattern != s.Pattern {
			fmt.Fprintf(&w.b, "PatternText: %q,\n", s.Pattern)
		}
	}
	w.count("MinLength", s.MinLength)
	w.atMost("MaxLength", s.MaxLength)
	w.numbers(s)
	w.count("MinItems", s.MinItems)
	w.atMost("MaxItems", s.MaxItems)
	if s.UniqueItems {
		w.b.WriteString("Unique: true,\n")
	}
	w.count("MinProperties", s.MinProps)
	w.atMost("MaxProperties", s.MaxProps)
}

// numbers writes the bounds of numbers. In OpenAPI 3.0 a boolean beside a limit makes the
// limit exclusive.
func (w *writer) numbers(s *openapi3.Schema) {
	fields := map[string]string{}
	for _, b := range numbers(s) {
		text, _ := w.exact.Bound(s, b.keyword, b.is)
		fields[strings.ToUpper(b.keyword[:1])+b.keyword[1:]] = text
	}
	for limit, exclusive := range map[string]openapi3.ExclusiveBound{"Minimum": s.ExclusiveMin, "Maximum": s.ExclusiveMax} {
		if exclusive.IsTrue() && fields[limit] != "" {
			fields["Exclusive"+limit] = fields[limit]
			delete(fields, limit)
		}
	}
	for _, field := range []string{"Minimum", "Maximum", "ExclusiveMinimum", "ExclusiveMaximum", "MultipleOf"} {
		if fields[field] != "" {
			fmt.Fprintf(&w.b, "%s: %q,\n", field, fields[field])
		}
	}
}

// contains writes how many items must fit a schema. It omits the maximum if a part of that
// schema is not checked, because items that do not fit would count.
func (w *writer) contains(s *openapi3.Schema) {
	if s.Contains == nil {
		return
	}
	w.one("Contains", s.Contains)
	if s.MinContains != nil {
		fmt.Fprintf(&w.b, "MinContains: new(uint64(%d)),\n", *s.MinContains)
	}
	if s.MaxContains != nil && !w.skips(s, "maxContains", "maxContains is not checked", s.Contains) {
		w.atMost("MaxContains", s.MaxContains)
	}
}

// required returns the properties that an event must have. Before OpenAPI 3.1, only requests
// need a required property that is writeOnly (OpenAPI 3.0.3, section 4.7.24).
func (w *writer) required(s *openapi3.Schema) []string {
	if !w.is30 {
		return s.Required
	}
	return slices.DeleteFunc(slices.Clone(s.Required), func(name string) bool {
		ref := s.Properties[name]
		return ref != nil && ref.Value != nil && ref.Value.WriteOnly
	})
}

// otherProperties writes the constraints on properties that have no schema by name. If the
// pattern of a name is not checked, it permits any name.
func (w *writer) otherProperties(s *openapi3.Schema) {
	if len(s.PatternProperties) > 0 {
		w.b.WriteString("PatternProperties: []jsonschema.PatternProperty{\n")
		for _, name := range slices.Sorted(maps.Keys(s.PatternProperties)) {
			pattern, ok := translated(name)
			if !ok {
				w.b.WriteString("{Pattern: regexp.MustCompile(\"\")},\n")
				continue
			}
			fmt.Fprintf(&w.b, "{Pattern: regexp.MustCompile(%q), Schema: jsonschema.Schema{", pattern)
			w.body(s.PatternProperties[name])
			w.b.WriteString("}},\n")
		}
		w.b.WriteString("},\n")
	}
	if has := s.AdditionalProperties.Has; has != nil && !*has {
		w.b.WriteString("Closed: true,\n")
	} else if has != nil && w.unevaluated {
		w.b.WriteString("Additional: &jsonschema.Schema{},\n")
	}
	w.one("Additional", s.AdditionalProperties.Schema)
}

// dependents writes the constraints on objects that have a certain property.
func (w *writer) dependents(s *openapi3.Schema) {
	all := maps.Clone(s.DependentSchemas)
	if all == nil {
		all = openapi3.Schemas{}
	}
	for name, required := range s.DependentRequired {
		ref := &openapi3.SchemaRef{Value: &openapi3.Schema{Required: required}}
		if also := all[name]; also != nil {
			ref = &openapi3.SchemaRef{Value: &openapi3.Schema{AllOf: openapi3.SchemaRefs{ref, also}}}
		}
		all[name] = ref
	}
	w.properties("Dependents", all)
}

// combination writes the schemas that apply to the same value. "not", "oneOf" and "if" must
// not contain a part that is not checked: they would reject valid data.
func (w *writer) combination(s *openapi3.Schema) {
	allOf, anyOf, oneOf := s.AllOf, s.AnyOf, s.OneOf
	if w.skips(s, "oneOf", "oneOf is checked as anyOf", oneOf...) {
		if len(anyOf) > 0 {
			allOf = append(slices.Clone(allOf), &openapi3.SchemaRef{Value: &openapi3.Schema{AnyOf: anyOf}})
		}
		anyOf, oneOf = oneOf, nil
	}
	w.list("AllOf", allOf)
	w.list("AnyOf", anyOf)
	w.list("OneOf", oneOf)
	if !w.skips(s, "not", "not is not checked", s.Not) {
		w.one("Not", s.Not)
	}
	if s.If != nil && !w.skips(s, "if", "if is not checked", s.If) {
		w.one("If", s.If)
		w.one("Then", s.Then)
		w.one("Else", s.Else)
	}
}

// skips reports whether a part of one of the keyword's schemas is not checked. It warns which
// check is skipped because of that.
func (w *writer) skips(s *openapi3.Schema, keyword, what string, refs ...*openapi3.SchemaRef) bool {
	if !slices.ContainsFunc(refs, w.isLoose) {
		return false
	}
	w.p.Warn(source.PlaceOf(w.name, s.Origin).Field(s.Origin, keyword), "%s, because eventgen does not check a part of it", what)
	return true
}

// boolean writes a keyword that holds a boolean or a schema. The keyword requires that all of
// s is checked.
func (w *writer) boolean(field string, b openapi3.BoolSchema, s *openapi3.Schema) {
	switch keyword := strings.ToLower(field[:1]) + field[1:]; {
	case !isPresent(b), w.skips(s, keyword, keyword+" is not checked", &openapi3.SchemaRef{Value: s}):
	case b.Has == nil:
		w.one(field, b.Schema)
	case *b.Has:
		fmt.Fprintf(&w.b, "%s: &jsonschema.Schema{},\n", field)
	default:
		fmt.Fprintf(&w.b, "%s: &jsonschema.Schema{Never: true},\n", field)
	}
}
