package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// node is a schema and values that fit it. The first value has everything that the schema
// allows.
type node struct {
	schema object
	values []any
}

// number is a number as JSON writes it.
func number(text string) json.Number { return json.Number(text) }

// data returns a schema of any kind.
func (g *grammar) data(depth int) node {
	kinds := []func(int) node{
		func(d int) node { return g.objectNode(d, true) },
		g.scalar, g.scalar, g.enum, g.array, g.mapNode, g.union, g.allOf, g.nullable, g.recursive, g.anything,
	}
	if depth <= 0 {
		kinds = []func(int) node{g.scalar, g.scalar, g.enum}
	}
	n := kinds[g.n(len(kinds))](depth)
	g.annotate(n)
	return n
}

// place returns the schema itself, or a reference to it.
func (g *grammar) place(n node) node {
	if g.one(3) {
		return g.component(n)
	}
	return n
}

// child returns a schema within another one.
func (g *grammar) child(depth int) node {
	if names := slices.Sorted(maps.Keys(g.samples)); len(names) > 0 && g.one(5) {
		name := names[g.n(len(names))]
		return node{object{"$ref": "#/components/schemas/" + escaped(name)}, g.samples[name].values}
	}
	return g.place(g.data(depth - 1))
}

// component makes a schema a component, and returns a reference to it.
func (g *grammar) component(n node) node {
	name := g.componentName()
	g.schemas[name] = n.schema
	if len(n.values) > 0 {
		g.samples[name] = n
	}
	ref := object{"$ref": "#/components/schemas/" + escaped(name)}
	if !g.is30() && g.one(8) {
		ref["description"] = g.description()
	}
	return node{ref, n.values}
}

// annotate adds keywords that describe data without constraining it.
func (g *grammar) annotate(n node) {
	schema := n.schema
	if schema["$ref"] != nil || !g.one(6) {
		return
	}
	switch g.n(6) {
	case 0:
		schema["description"] = g.description()
	case 1:
		schema["title"] = g.description()
	case 2:
		schema["deprecated"] = true
	case 3:
		schema["x-other"] = object{"a": []any{1, nil}}
	case 4:
		if !slices.ContainsFunc(n.values, isZero) { // oapi-codegen omits the field then
			schema["readOnly"] = true
		}
	case 5:
		schema["externalDocs"] = object{"url": "https://example.com"}
	}
}

// objectNode returns an object with properties.
func (g *grammar) objectNode(depth int, mayBeOpen bool) node {
	properties, full, least, required := object{}, object{}, object{}, []any{}
	isOpen := mayBeOpen && g.one(4)
	kind := g.n(3)
	for range 1 + g.n(4) {
		name := g.propertyName(choose(g.choices, "a", "name", "created_at", "sub-total", "isOpen", "URLs"))
		if properties[name] != nil {
			continue
		}
		child := g.child(depth)
		properties[name] = child.schema
		value := child.values[0]
		switch {
		case g.one(2) || isOpen && kind > 0: // oapi-codegen writes null for some absent properties
			required = append(required, name)
			full[name], least[name] = value, child.values[len(child.values)-1]
		case !isZero(value):
			full[name] = value
		}
	}
	schema := object{"type": "object", "properties": properties}
	if len(required) > 0 {
		schema["required"] = required
	}
	if isOpen {
		switch kind {
		case 0:
			schema["additionalProperties"] = false
		case 1:
			schema["additionalProperties"] = true
			full["another"] = choose[any](g.choices, "x", number("1.5"), nil, true)
		case 2:
			child := g.child(depth)
			schema["additionalProperties"] = child.schema
			full["another"] = child.values[0]
		}
	}
	if g.one(8) {
		delete(schema, "type")
	}
	if g.one(10) {
		schema["minProperties"], schema["maxProperties"] = number(strconv.Itoa(len(least))), number("100")
	}
	return node{schema, []any{full, least}}
}

