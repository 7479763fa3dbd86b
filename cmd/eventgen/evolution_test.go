package main

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/stream"
)

// evolution makes the additions to a document that an author may make in a later version: an
// event to each stream whose events have names, an optional property to each object in the
// data of an event, and operations.
type evolution struct {
	*tree
	seen   map[*yaml.Node]bool // the unions and enums that have a new event
	wider  map[*yaml.Node]bool // the extended schemas
	events int                 // how many events were added
	fields int                 // how many properties were added
}

// evolve makes all additions to a document, whose streams the caller has read.
func evolve(tr *tree, streams []*stream.Stream) *evolution {
	e := &evolution{tree: tr, seen: map[*yaml.Node]bool{}, wider: map[*yaml.Node]bool{}}
	root := tr.open(tr.root)
	var contents []yamlNode
	for _, s := range streams {
		op := e.operation(root, s)
		payload := !slices.ContainsFunc(s.Events, func(e *stream.Event) bool { return !e.Payload })
		for _, content := range e.contentsOf(op) {
			contents = append(contents, content)
			schema := content.get("itemSchema")
			if !schema.is() {
				schema = content.get("schema")
			}
			if schema.is() {
				e.addEvent(schema, !payload || e.hasOnlyFields(schema), op.get(stream.ExtensionName).get("types").is())
			}
			// The new event has its own data to extend.
			for _, schema := range []yamlNode{content.get("itemSchema"), content.get("schema")} {
				if schema.is() {
					e.extend(schema, !payload || e.hasOnlyFields(schema))
				}
			}
		}
	}
	e.addOperations(root, contents)
	return e
}

// operation returns the operation of a stream.
func (e *evolution) operation(root yamlNode, s *stream.Stream) yamlNode {
	item := e.resolved(root.get("paths").get(s.Path))
	for _, methods := range []yamlNode{item, item.get("additionalOperations")} {
		for _, method := range methods.keys() {
			if strings.EqualFold(method, s.Method) {
				return methods.get(method)
			}
		}
	}
	e.t.Errorf("there is no operation %s %s", s.Method, s.Path)
	return yamlNode{}
}

// resolved follows references.
func (e *evolution) resolved(n yamlNode) yamlNode {
	for range 10 {
		target, _ := e.target(n)
		if !target.is() {
			return n
		}
		n = target
	}
	return n
}

// contentsOf returns the text/event-stream contents of an operation, or else the stream that
// x-fern-streaming describes.
func (e *evolution) contentsOf(op yamlNode) []yamlNode {
	var all []yamlNode
	var others yamlNode
	responses := op.get("responses")
	for _, status := range responses.keys() {
		if strings.ContainsAny(status[:1], "345") {
			continue
		}
		content := e.resolved(responses.get(status)).get("content")
		for _, name := range content.keys() {
			if strings.HasPrefix(strings.ToLower(name), "text/event-stream") {
				all = append(all, e.resolved(content.get(name)))
			} else {
				others = content.get(name).get("schema")
			}
		}
	}
	if fern := op.get("x-fern-streaming"); len(all) == 0 && fern.is() {
		if streamed := fern.get("response-stream"); streamed.is() {
			others = streamed
		}
		if others.is() {
			content := yamlNode{e.parse("{}"), others.file}
			content.set("schema", others.Node)
			all = append(all, content)
		}
	}
	return all
}

// addEvent adds an event to a stream whose events have names: a copy of an existing one with
// another name. own tells that the two must not share data.
func (e *evolution) addEvent(schema yamlNode, envelope, own bool) {
	union, base := e.union(schema), e.base(schema)
	switch {
	case base.is():
		e.addHeir(base)
	case envelope && union.is():
		e.addAlternative(union, nameFields, own)
	case envelope:
		if e.addName(schema) {
			return
		}
		// Either the alternatives of the data are the events, or the only event has a name.
		for _, data := range e.property(schema, "data") {
			if union = e.union(data); union.is() && e.namingMember(union) != "" {
				e.addAlternative(union, []string{e.namingMember(union)}, own)
				return
			}
		}
		if one := e.item(schema); e.hasName(one) && !e.seen[one.Node] {
			e.makeUnion(one)
			e.addAlternative(one, nameFields, own)
		}
	case union.is():
		if member := e.namingMember(union); member != "" {
			e.addAlternative(union, []string{member}, own)
		}
	}
}

