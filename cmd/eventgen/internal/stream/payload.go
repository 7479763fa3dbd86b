package stream

import (
	"maps"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/jsonschema"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
)

// A payload is the data of an event, described without the fields around it.

// readPayloads reads a stream whose schema describes the data of its events.
func (s *Stream) readPayloads(doc *openapi3.T, schema *openapi3.SchemaRef, all []*branch, p *source.Problems) {
	rest, constants := withoutConstants(all)
	isUnion := len(jsonschema.ObjectOf(schema).Unions) == 1 || len(all) > 1
	if isUnion && s.readUnion(doc, rest, p) {
		s.addWrapper(schema)
		s.constants = append(s.constants, constants...)
		return
	}
	if len(rest) > 0 && len(constants) > 0 && !slices.ContainsFunc(constants, func(text string) bool { return !isMark(text) }) {
		s.addWrapper(schema)
		s.constants = append(s.constants, constants...)
		all, schema = rest, unionOf(rest)
	}
	if isUnion && len(all) == 1 {
		s.addWrapper(schema)
		schema = all[0].ref
	}
	if len(all) == 1 && all[0].isSignal() && all[0].object.Properties["event"] != nil {
		p.Warn(s.Where, "the schema is treated as the data of an event: if it describes the event itself, add a property %q", dataField)
	}
	e := &Event{Names: []string{""}, Where: s.Where, Payload: true, Description: schema.Value.Description}
	e.Component, _ = jsonschema.ComponentName(schema.Ref)
	e.GoName, _ = schema.Value.Extensions[jsonschema.GoNameExtension].(string)
	e.readData(doc, []*openapi3.SchemaRef{schema})
	s.Events = []*Event{e}
}

// unionOf returns the schema of data that any of the branches describes.
func unionOf(all []*branch) *openapi3.SchemaRef {
	if len(all) == 1 {
		return all[0].ref
	}
	union := &openapi3.Schema{}
	for _, b := range all {
		union.AnyOf = append(union.AnyOf, b.ref)
	}
	return &openapi3.SchemaRef{Value: union}
}

// readDataUnion reads the data of the only event as a union whose members name the event. It
// returns false if no member of the data names it.
func (s *Stream) readDataUnion(doc *openapi3.T, e *Event, p *source.Problems) bool {
	if e.Text || e.Data == nil || len(jsonschema.ObjectOf(e.Data).Unions) != 1 {
		return false
	}
	members := branches(doc, e.Data)
	resolveSharedNames(members, s.ID, &source.Problems{})
	all, constants := withoutConstants(members)
	if !s.readUnion(doc, all, p) {
		return false
	}
	s.constants = append(s.constants, constants...)
	return true
}

// readUnion reads payloads that a member of the data tells apart. It returns false if no
// member does: the union is then the data of one event.
func (s *Stream) readUnion(doc *openapi3.T, all []*branch, p *source.Problems) bool {
	s.NameIn = namingMember(all)
	if s.NameIn == "" {
		return false
	}
	for i, b := range all {
		names, bound := b.names(s.NameIn)
		if !bound {
			names = []string{""}
		}
		s.Wrappers = append(s.Wrappers, b.within...)
		e := &Event{Names: names, AnyName: !bound, Where: b.where(s.ID, i), Component: b.component, Payload: true, NameIn: s.NameIn, Description: b.ref.Value.Description}
		if b.component == "" || len(b.ref.Value.AllOf) > 0 && b.ref.Ref == "" {
			e.Component = ""
			e.GoName, _ = b.ref.Value.Extensions[jsonschema.GoNameExtension].(string)
		}
		for _, property := range b.object.Properties[s.NameIn] {
			// A const implies its type, but oapi-codegen needs the type explicitly.
			if v := property.Value; v.Type == nil && (v.Const != nil || len(v.Enum) > 0) {
				v.Type = &openapi3.Types{openapi3.TypeString}
			}
		}
		e.readData(doc, []*openapi3.SchemaRef{b.ref})
		s.Events = append(s.Events, e)
		if len(names) == 0 {
			p.Add(e.Where, "no value of the property %q names an event: give it a const, or an enum of strings", s.NameIn)
		}
	}
	return true
}

// namingMember returns the property that tells the branches of a union apart; empty if there
// is none. That is the property of the discriminator, or else one that each branch restricts
// to strings of its own.
func namingMember(all []*branch) string {
	if len(all) == 0 {
		return ""
	}
	for _, property := range slices.Sorted(maps.Keys(all[0].implicit)) {
		if tellsApart(all, property) {
			return property
		}
	}
	candidates := slices.Sorted(maps.Keys(all[0].object.Properties))
	slices.SortStableFunc(candidates, func(a, b string) int { return Preference(a) - Preference(b) })
	for _, property := range candidates {
		if tellsApart(all, property) {
			return property
		}
	}
	return ""
}

// Preference orders properties: the usual names of a naming member come first.
func Preference(property string) int {
	if i := slices.Index([]string{"type", "event", "kind", "object"}, property); i >= 0 {
		return i
	}
	return 4
}

// tellsApart reports whether each branch restricts the property to strings of its own. One
// branch may be the discriminator's default.
func tellsApart(all []*branch, property string) bool {
	seen := map[string]bool{}
	fallbacks := 0
	for _, b := range all {
		names, bound := b.names(property)
		if !bound && b.fallback[property] && isObject(b) && fallbacks == 0 {
			fallbacks++
			continue
		}
		if !bound || len(names) == 0 || !isObject(b) {
			return false
		}
		for _, name := range names {
			if seen[name] || name == "" {
				return false
			}
			seen[name] = true
		}
	}
	return len(seen) > 0
}

func isObject(b *branch) bool {
	types := jsonschema.TypesOf(b.ref.Value)
	return len(b.object.Properties) > 0 && (types == nil || slices.Contains(types, openapi3.TypeObject))
}
