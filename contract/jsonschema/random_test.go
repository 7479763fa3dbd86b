package jsonschema_test

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"

	"github.com/mixstream/mixstream/contract/jsonschema"
)

// maker makes random schemas, and values that often fit them.
type maker struct {
	*rand.Rand
	names   []string // of the schemas to refer to
	made    int
	pattern int // objects with several patterns, which a pass leaves to the tree
}

var (
	someNames    = []string{"a", "b", "ab", "x-1", "x-2", "é", "a\"b"}
	someTexts    = []string{"", "a", "ab", "x-1", "é", "\n", "a\u2028", "😀", "a b c d e f"}
	someNumbers  = []jsonschema.Number{"0", "1", "2", "-1", "1.0", "0.5", "-0.5", "1e2", "100", "1e-1", "9223372036854775807", "9223372036854775808", "-9223372036854775809", "1e400", "0.30000000000000000001", "-0"}
	someTypes    = []string{"null", "boolean", "string", "integer", "number", "array", "object"}
	somePatterns = []*regexp.Regexp{regexp.MustCompile("^a"), regexp.MustCompile("^x-"), regexp.MustCompile("b$"), regexp.MustCompile("^é?$")}
)

func pick[T any](m *maker, all []T) T { return all[m.IntN(len(all))] }

// parts are the names that schemas for parts of a value may refer to.
var parts = []string{"leaf", "list", "it"}

// schemas returns some schemas that refer to each other, also in circles. The one called "it"
// uses the others.
func (m *maker) schemas() jsonschema.Schemas {
	all := jsonschema.Schemas{}
	for _, name := range parts {
		s := m.schema(3)
		s.Properties = append(s.Properties, property("next", m.part(1)))
		all[name] = &s
		m.names = append(m.names, name)
	}
	return all
}

// part returns a schema for a part of a value. It may contain the schema of the value.
func (m *maker) part(depth int) schema {
	ref := schema{Ref: pick(m, parts)}
	switch m.IntN(12) {
	case 0:
		return ref
	case 1:
		return schema{AnyOf: []schema{{Types: []string{"null"}}, ref}}
	case 2:
		return schema{OneOf: []schema{ref, {Types: []string{"null"}}}}
	case 3:
		return schema{AllOf: []schema{ref}}
	case 4:
		return schema{AllOf: []schema{ref, m.schema(depth)}}
	case 5:
		return schema{AllOf: []schema{ref}, Required: []string{pick(m, someNames)}, Properties: []jsonschema.Property{property("next", ref)}}
	}
	return m.schema(depth)
}

func (m *maker) schema(depth int) (s schema) {
	if m.made++; depth == 0 || m.made > 60 {
		return pick(m, []schema{{}, {Types: []string{"integer"}}, {Types: []string{"string"}}, {Never: true}, {Maximum: "1"}})
	}
	if len(m.names) > 0 && m.IntN(6) == 0 {
		return schema{Ref: pick(m, m.names)}
	}
	if m.IntN(6) == 0 {
		return schema{AllOf: []schema{m.base(), m.base(), m.base()}}
	}
	for range 1 + m.IntN(4) {
		m.keyword(&s, depth-1)
	}
	return s
}

func (m *maker) some(depth int) []schema {
	all := make([]schema, 1+m.IntN(2))
	for i := range all {
		all[i] = m.schema(depth)
	}
	return all
}

func (m *maker) one(depth int) *schema {
	s := m.schema(depth)
	return &s
}

func (m *maker) onePart(depth int) *schema {
	s := m.part(depth)
	return &s
}

func (m *maker) properties(depth int) (all []jsonschema.Property) {
	for _, name := range someNames {
		if m.IntN(3) == 0 {
			all = append(all, property(name, m.part(depth)))
		}
	}
	return all
}

