package main

import (
	"maps"
	"slices"
)

// streamSchema returns the schema of a stream, or nil for none, and records its events.
func (g *grammar) streamSchema() object {
	kinds := []func() object{g.envelopes, g.envelopes, g.envelopes, g.payloads, g.payloads, g.onePayload, g.openEnvelope, g.dataUnion, g.untyped}
	schema := kinds[g.n(len(kinds))]()
	if schema != nil && schema["$ref"] == nil && g.one(3) {
		return g.component(node{schema: schema}).schema
	}
	return schema
}

func (g *grammar) expect(field string, values ...any) {
	for _, value := range values {
		g.stream.Events = append(g.stream.Events, sampleEvent{field, value})
	}
}

// untyped returns a schema that does not describe the events.
func (g *grammar) untyped() object {
	g.expect("", "a line\nof text")
	g.expect("other", "")
	return choose(g.choices, object{"type": "string"}, nil, object{})
}

// eventData returns the schema of a property data.
func (g *grammar) eventData() node {
	switch g.n(6) {
	case 1:
		return g.place(node{object{"type": "string"}, []any{"Größe\n日本 \"", "", "null", "1"}})
	case 2:
		format := choose(g.choices, "int64", "int32", "double")
		return g.onWire(object{"type": "string", "format": format}, number("42"), number("-7"))
	case 3:
		inner := g.place(g.data(2))
		schema := object{"type": "string", "contentMediaType": "application/json", "contentSchema": inner.schema}
		if g.one(4) {
			delete(schema, "contentMediaType")
		}
		return g.onWire(schema, inner.values...)
	case 4:
		return g.onWire(object{"type": "string", "contentMediaType": "application/json"}, object{"a": "b"}, nil, "x")
	}
	return g.place(g.data(2))
}

// onWire returns a schema that has another meaning within other data.
func (g *grammar) onWire(schema object, values ...any) node {
	return node{g.place(node{schema: schema}).schema, values}
}

// envelope returns an object that describes an event with its fields.
func (g *grammar) envelope(data object) object {
	properties := object{"data": data}
	if g.one(3) {
		properties["id"] = object{"type": choose(g.choices, "string", "integer")}
	}
	if g.one(5) {
		properties["retry"] = object{"type": "integer"}
	}
	if g.one(8) {
		properties["comment"] = object{"type": "string"}
	}
	schema := object{"type": "object", "properties": properties}
	if g.one(2) {
		schema["required"] = []any{"data"}
	}
	if g.one(6) {
		delete(schema, "type")
	}
	if g.one(8) {
		schema["additionalProperties"] = false
	}
	if g.one(8) {
		schema["description"] = g.description()
	}
	return schema
}

// envelopes returns a union of events with their fields.
func (g *grammar) envelopes() object {
	count := 1 + g.n(4)
	byDiscriminator := g.n(5) // 1: with a mapping, 2: with a part of one, 3: without
	base := g.base()
	var members []any
	mapping := object{}
	seen := map[string]bool{"": true, "message": true}
	for i := range count {
		data := g.eventData()
		names := []string{g.eventName()}
		if g.one(6) {
			names = append(names, g.eventName())
		}
		if slices.ContainsFunc(names, func(name string) bool { return seen[name] }) || len(names) == 2 && names[0] == names[1] {
			continue
		}
		seen[names[0]], seen[names[len(names)-1]] = true, true
		schema := g.envelope(data.schema)
		properties, _ := schema["properties"].(object)
		way := g.n(2)
		mapped := byDiscriminator > 0 && byDiscriminator < 4 && count > 1
		switch {
		case mapped && byDiscriminator != 2 && g.one(2):
			way, names = 2, names[:1]
		case !mapped && i == 0 && g.one(6):
			names = []string{""} // no name
		}
		if names[0] != "" {
			properties["event"] = g.binding(names, way)
			if g.one(3) {
				required, _ := schema["required"].([]any)
				schema["required"] = append(slices.Clone(required), "event")
			}
			if g.one(6) {
				properties["event"] = g.component(node{schema: g.binding(names, way)}).schema
			}
		}
		schema = g.onBase(base, schema)
		switch {
		case mapped:
			if way == 2 && byDiscriminator == 3 {
				name := g.componentName()
				if seen[name] {
					continue
				}
				seen[name] = true
				g.schemas[name], names = schema, []string{name}
				members = append(members, object{"$ref": "#/components/schemas/" + escaped(name)})
			} else {
				ref := g.component(node{schema: schema}).schema
				members = append(members, ref)
				if byDiscriminator != 2 || g.one(2) || way == 2 {
					for _, name := range names {
						mapping[name] = ref["$ref"]
					}
				}
			}
		default:
			members = append(members, g.place(node{schema: schema}).schema)
		}
		for _, name := range names {
			g.expect(name, data.values...)
		}
	}
	if len(members) == 1 && g.one(2) {
		if only, ok := members[0].(object); ok {
			return only
		}
	}
	union := object{choose(g.choices, "oneOf", "anyOf"): members}
	if byDiscriminator > 0 && byDiscriminator < 4 && count > 1 {
		discriminator := object{"propertyName": "event"}
		if len(mapping) > 0 {
			discriminator["mapping"] = mapping
		}
		union["discriminator"] = discriminator
	}
	if base == nil && g.one(4) { // a generic event beside the union
		maps.Copy(union, object{"type": "object", "properties": object{"event": object{"type": "string"}, "data": object{}, "id": object{"type": "string"}}})
		if g.one(2) {
			union["required"] = []any{"data"}
		}
	}
	return union
}

