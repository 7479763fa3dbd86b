package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// stream is the text/event-stream response of an operation.
type stream struct {
	Prefix string
	Enum   string   // the schema of the event names
	Events []*event // in the order of the oneOf

	EnumType string // the Go type of Enum
}

// readStream reads the stream schema of the operation called id.
func readStream(doc *openapi3.T, id string, ref *openapi3.SchemaRef, p *problems) *stream {
	s := &stream{}
	where, ok := schemaName(ref.Ref)
	if !ok {
		where = "the stream schema of " + id
	}
	union := ref.Value
	if len(union.OneOf) == 0 {
		p.add(where, "it is the schema of a stream, and not a oneOf of events")
		return s
	}
	if union.Discriminator == nil {
		p.add(where, "its oneOf has no discriminator")
		return s
	}
	if property := union.Discriminator.PropertyName; property != "event" {
		p.add(where, "its discriminator is the property %q, and not \"event\"", property)
		return s
	}
	members := map[string]bool{}
	for _, member := range union.OneOf {
		name, ok := schemaName(member.Ref)
		if !ok {
			p.add(where, "a member of its oneOf is inline, or outside components/schemas")
			continue
		}
		if members[name] {
			p.add(where, "its oneOf has %s twice", name)
			continue
		}
		members[name] = true
		if e := readEvent(name, member.Value, p); e != nil {
			s.Events = append(s.Events, e)
		}
	}
	s.checkEnum(doc, where, p)
	s.checkMapping(where, union, p)
	s.checkUnique(p)
	return s
}

// checkEnum sees to it that all events have one enum of strings in common,
// and that it has their names.
func (s *stream) checkEnum(doc *openapi3.T, where string, p *problems) {
	for _, e := range s.Events {
		if s.Enum == "" {
			s.Enum = e.Enum
		}
		if e.Enum != s.Enum {
			p.add(e.Schema, "its event is a $ref to %s, and that of %s to %s", e.Enum, s.Events[0].Schema, s.Enum)
		}
	}
	if s.Enum == "" {
		return
	}
	enum := doc.Components.Schemas[s.Enum].Value
	notString := func(v any) bool { _, ok := v.(string); return !ok }
	if len(enum.Enum) == 0 || !enum.Type.Is(openapi3.TypeString) || slices.ContainsFunc(enum.Enum, notString) {
		p.add(s.Enum, "it names the events of %s, and is not an enum of strings", where)
		return
	}
	for _, e := range s.Events {
		if e.Enum == s.Enum && !slices.Contains(enum.Enum, any(e.Name)) {
			p.add(e.Schema, "its const %q is not in the enum %s", e.Name, s.Enum)
		}
	}
}

// checkMapping compares the discriminator's mapping with the events' own consts.
func (s *stream) checkMapping(where string, union *openapi3.Schema, p *problems) {
	mapping := union.Discriminator.Mapping
	names := map[string]bool{}
	for _, e := range s.Events {
		names[e.Name] = true
		ref, ok := mapping[e.Name]
		if !ok {
			p.add(e.Schema, "its const %q is not in the discriminator mapping of %s", e.Name, where)
			continue
		}
		// A mapping is a schema's name or a reference to it (OpenAPI 3.1.0,
		// section 4.8.25).
		target, ok := schemaName(ref.Ref)
		if !ok {
			target = ref.Ref
		}
		if target != e.Schema {
			p.add(e.Schema, "the discriminator mapping of %s has %s for its const %q", where, target, e.Name)
		}
	}
	if len(s.Events) < len(union.OneOf) {
		// What the mapping has too much may be that of an event refused above.
		return
	}
	for _, name := range slices.Sorted(maps.Keys(mapping)) {
		if !names[name] {
			p.add(where, "its discriminator mapping has %q, which is the const of no event", name)
		}
	}
}

// checkUnique refuses two events of one name or one data schema: a decoder could
// not tell the first two apart, nor a data type say the name of the other two.
func (s *stream) checkUnique(p *problems) {
	names, data := map[string]string{}, map[string]string{}
	for _, e := range s.Events {
		if other, ok := names[e.Name]; ok {
			p.add(e.Schema, "its const %q is also that of %s", e.Name, other)
		}
		if other, ok := data[e.Data]; ok {
			p.add(e.Schema, "its data schema %s is also that of %s", e.Data, other)
		}
		names[e.Name], data[e.Data] = e.Schema, e.Schema
	}
}

// schemaName returns the name of the schema in components/schemas that ref
// points to. It is false for any other reference, and for none.
func schemaName(ref string) (string, bool) {
	name, ok := strings.CutPrefix(ref, "#/components/schemas/")
	return name, ok && name != "" && !strings.Contains(name, "/")
}
