package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/generator"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/jsonschema"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/oapi"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/stream"
	"github.com/mixstream/mixstream/contract"
)

// exampleMode selects which fitting data an example contains.
type exampleMode int

const (
	exampleFull     exampleMode = iota // with every optional property
	exampleRequired                    // with only the required properties, and everything as short as possible
	exampleUnicode                     // with strings that are hard to transport
	exampleLargest                     // with the largest and smallest numbers of their Go types
	exampleModes
)

func (m exampleMode) String() string {
	return [...]string{"full", "required", "unicode", "largest"}[m]
}

// maxAlternatives bounds the examples of one mode.
const maxAlternatives = 24

// maxSteps bounds the values in one example: schemas that contain each other have many.
const maxSteps = 5000

// examples makes data of one mode that fits a schema. The same fields give the same data.
type examples struct {
	doc    *openapi3.T
	wide   bool // the Go type of a number without a format is float64
	mode   exampleMode
	choice int  // which alternative to take of each union, enum and type
	most   int  // the largest number of alternatives seen
	item   int  // which item of an array is made
	text   bool // the data is text on the wire
	loose  bool // the Go type of a number is float64, as in data of any type

	unmatched []string // patterns for which no string was found
	steps     int      // how many values were made for one example
}

// exampleRows returns examples of the data of an event: of each mode, with each alternative
// once. It reports each mode without an example.
func exampleRows(t *testing.T, g *generator.Generator, doc *openapi3.T, s *stream.Stream, e *stream.Event, byHand []wireEvent) []wireEvent {
	t.Helper()
	var rows []wireEvent
	seen := map[wireEvent]bool{}
	mapping := g.Config.OutputOptions.TypeMapping
	wide := mapping != nil && mapping.Number.Default.Type == "float64"
	for mode := range exampleModes {
		count := 0
		x := &examples{doc: doc, wide: wide, mode: mode, text: e.Text}
		for ; x.choice < max(1, min(x.most, maxAlternatives)); x.choice++ {
			for _, name := range e.Names {
				value, ok := x.event(s, e, name)
				if !ok {
					continue
				}
				count++
				row := wireEvent{op: s.ID, name: name, data: value}
				if s.NameIn != "" {
					row.name = ""
				}
				if !seen[row] {
					seen[row] = true
					rows = append(rows, row)
				}
			}
		}
		if slices.ContainsFunc(byHand, func(r wireEvent) bool { return isOf(s, e, r) }) {
			continue
		}
		if count == 0 {
			t.Errorf("%v: no %v example of its data: specEvents can have one", e.Where, mode)
		}
		for _, pattern := range slices.Compact(x.unmatched) {
			t.Errorf("%v: no string for the pattern %s: specEvents can have a row with one", e.Where, pattern)
		}
	}
	if e.AnyName && len(rows) > 0 {
		rows = append(rows, wireEvent{op: s.ID, name: "a free name ☕", data: rows[0].data})
	}
	return rows
}

// isOf reports whether a row belongs to an event.
func isOf(s *stream.Stream, e *stream.Event, r wireEvent) bool {
	name := r.name
	if s.NameIn != "" {
		name = contract.Member([]byte(r.data), s.NameIn)
	}
	return slices.Contains(e.Names, name) || e.AnyName
}

// event returns the JSON of an example of the data of an event.
func (x *examples) event(s *stream.Stream, e *stream.Event, name string) (text string, ok bool) {
	data := e.Data
	if data == nil {
		data = &openapi3.SchemaRef{Value: &openapi3.Schema{Type: &openapi3.Types{openapi3.TypeString}}}
	}
	x.steps = 0
	value, ok := x.value(allOf(data), nil, true)
	if !ok {
		return "", false
	}
	if object, is := value.(map[string]any); is && s.NameIn != "" {
		object[s.NameIn] = name
	}
	if !x.fits(data.Value, value) {
		return "", false
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false) // other JSON encoders do not escape HTML
	err := encoder.Encode(value)
	return strings.NewReplacer(`\u2028`, "\u2028", `\u2029`, "\u2029").Replace(strings.TrimSpace(b.String())), err == nil
}

// fits reports whether data fits a schema according to kin-openapi, a validator other than the
// one under test.
func (x *examples) fits(s *openapi3.Schema, value any) bool {
	text, err := json.Marshal(value)
	if err != nil {
		return false
	}
	var plain any
	return json.Unmarshal(text, &plain) == nil && x.doc.ValidateSchemaJSON(s, plain) == nil
}

// allOf returns a schema and the members of its allOf, at all levels.
func allOf(ref *openapi3.SchemaRef) []*openapi3.Schema {
	var all []*openapi3.Schema
	if ref != nil {
		jsonschema.EachOfAll(ref.Value, func(s *openapi3.Schema) { all = append(all, s) })
	}
	return all
}

