package main

import (
	"maps"
	"mime"
	"reflect"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// readPayloads reads a stream whose schema describes the data of its events.
func (s *stream) readPayloads(doc *openapi3.T, schema *openapi3.SchemaRef, all []*branch, p *problems) {
	if len(all) == 1 && all[0].hasOnlyFields() && all[0].shape.properties["event"] != nil {
		p.add(all[0].where(s.ID, 0), `it has no property "data": a browser does not deliver an event without data`)
		return
	}
	if len(all) > 1 && s.readUnion(doc, all, p) {
		s.partOf(schema)
		return
	}
	e := &event{Names: []string{""}, Where: s.Where, Payload: true, Description: schema.Value.Description}
	e.Component, _ = schemaName(schema.Ref)
	e.GoName, _ = schema.Value.Extensions["x-go-name"].(string)
	e.readData(doc, []*openapi3.SchemaRef{schema})
	s.Events = []*event{e}
}

// readDataUnion reads the data of the only event as a union whose members name the event.
// It is false if no member of the data does.
func (s *stream) readDataUnion(doc *openapi3.T, b *branch) bool {
	var e event
	e.readData(doc, b.shape.properties["data"])
	if e.Text || e.Data == nil {
		return false
	}
	all := branches(e.Data)
	var ignored problems
	settle(all, s.ID, &ignored)
	return len(all) > 1 && s.readUnion(doc, all, &ignored)
}

// readUnion reads payloads that a member of the data tells apart. It is false if no member
// does: then the union is the data of one event.
func (s *stream) readUnion(doc *openapi3.T, all []*branch, p *problems) bool {
	s.NameIn = namingMember(all)
	if s.NameIn == "" {
		return false
	}
	for i, b := range all {
		names, _ := b.names(s.NameIn)
		s.parts = append(s.parts, b.within...)
		e := &event{Names: names, Where: b.where(s.ID, i), Component: b.component, Payload: true, Description: b.ref.Value.Description}
		if b.component == "" || len(b.ref.Value.AllOf) > 0 && b.ref.Ref == "" {
			e.Component = ""
			e.GoName, _ = b.ref.Value.Extensions["x-go-name"].(string)
		}
		e.readData(doc, []*openapi3.SchemaRef{b.ref})
		s.Events = append(s.Events, e)
		if len(names) == 0 {
			p.add(e.Where, "its property %q can have no value that names an event", s.NameIn)
		}
	}
	return true
}

// namingMember returns the property that tells the branches of a union apart; empty if
// there is none. It is that of the discriminator, or else one that each branch binds to
// strings that no other has.
func namingMember(all []*branch) string {
	for _, property := range slices.Sorted(maps.Keys(all[0].implicit)) {
		if tellsApart(all, property) {
			return property
		}
	}
	candidates := slices.Sorted(maps.Keys(all[0].shape.properties))
	slices.SortStableFunc(candidates, func(a, b string) int { return preference(a) - preference(b) })
	for _, property := range candidates {
		if tellsApart(all, property) {
			return property
		}
	}
	return ""
}

// preference is lower for the names that such a property usually has.
func preference(property string) int {
	if i := slices.Index([]string{"type", "event", "kind", "object"}, property); i >= 0 {
		return i
	}
	return 4
}

// tellsApart reports whether each branch binds the property to strings of its own.
func tellsApart(all []*branch, property string) bool {
	seen := map[string]bool{}
	for _, b := range all {
		names, bound := b.names(property)
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
	return true
}

func isObject(b *branch) bool {
	types := typesOf(b.ref.Value)
	return len(b.shape.properties) > 0 && (types == nil || slices.Contains(types, openapi3.TypeObject))
}

// readData sets Data and Text by all descriptions of an event's data.
func (e *event) readData(doc *openapi3.T, refs []*openapi3.SchemaRef) {
	var own []*openapi3.SchemaRef // those that say more than a type
	for _, ref := range refs {
		if _, named := schemaName(ref.Ref); named || !isEmpty(ref.Value) {
			own = append(own, ref)
		}
	}
	own = slices.CompactFunc(own, func(a, b *openapi3.SchemaRef) bool { return a.Ref != "" && a.Ref == b.Ref && a.Value == b.Value })
	switch len(own) {
	case 0:
		e.Data = refs[len(refs)-1]
	case 1:
		e.Data = own[0]
	default:
		e.Data = &openapi3.SchemaRef{Value: &openapi3.Schema{AllOf: own}}
	}
	e.Data = asPlainRef(doc, e.Data)
	e.readContent(doc)
}

// readContent replaces data that is described as a string with a content by the content.
func (e *event) readContent(doc *openapi3.T) {
	var content *openapi3.Schema
	format := ""
	eachOfAll(e.Data.Value, func(s *openapi3.Schema) {
		if s.ContentSchema != nil || s.ContentMediaType != "" {
			content = s
		}
		if s.Format != "" {
			format = s.Format
		}
	})
	if !slices.Equal(typesOf(e.Data.Value), []string{openapi3.TypeString}) && (content == nil || content.ContentSchema == nil) {
		return
	}
	switch {
	case content != nil && content.ContentSchema != nil && isJSON(content.ContentMediaType):
		e.Data = asPlainRef(doc, content.ContentSchema)
	case content != nil && content.ContentMediaType != "" && isJSON(content.ContentMediaType):
		e.Data = &openapi3.SchemaRef{Value: &openapi3.Schema{}}
	case slices.Contains([]string{"int32", "int64"}, format):
		e.Data = numberAsText(openapi3.TypeInteger, e.Data.Value, format)
	case slices.Contains([]string{"float", "double"}, format):
		e.Data = numberAsText(openapi3.TypeNumber, e.Data.Value, format)
	default:
		e.Text = true
	}
}

// numberAsText returns the schema of a number that is described as a string: on the wire
// both are the same.
func numberAsText(kind string, s *openapi3.Schema, format string) *openapi3.SchemaRef {
	return &openapi3.SchemaRef{Value: &openapi3.Schema{Type: &openapi3.Types{kind}, Format: format, Description: s.Description}}
}

// isJSON reports whether a media type is JSON. None is: a contentSchema describes JSON.
func isJSON(mediaType string) bool {
	name, _, _ := mime.ParseMediaType(mediaType)
	return mediaType == "" || name == "application/json" || strings.HasSuffix(name, "+json")
}

// asPlainRef returns a reference without what stands beside it, if that only describes.
func asPlainRef(doc *openapi3.T, ref *openapi3.SchemaRef) *openapi3.SchemaRef {
	name, ok := schemaName(ref.Ref)
	if !ok || doc.Components.Schemas[name] == nil {
		return ref
	}
	target := doc.Components.Schemas[name].Value
	if ref.Value == target {
		return ref
	}
	if !isCopy(ref.Value, target) {
		return ref // a schema of the same name in another document
	}
	// kin-openapi keeps what stands beside a $ref as one more member of the allOf.
	for _, beside := range ref.Value.AllOf[min(len(target.AllOf), len(ref.Value.AllOf)):] {
		if !isEmpty(beside.Value) {
			return &openapi3.SchemaRef{Value: ref.Value}
		}
	}
	return &openapi3.SchemaRef{Ref: ref.Ref, Value: target}
}

// isCopy reports whether kin-openapi has made a schema of another one and what stands
// beside a reference to it.
func isCopy(s, target *openapi3.Schema) bool {
	return len(s.AllOf) >= len(target.AllOf) && s.Type == target.Type &&
		reflect.ValueOf(s.Properties).Pointer() == reflect.ValueOf(target.Properties).Pointer()
}