// nameFields are the properties that name the event in the styles of the frameworks.
var nameFields = []string{"event", "type", "eventType"}

// base returns the mapping of a schema that has a discriminator and no union: its alternatives
// are the schemas with a reference to it in their allOf.
func (e *evolution) base(schema yamlNode) (base yamlNode) {
	e.each(schema, func(n yamlNode) {
		if !base.is() && n.get("discriminator").is() && len(e.alternatives(n)) == 0 {
			base = n
		}
	})
	return base
}

// heirs returns the schemas of the document whose allOf contains base, and their names.
func (e *evolution) heirs(base yamlNode) (names []string, schemas yamlNode) {
	schemas = e.open(e.root).get("components").get("schemas")
	for _, name := range schemas.keys() {
		for _, member := range schemas.get(name).get("allOf").items() {
			if e.resolved(member).Node == base.Node {
				names = append(names, name)
			}
		}
	}
	return names, schemas
}

// addHeir adds a schema that has base in its allOf.
func (e *evolution) addHeir(base yamlNode) {
	names, schemas := e.heirs(base)
	if len(names) == 0 || e.done(base.Node) {
		return
	}
	key := fmt.Sprintf("%sEvolved%d", names[0], e.events)
	schemas.set(key, schemas.get(names[0]).clone().Node)
	if mapping := base.get("discriminator").get("mapping"); mapping.is() {
		mapping.set(e.name(), scalar("#/components/schemas/"+key))
	}
}

// addName adds a value to the enum that names the events of one schema, and reports whether
// there is one. An enum with a single value in a component, whose name the event has, does not
// count.
func (e *evolution) addName(schema yamlNode) bool {
	isComponent := e.item(schema).get("$ref").is()
	for _, event := range e.property(schema, "event") {
		resolved := e.resolved(event)
		if enum := resolved.get("enum"); enum.is() && (!isComponent || len(enum.items()) > 1) {
			if !e.done(enum.Node) {
				enum.prepend(scalar(e.name()))
			}
			return true
		}
		for _, key := range []string{"oneOf", "anyOf"} {
			list := resolved.get(key)
			if len(list.items()) < 2 || !list.items()[0].get("const").is() {
				continue
			}
			if !e.done(list.Node) {
				list.prepend(e.parse(fmt.Sprintf("{const: %s}", e.name())))
			}
			return true
		}
	}
	return false
}

// item returns the schema of one item of a stream.
func (e *evolution) item(schema yamlNode) yamlNode {
	for range 10 {
		resolved := e.resolved(schema)
		switch {
		case resolved.get("items").is():
			schema = resolved.get("items")
		case resolved.get("contentSchema").is():
			schema = resolved.get("contentSchema")
		default:
			return schema
		}
	}
	return schema
}

// hasName reports whether the schema of one event names it.
func (e *evolution) hasName(schema yamlNode) bool {
	return slices.ContainsFunc(e.property(schema, "event"), func(n yamlNode) bool {
		n = e.resolved(n)
		return n.get("const").is() || n.get("enum").is()
	})
}

// makeUnion makes a schema the only alternative of a union.
func (e *evolution) makeUnion(schema yamlNode) {
	first := schema.clone()
	*schema.Node = *e.parse("{oneOf: []}")
	schema.get("oneOf").prepend(first.Node)
}

// done reports whether a union or enum already has a new event, and records that it does.
func (e *evolution) done(n *yaml.Node) bool {
	if e.seen[n] {
		return true
	}
	e.seen[n] = true
	e.events++
	return false
}

// name returns the name of the event to add.
func (e *evolution) name() string { return fmt.Sprintf("evolved_event_%d", e.events) }

// each calls f for a schema and the schemas that it consists of: the targets of its
// references, the members of its allOf, the items of an array, and the content of a string.
func (e *evolution) each(schema yamlNode, f func(yamlNode)) {
	seen := map[*yaml.Node]bool{}
	var each func(n yamlNode)
	each = func(n yamlNode) {
		if !n.is() || seen[n.Node] {
			return
		}
		seen[n.Node] = true
		f(n)
		if target, _ := e.target(n); target.is() {
			each(target)
		}
		for _, member := range n.get("allOf").items() {
			each(member)
		}
		each(n.get("items"))
		each(n.get("contentSchema"))
	}
	each(schema)
}