// isZero reports whether Go omits the field of an optional property for a value.
func isZero(value any) bool {
	switch value := value.(type) {
	case nil:
		return true
	case []any:
		return len(value) == 0
	case object:
		return len(value) == 0
	}
	return false
}

// scalar returns a string, number or boolean, perhaps with limits.
func (g *grammar) scalar(int) node {
	exclusive := func(limit string) object {
		if g.is30() {
			return object{"type": "integer", "minimum": number(limit), "exclusiveMinimum": true}
		}
		return object{"type": "integer", "exclusiveMinimum": number(limit)}
	}
	all := []node{
		{object{"type": "string"}, []any{"Größe \"日本\"\n\t\u2028<&>", ""}},
		{object{"type": "integer"}, []any{number("9223372036854775807"), number("-9223372036854775808"), number("9007199254740993"), number("0")}},
		{object{"type": "boolean"}, []any{true, false}},
		{object{"type": "number"}, []any{number("12.5"), number("-0.25"), number("0")}},
		{object{"type": "number", "format": "double"}, []any{number("1.7976931348623157e308"), number("0.1")}},
		{object{"type": "number", "format": "float"}, []any{number("0.5")}},
		{object{"type": "integer", "format": "int32"}, []any{number("2147483647"), number("-1")}},
		{object{"type": "integer", "format": "int64"}, []any{number("9223372036854775807")}},
		{object{"type": "integer", "format": "uint64"}, []any{number("18446744073709551615")}},
		{object{"type": "integer", "minimum": number("-9223372036854775808"), "maximum": number("9223372036854775807")}, []any{number("9223372036854775807"), number("-9223372036854775808")}},
		{object{"type": "integer", "maximum": number("18446744073709551615"), "minimum": number("0")}, []any{number("9223372036854775807")}},
		{object{"type": "number", "minimum": number("-1.5"), "multipleOf": number("0.25")}, []any{number("0.75")}},
		{exclusive("9007199254740990"), []any{number("9007199254740993")}},
		{object{"type": "string", "minLength": number("1"), "maxLength": number("3")}, []any{"日本x", "a"}},
		{object{"type": "string", "pattern": "^[a-z`\"]+$"}, []any{"a`\"b"}},
		{object{"type": "string", "pattern": "^(?!x)"}, []any{"abc"}},
		{object{"type": "string", "format": "date-time"}, []any{"2026-01-02T03:04:05.123456789+01:00", "2026-01-02T03:04:05Z"}},
		{object{"type": "string", "format": "date"}, []any{"2026-01-02"}},
		{object{"type": "string", "format": "uuid"}, []any{"01234567-89ab-cdef-0123-456789abcdef"}},
		{object{"type": "string", "format": "byte"}, []any{"AQID"}},
		{object{"type": "string", "format": "email"}, []any{"a@example.com"}},
		{object{"type": "string", "format": "uri"}, []any{"https://example.com/ä?a=b#c"}},
		{object{"type": "string", "format": "unheard-of"}, []any{"x"}},
	}
	return all[g.n(len(all))]
}

// enum returns an enum.
func (g *grammar) enum(int) node {
	switch g.n(6) {
	case 0, 1:
		a, b := g.eventName(), g.eventName()
		values := []any{a}
		if a != b {
			values = append(values, b)
		}
		return node{object{"type": "string", "enum": values}, values}
	case 2:
		return node{object{"type": "integer", "enum": []any{number("1"), number("-2"), number("9007199254740993")}}, []any{number("9007199254740993"), number("-2")}}
	case 3:
		if g.is30() {
			return node{object{"type": "string", "enum": []any{"a-b", "a_b", "a b", "A", "a"}}, []any{"a_b", "A"}}
		}
		return node{object{"const": "x"}, []any{"x"}}
	case 4:
		return node{object{"enum": []any{"a", "1", ""}}, []any{"a", ""}}
	default:
		return node{object{"type": "number", "enum": []any{number("1.5"), number("2")}}, []any{number("1.5")}}
	}
}