// pick returns which of n alternatives to take.
func (x *examples) pick(n int) int {
	x.most = max(x.most, n)
	return x.choice % n
}

// value returns data that fits all parts. path holds the schemas around it. It returns false
// if it finds none, such as for a schema that contains itself again.
func (x *examples) value(parts, path []*openapi3.Schema, orNull bool) (value any, ok bool) {
	if x.steps++; x.steps > maxSteps {
		return nil, false
	}
	again := slices.ContainsFunc(parts, func(s *openapi3.Schema) bool { return count(path, s) > 1 })
	for i, s := range parts {
		members, rest := splitUnion(s)
		if len(members) == 0 {
			continue
		}
		if again {
			return nil, orNull && slices.ContainsFunc(members, jsonschema.IsNull)
		}
		within := slices.Concat(path, []*openapi3.Schema{s})
		for n := range members {
			member := members[(x.pick(len(members))+n)%len(members)]
			if jsonschema.IsNull(member) && !orNull {
				continue
			}
			more := slices.Concat(parts[:i], []*openapi3.Schema{rest}, parts[i+1:], allOf(member))
			value, ok := x.value(more, within, orNull)
			if ok && x.fits(s, value) {
				return value, true
			}
			if object, is := value.(map[string]any); is && s.Discriminator != nil {
				object[s.Discriminator.PropertyName] = valueFor(s.Discriminator, member)
				if x.fits(s, value) {
					return value, true
				}
			}
		}
		return nil, false
	}
	types := commonTypes(parts)
	switch {
	case slices.Contains(types, openapi3.TypeNull) && orNull && (again || len(types) == 1 || x.pick(2) == 1):
		return nil, true
	case again:
		return nil, false
	}
	types = slices.DeleteFunc(types, func(t string) bool { return t == openapi3.TypeNull })
	for _, part := range parts {
		if number := oapi.WrittenAs(types, part.Format); number != "" {
			types = []string{number}
		}
	}
	if values, bound := commonValues(parts); bound {
		if len(types) != 1 {
			values = slices.DeleteFunc(slices.Clone(values), isRounded)
		}
		if len(values) == 0 {
			return nil, false
		}
		return values[x.pick(len(values))], true
	}
	if len(types) != 1 {
		loose := x.loose
		x.loose = true
		defer func() { x.loose = loose }()
	}
	kind := openapi3.TypeString
	if len(types) > 0 {
		kind = types[x.pick(len(types))]
	}
	switch kind {
	case openapi3.TypeObject:
		return x.object(parts, path)
	case openapi3.TypeArray:
		return x.array(parts, path)
	case openapi3.TypeBoolean:
		return x.pick(2) == 0, true
	case openapi3.TypeInteger, openapi3.TypeNumber:
		return x.number(kind, parts)
	}
	return x.string(parts)
}

// isRounded reports whether a value contains a number that a float64 cannot hold, to which a
// value of any type decodes.
func isRounded(value any) bool {
	text, err := json.Marshal(value)
	if err != nil {
		return true
	}
	var decoded any
	if err := json.Unmarshal(text, &decoded); err != nil {
		return true
	}
	again, err := json.Marshal(decoded)
	return err != nil || !bytes.Equal(text, again)
}

func count(path []*openapi3.Schema, s *openapi3.Schema) (n int) {
	for _, other := range path {
		if other == s {
			n++
		}
	}
	return n
}

// valueFor returns the value with which a discriminator selects a member of its union: one of
// the mapping, or else the name of the schema.
func valueFor(d *openapi3.Discriminator, member *openapi3.SchemaRef) string {
	name, _ := jsonschema.ComponentName(member.Ref)
	for _, value := range slices.Sorted(maps.Keys(d.Mapping)) {
		if jsonschema.MappedSchema(d.Mapping[value]) == name {
			return value
		}
	}
	return name
}

// splitUnion returns the members of a oneOf or anyOf, and the schema without it.
func splitUnion(s *openapi3.Schema) (members openapi3.SchemaRefs, rest *openapi3.Schema) {
	without := *s
	if len(s.OneOf) > 0 {
		without.OneOf = nil
		return s.OneOf, &without
	}
	without.AnyOf = nil
	return s.AnyOf, &without
}

// commonTypes returns the types that all parts allow; none if no part restricts the type.
func commonTypes(parts []*openapi3.Schema) (types []string) {
	known := false
	for _, s := range parts {
		own := s.Type.Slice()
		switch {
		case s.Type == nil && len(s.Properties) > 0 && !known && len(types) == 0:
			types = []string{openapi3.TypeObject}
			continue
		case s.Type == nil:
			continue
		}
		if s.Nullable {
			own = append(slices.Clone(own), openapi3.TypeNull)
		}
		if !known {
			types, known = slices.Clone(own), true
			continue
		}
		types = slices.DeleteFunc(types, func(t string) bool {
			return !slices.Contains(own, t) && (t != openapi3.TypeInteger || !slices.Contains(own, openapi3.TypeNumber))
		})
	}
	return types
}