// union returns the mapping that has the oneOf or anyOf of a schema.
func (e *evolution) union(schema yamlNode) (union yamlNode) {
	e.each(schema, func(n yamlNode) {
		if !union.is() && len(e.alternatives(n)) > 0 {
			union = n
		}
	})
	return union
}

// alternatives returns the members of a oneOf or anyOf except null.
func (e *evolution) alternatives(n yamlNode) []yamlNode {
	return slices.DeleteFunc(append(n.get("oneOf").items(), n.get("anyOf").items()...), func(n yamlNode) bool {
		return n.get("type").is() && n.get("type").Value == "null"
	})
}

// property returns all descriptions of a property of a schema.
func (e *evolution) property(schema yamlNode, name string) (all []yamlNode) {
	e.each(schema, func(n yamlNode) {
		if p := n.get("properties").get(name); p.is() {
			all = append(all, p)
		}
	})
	return all
}

// hasOnlyFields reports whether all properties of a schema are fields of an event on the wire,
// including data (WHATWG HTML, section 9.2.6).
func (e *evolution) hasOnlyFields(schema yamlNode) bool {
	names := map[string]bool{}
	seen := map[*yaml.Node]bool{}
	var add func(n yamlNode)
	add = func(n yamlNode) {
		e.each(n, func(n yamlNode) {
			if seen[n.Node] {
				return
			}
			seen[n.Node] = true
			for _, name := range n.get("properties").keys() {
				names[name] = true
			}
			for _, member := range e.alternatives(n) {
				add(member)
			}
		})
	}
	add(schema)
	for name := range names {
		if !slices.Contains([]string{"comment", "data", "event", "id", "retry"}, name) {
			return false
		}
	}
	return names["data"]
}

// namingMember returns the member that tells the alternatives of a union apart: the property
// of the discriminator, or one that each alternative restricts.
func (e *evolution) namingMember(union yamlNode) string {
	if name := union.get("discriminator").get("propertyName"); name.is() {
		return name.Value
	}
	var leaf yamlNode
	for leaf = union; len(e.alternatives(leaf)) > 0; leaf = e.resolved(e.alternatives(leaf)[0]) {
		if name := leaf.get("discriminator").get("propertyName"); name.is() {
			return name.Value
		}
	}
	var names []string
	e.each(leaf, func(n yamlNode) {
		for _, name := range n.get("properties").keys() {
			p := e.resolved(n.get("properties").get(name))
			if p.get("const").is() || p.get("enum").is() {
				names = append(names, name)
			}
		}
	})
	slices.SortFunc(names, func(a, b string) int { return stream.Preference(a) - stream.Preference(b) })
	if len(names) == 0 {
		return ""
	}
	return names[0]
}

// extend adds an optional property to each object in the data of the events.
func (e *evolution) extend(schema yamlNode, envelope bool) {
	if !schema.is() || e.wider[schema.Node] {
		return
	}
	e.wider[schema.Node] = true
	if target, _ := e.target(schema); target.is() {
		e.extend(target, envelope)
	}
	properties := schema.get("properties")
	for _, name := range properties.keys() {
		if !envelope || name == "data" {
			e.extend(properties.get(name), false)
		}
	}
	if !envelope && len(properties.keys()) > 0 {
		e.fields++
		properties.set(fmt.Sprintf("evolvedField%d", e.fields), e.parse("{type: string}"))
	}
	for _, key := range []string{"allOf", "oneOf", "anyOf"} {
		for _, member := range schema.get(key).items() {
			e.extend(member, envelope)
		}
	}
	if schema.get("discriminator").is() && len(e.alternatives(schema)) == 0 {
		heirs, schemas := e.heirs(schema)
		for _, name := range heirs {
			e.extend(schemas.get(name), envelope)
		}
	}
	for _, key := range []string{"items", "contentSchema", "additionalProperties"} {
		if inner := schema.get(key); inner.is() && inner.Kind == yaml.MappingNode {
			e.extend(inner, envelope && key != "additionalProperties")
		}
	}
}