func (g *grammar) array(depth int) node {
	item := g.child(depth)
	schema := object{"type": "array", "items": item.schema}
	values := []any{slices.Clone(item.values), []any{}}
	switch g.n(6) {
	case 1:
		schema["minItems"], values = number("1"), values[:1]
	case 2:
		schema["uniqueItems"] = true
		values = []any{[]any{item.values[0]}, []any{}}
	case 3:
		schema["maxItems"] = number("9")
	}
	return node{schema, values}
}

func (g *grammar) mapNode(depth int) node {
	if g.one(4) {
		return node{object{"type": "object"}, []any{object{"a": []any{number("1"), nil, object{"b": "c"}}}, object{}}}
	}
	item := g.child(depth)
	return node{object{"type": "object", "additionalProperties": item.schema}, []any{object{"k 1": item.values[0], "": item.values[len(item.values)-1]}, object{}}}
}

// union returns a oneOf or anyOf of schemas that differ by type, or of objects with a member
// that tells them apart.
func (g *grammar) union(depth int) node {
	keyword := choose(g.choices, "oneOf", "anyOf")
	if g.one(2) {
		return g.objectUnion(keyword, depth)
	}
	all := []node{
		{object{"type": "string"}, []any{"x"}},
		{object{"type": "integer"}, []any{number("9007199254740993")}},
		{object{"type": "boolean"}, []any{false}},
		{object{"type": "array", "items": object{"type": "string"}}, []any{[]any{"a"}}},
		g.objectNode(depth-1, true),
	}
	all[4].schema["type"] = "object"
	var members, values []any
	from := g.n(len(all))
	for i := range 2 + g.n(2) {
		n := g.place(all[(from+i)%len(all)])
		members, values = append(members, n.schema), append(values, n.values...)
	}
	return node{object{keyword: members}, values}
}

func (g *grammar) objectUnion(keyword string, depth int) node {
	member := g.propertyName("kind")
	refs := g.one(2)
	var members, values []any
	mapping := object{}
	for i := range 2 + g.n(2) {
		n := g.named(g.objectNode(depth-1, false), member, []string{fmt.Sprintf("k%d", i)}, g.n(2))
		if refs {
			n = g.component(n)
			mapping[fmt.Sprintf("k%d", i)] = n.schema["$ref"]
		}
		members, values = append(members, n.schema), append(values, n.values...)
	}
	schema := object{keyword: members}
	if refs && g.one(2) {
		schema["discriminator"] = object{"propertyName": member, "mapping": mapping}
	}
	return node{schema, values}
}

// named returns an object in which a member has one of these names. way selects how the schema
// restricts it: by a const, by an enum, or not at all.
func (g *grammar) named(n node, member string, names []string, way int) node {
	properties := maps.Clone(n.schema["properties"].(object)) //nolint:forcetypeassert // n is an object
	properties[member] = g.binding(names, way)
	schema := maps.Clone(n.schema)
	schema["properties"] = properties
	required, _ := schema["required"].([]any)
	if !slices.Contains(required, any(member)) {
		schema["required"] = append(slices.Clone(required), member)
	}
	var values []any
	for i, value := range n.values {
		value := maps.Clone(value.(object)) //nolint:forcetypeassert // the values of an object are objects
		value[member] = names[i%len(names)]
		values = append(values, value)
	}
	return node{schema, values}
}

// binding returns the schema of a member that has one of these names.
func (g *grammar) binding(names []string, way int) object {
	if way == 2 {
		return object{"type": "string"}
	}
	if way == 0 && len(names) == 1 && !g.is30() {
		if g.one(2) {
			return object{"const": names[0]}
		}
		return object{"type": "string", "const": names[0]}
	}
	values := make([]any, len(names))
	for i, name := range names {
		values[i] = name
	}
	return object{"type": "string", "enum": values}
}