func (m *maker) keyword(s *schema, depth int) {
	switch m.IntN(35) {
	case 0, 1, 2:
		s.Types = []string{pick(m, someTypes)}
	case 3:
		s.Types = []string{pick(m, someTypes), pick(m, someTypes)}
	case 4:
		s.Enum = []any{pick(m, someTexts), pick(m, someTexts), pick(m, someNumbers), nil}
	case 5:
		s.Enum = []any{m.value(2), m.value(1), true}
	case 6:
		s.Minimum = pick(m, someNumbers)
	case 7:
		s.Maximum, s.ExclusiveMinimum = pick(m, someNumbers), pick(m, someNumbers)
	case 8:
		s.ExclusiveMaximum = pick(m, someNumbers)
	case 9:
		s.MultipleOf = pick(m, []jsonschema.Number{"1", "2", "0.1", "9007199254740993"})
	case 10:
		s.MinLength, s.MaxLength = uint64(m.IntN(2)), new(uint64(1+m.IntN(3)))
	case 11:
		s.Pattern = pick(m, somePatterns)
	case 12:
		s.MinItems, s.MaxItems = uint64(m.IntN(2)), new(uint64(1+m.IntN(3)))
	case 13:
		s.Unique = true
	case 14:
		s.PrefixItems = m.some(depth)
	case 15, 16:
		s.Items = m.onePart(depth)
	case 17:
		s.Contains = m.one(depth)
	case 18, 19:
		s.Required = []string{pick(m, someNames)}
	case 20, 21, 22:
		s.Properties = m.properties(depth)
	case 23:
		for range 1 + m.IntN(2) {
			s.PatternProperties = append(s.PatternProperties, jsonschema.PatternProperty{Pattern: pick(m, somePatterns), Schema: m.part(depth)})
		}
		if len(s.PatternProperties) > 1 {
			m.pattern++
		}
	case 24:
		s.Closed = true
	case 25:
		s.Additional = m.onePart(depth)
	case 26:
		s.Names = m.one(depth)
	case 27:
		s.Dependents = []jsonschema.Property{property(pick(m, someNames), m.schema(depth))}
	case 28:
		s.MinProperties, s.MaxProperties = uint64(m.IntN(2)), new(uint64(1+m.IntN(3)))
	case 29, 30:
		s.AllOf = m.some(depth)
	case 31:
		s.AnyOf = append(m.some(depth), schema{Types: []string{"null"}})
	case 32:
		s.OneOf = append(m.some(depth), schema{Types: []string{"null"}})
	case 33:
		for range 1 + m.IntN(3) {
			s.AllOf = append(s.AllOf, m.base())
		}
	case 34:
		if m.IntN(2) == 0 {
			s.Not = m.one(depth)
		} else {
			s.UnevaluatedProperties = m.one(depth)
		}
	}
}

// base returns a schema like those that others extend.
func (m *maker) base() (s schema) {
	for _, name := range someNames[:4] {
		if m.IntN(2) == 0 {
			s.Properties = append(s.Properties, property(name, pick(m, []schema{{}, {Types: []string{"string"}}, {Types: []string{"string", "integer"}}, {MaxLength: new(uint64(1))}, {Ref: pick(m, parts)}, m.schema(1)})))
		}
	}
	if m.IntN(3) == 0 {
		s.Required = []string{pick(m, someNames[:4])}
	}
	if m.IntN(3) == 0 {
		s.Types = []string{"object"}
	}
	if m.IntN(10) == 0 {
		s.Closed = true
	}
	return s
}

// value returns a random value in the types of Enum.
func (m *maker) value(depth int) any {
	kind := m.IntN(9)
	if depth == 0 {
		kind %= 5
	}
	switch kind {
	case 0:
		return pick(m, []any{nil, true, false})
	case 1, 2:
		return pick(m, someTexts)
	case 3, 4:
		return pick(m, someNumbers)
	case 5, 6:
		items := make([]any, m.IntN(4))
		for i := range items {
			items[i] = m.value(depth - 1)
		}
		return items
	}
	members := map[string]any{}
	for range m.IntN(4) {
		members[pick(m, append(someNames, "next"))] = m.value(depth - 1)
	}
	return members
}

// text returns a value as JSON. It escapes some characters without need.
func (m *maker) text(value any) string {
	switch value := value.(type) {
	case string:
		b, _ := json.Marshal(value)
		if value != "" && value[0] < 0x80 && m.IntN(4) == 0 {
			return `"\u00` + string("0123456789abcdef"[value[0]>>4]) + string("0123456789ABCDEF"[value[0]&15]) + m.text(value[1:])[1:]
		}
		return string(b)
	case jsonschema.Number:
		return string(value)
	case []any:
		text := "["
		for i, item := range value {
			if i > 0 {
				text += ", "
			}
			text += m.text(item)
		}
		return text + "]"
	case map[string]any:
		text := "{"
		for _, name := range slices.Sorted(maps.Keys(value)) {
			if len(text) > 1 {
				text += ","
			}
			text += m.text(name) + " :" + m.text(value[name])
		}
		return text + "}"
	}
	b, _ := json.Marshal(value)
	return string(b)
}