// commonValues returns the values, except null, that all parts allow by const or enum.
func commonValues(parts []*openapi3.Schema) (values []any, bound bool) {
	var refs []*openapi3.SchemaRef
	for _, s := range parts {
		own := *s
		own.AllOf = nil // the members are parts themselves
		refs = append(refs, &openapi3.SchemaRef{Value: &own})
	}
	return jsonschema.BoundTo(refs)
}

// object returns an object that fits all parts.
func (x *examples) object(parts, path []*openapi3.Schema) (value map[string]any, ok bool) {
	path = append(path[:len(path):len(path)], parts...)
	properties := map[string][]*openapi3.Schema{}
	required := map[string]bool{}
	var others []*openapi3.Schema
	closed, free, least := false, true, uint64(0)
	for _, s := range parts {
		for name, ref := range s.Properties {
			properties[name] = append(properties[name], allOf(ref)...)
		}
		for _, name := range s.Required {
			required[name] = true
		}
		if has := s.AdditionalProperties.Has; has != nil {
			closed, free = closed || !*has, free && *has
		}
		if s.AdditionalProperties.Schema != nil {
			others = append(others, allOf(s.AdditionalProperties.Schema)...)
		}
		least = max(least, s.MinProps)
	}
	value = map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if x.mode == exampleRequired && !required[name] {
			continue
		}
		// The Go types cannot distinguish an optional null, nor by default an optional empty
		// array or map, from an absent property.
		member, ok := x.value(properties[name], path, required[name])
		ok = ok && !slices.ContainsFunc(properties[name], func(s *openapi3.Schema) bool { return !x.fits(s, member) })
		switch {
		case ok && !required[name] && isEmptyContainer(member):
		case ok:
			value[name] = member
		case required[name]:
			return nil, false
		}
	}
	isMap := len(others) > 0 || !closed && (len(properties) == 0 || free && anyAdditional(parts))
	for i, name := range []string{"clé 🎉 \u2028 \"", "extra", "a/b~c", "", "é"} {
		if !isMap || x.mode == exampleRequired && uint64(len(value)) >= least || i > 1 && uint64(len(value)) >= least {
			break
		}
		if slices.ContainsFunc(parts, func(s *openapi3.Schema) bool { return s.PropertyNames != nil && !x.fits(s.PropertyNames.Value, name) }) {
			continue
		}
		if member, ok := x.other(others, path); ok {
			value[name] = member
		}
	}
	return value, true
}

func isEmptyContainer(value any) bool {
	switch value := value.(type) {
	case []any:
		return len(value) == 0
	case map[string]any:
		return len(value) == 0
	}
	return false
}

// anyAdditional reports whether a part allows other properties explicitly.
func anyAdditional(parts []*openapi3.Schema) bool {
	return slices.ContainsFunc(parts, func(s *openapi3.Schema) bool {
		return s.AdditionalProperties.Has != nil && *s.AdditionalProperties.Has
	})
}

// other returns a value for a property without a description of its own.
func (x *examples) other(schemas, path []*openapi3.Schema) (any, bool) {
	if len(schemas) > 0 {
		return x.value(schemas, path, true)
	}
	return []any{json.Number("9007199254740992"), map[string]any{"a": nil}, "x"}, true
}

// array returns an array that fits all parts.
func (x *examples) array(parts, path []*openapi3.Schema) (value []any, ok bool) {
	if slices.ContainsFunc(parts, func(s *openapi3.Schema) bool { return len(s.PrefixItems) > 0 }) {
		loose := x.loose
		x.loose = true
		defer func() { x.loose = loose }()
	}
	path = append(path[:len(path):len(path)], parts...)
	var items, prefix []*openapi3.Schema
	least, most := uint64(0), uint64(2)
	for _, s := range parts {
		items = append(items, allOf(s.Items)...)
		for _, ref := range s.PrefixItems {
			prefix = append(prefix, ref.Value)
		}
		least = max(least, s.MinItems)
		if s.MaxItems != nil {
			most = min(most, *s.MaxItems)
		}
	}
	if x.mode == exampleRequired {
		most = 0
	}
	most = max(least, most, uint64(len(prefix)))
	outer := x.item
	defer func() { x.item = outer }()
	value = []any{}
	for i := range int(most) {
		x.item = i
		schemas := items
		if i < len(prefix) {
			schemas = []*openapi3.Schema{prefix[i]}
		}
		member, ok := x.value(schemas, path, true)
		if ok {
			value = append(value, member)
		}
	}
	return value, uint64(len(value)) >= least
}