// allOf returns an object in several parts, some of them beside the allOf.
func (g *grammar) allOf(depth int) node {
	full, least := object{}, object{}
	var members []any
	for range 1 + g.n(2) {
		n := g.objectNode(depth-1, false)
		taken := slices.ContainsFunc(slices.Collect(maps.Keys(n.schema["properties"].(object))), func(name string) bool { return full[name] != nil }) //nolint:forcetypeassert // n is an object
		if taken {
			continue
		}
		maps.Copy(full, n.values[0].(object))  //nolint:forcetypeassert // the values of an object are objects
		maps.Copy(least, n.values[1].(object)) //nolint:forcetypeassert // the values of an object are objects
		members = append(members, g.place(n).schema)
	}
	schema := object{"allOf": members}
	if g.one(3) {
		g.names++
		name := "beside" + strconv.Itoa(g.names)
		schema["properties"] = object{name: object{"type": "string"}}
		full[name] = "x"
	}
	if g.one(3) {
		schema["type"] = "object"
	}
	return node{schema, []any{full, least}}
}

// nullable returns data that may be null, in the syntax of the document's version.
func (g *grammar) nullable(depth int) node {
	n := g.data(depth - 1)
	values := append(slices.Clone(n.values), nil)
	t, hasType := n.schema["type"].(string)
	if _, listed := n.schema["enum"]; listed || n.schema["const"] != nil || n.schema["readOnly"] != nil || g.takesNull(n.schema) {
		return n
	}
	switch {
	case g.is30() && hasType && n.schema["allOf"] == nil:
		schema := maps.Clone(n.schema)
		schema["nullable"] = true
		return node{schema, values}
	case g.is30():
		return n
	case hasType && n.schema["allOf"] == nil && g.one(2):
		schema := maps.Clone(n.schema)
		schema["type"] = []any{t, "null"}
		return node{schema, values}
	}
	return node{object{choose(g.choices, "oneOf", "anyOf"): []any{g.place(n).schema, object{"type": "null"}}}, values}
}

// takesNull reports whether null already fits a schema: in a oneOf it would fit twice.
func (g *grammar) takesNull(schema object) bool {
	switch t := schema["type"].(type) {
	case string:
		return t == "null"
	case []any:
		return slices.Contains(t, any("null"))
	}
	return schema["nullable"] == true || schema["type"] == nil
}

// recursive returns a schema that contains itself.
func (g *grammar) recursive(int) node {
	name := g.componentName()
	ref := object{"$ref": "#/components/schemas/" + escaped(name)}
	properties := object{"label": object{"type": "string"}, "children": object{"type": "array", "items": ref}, "next": ref}
	if g.one(3) {
		properties["by"] = object{"type": "object", "additionalProperties": ref}
		delete(properties, "next")
	}
	schema := object{"type": "object", "required": []any{"label"}, "properties": properties}
	leaf := object{"label": "b"}
	full := object{"label": "a", "children": []any{leaf}}
	if properties["next"] != nil {
		full["next"] = leaf
	}
	n := node{schema, []any{full, leaf}}
	g.schemas[name], g.samples[name] = schema, n
	return node{ref, n.values}
}

// anything returns a schema with hardly any constraint.
func (g *grammar) anything(int) node {
	// A number is a float64 in a value of any type.
	values := []any{object{"a": []any{number("1.5"), nil}}, "x", number("9007199254740992"), false}
	switch g.n(3) {
	case 0:
		return node{object{}, values}
	case 1:
		if !g.is30() {
			return node{object{"type": "null"}, []any{nil}}
		}
		return node{object{"description": "Anything"}, values}
	default:
		if !g.is30() {
			return node{object{"type": []any{"string", "integer"}}, []any{"x", number("-7")}}
		}
		return node{object{"not": object{"type": "array"}}, values}
	}
}