// base returns a reference to the common part of a stream's events, or nil.
func (g *grammar) base() object {
	if !g.one(4) {
		return nil
	}
	properties := object{"id": object{"type": "string"}, "event": object{"type": "string"}}
	if g.one(2) {
		properties["data"] = object{}
	}
	return g.component(node{schema: object{"type": "object", "properties": properties}}).schema
}

// onBase returns a schema together with the base.
func (g *grammar) onBase(base, schema object) object {
	if base == nil {
		return schema
	}
	if schema["additionalProperties"] != nil {
		delete(schema, "additionalProperties")
	}
	if g.one(3) {
		with := maps.Clone(schema)
		with["allOf"] = []any{base}
		return with
	}
	return object{"allOf": []any{base, schema}}
}

// payloads returns a union of data in which a member names the event.
func (g *grammar) payloads() object {
	member := choose(g.choices, "type", "kind", "event", "object", "messageType", "@type")
	count := 2 + g.n(3)
	way := g.n(4)
	var members []any
	mapping := object{}
	seen := map[string]bool{"": true}
	for range count {
		names := []string{g.eventName()}
		if way < 2 && g.one(6) {
			names = append(names, g.eventName())
		}
		if slices.ContainsFunc(names, func(name string) bool { return seen[name] }) || len(names) == 2 && names[0] == names[1] {
			continue
		}
		seen[names[0]], seen[names[len(names)-1]] = true, true
		n := g.named(g.objectNode(2, false), member, names, min(way, 2))
		if way >= 2 || g.one(2) {
			n = g.component(n)
			mapping[names[0]] = n.schema["$ref"]
		}
		members = append(members, n.schema)
		g.expect(choose(g.choices, "", names[0]), n.values...)
	}
	schema := object{choose(g.choices, "oneOf", "anyOf"): members}
	if way >= 2 || len(mapping) == len(members) && g.one(2) {
		schema["discriminator"] = object{"propertyName": member}
		if way >= 2 || g.one(2) {
			schema["discriminator"] = object{"propertyName": member, "mapping": mapping}
		}
	}
	return schema
}

// onePayload returns the schema of data whose events have no name.
func (g *grammar) onePayload() object {
	kinds := []func(int) node{func(d int) node { return g.objectNode(d, true) }, g.mapNode, g.allOf, g.recursive, g.union}
	n := kinds[g.n(len(kinds))](2)
	g.expect("", n.values...)
	return n.schema
}

// openEnvelope returns one description for events of all names.
func (g *grammar) openEnvelope() object {
	data := g.eventData()
	schema := g.envelope(data.schema)
	properties, _ := schema["properties"].(object)
	if g.one(2) {
		properties["event"] = object{"type": "string"}
		g.expect("whatever", data.values...)
	}
	g.expect("", data.values...)
	return schema
}

// dataUnion returns one description for events whose data is a union that names them.
func (g *grammar) dataUnion() object {
	n := g.objectUnion(choose(g.choices, "oneOf", "anyOf"), 2)
	g.expect("", n.values...)
	return g.envelope(g.place(n).schema)
}
