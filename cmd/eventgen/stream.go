package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mixstream/mixstream/contract"
)

// stream is a streaming operation: what its document says of it, however it says it.
type stream struct {
	ID, Method, Path string
	Where            place
	Events           []*event
	NameIn           string // the member of the data that names the event; empty: the SSE field does
	Ext              extension
	Params           []*openapi3.Parameter
	Body             bool // it has a request body
	IDs              bool // the schema of an event has the id
	End              contract.End
	Resume           *contract.Resume // nil: the document says nothing

	broken  bool // its events cannot be read
	op      *openapi3.Operation
	content *openapi3.MediaType
	parts   []string // the components that only describe how a stream is written

	sentinels []sentinel
	terminal  []*branch // marked as the end of the stream
	isUnion   bool      // the schema has several alternatives
}

// event is one event of a stream.
type event struct {
	Names     []string // several only where a member of the data tells which; "" is no name
	AnyName   bool     // the spec leaves the name open
	Text      bool     // the data is text, not JSON
	Where     place
	Component string // the schema that is this event; empty if it is inline, or several events are in it
	Payload   bool   // the schema describes the data alone, without the fields around it
	Data      *openapi3.SchemaRef

	Description string
	GoName      string // from x-go-name on an inline schema
}

// readStreams returns the streaming operations of a document. It reads each into the same
// model, so that what follows does not depend on how a stream is written.
func readStreams(doc *openapi3.T, p *problems) []*stream {
	var all []*stream
	ids := map[string]place{}
	eachOperation(doc, func(path, method string, item *openapi3.PathItem, op *openapi3.Operation) {
		where := placeOf(method+" "+path, op.Origin)
		contents := streamContents(op)
		if len(contents) == 0 {
			if op.Extensions[extensionName] != nil {
				p.add(where, "it has %s, and no text/event-stream response", extensionName)
			}
			return
		}
		if op.OperationID == "" {
			op.OperationID = defaultID(method, path)
		}
		id := op.OperationID
		if other, ok := ids[id]; ok {
			p.add(where, "its operationId %s is also that of %s", id, other)
			return
		}
		ids[id] = where
		where.name = id
		if len(contents) > 1 {
			p.add(where, "it has more than one text/event-stream response")
			return
		}
		s := &stream{ID: id, Method: method, Path: path, Where: where, op: op, content: contents[0], Body: op.RequestBody != nil}
		s.Ext = readExtension(op, where, p)
		s.readParams(item)
		before := len(p.errs)
		s.readEvents(doc, p)
		if s.broken = len(p.errs) > before; !s.broken {
			s.readEnd(p)
		}
		all = append(all, s)
	})
	readResumes(doc, all, p)
	if len(p.errs) == 0 && len(all) == 0 {
		p.add(placeOf("paths", doc.Paths.Origin), "no operation has a text/event-stream response")
	}
	return all
}

// readEvents reads the events from the schema of the stream.
func (s *stream) readEvents(doc *openapi3.T, p *problems) {
	schema := s.content.ItemSchema
	if schema == nil {
		schema = s.content.Schema
	}
	if schema != nil && schema.Value != nil && schema.Value.Type.Is(openapi3.TypeArray) && schema.Value.Items != nil {
		s.partOf(schema)
		schema = schema.Value.Items
	}
	if schema != nil && schema.Value != nil {
		schema = s.unwrap(schema)
	}
	if schema == nil || schema.Value == nil || isUntyped(schema.Value) {
		s.Events = []*event{{Names: []string{""}, AnyName: true, Text: true, Where: s.Where, Data: schema}}
		return
	}
	members := branches(schema)
	settle(members, s.ID, p)
	before := len(p.errs)
	all, schema := s.readTerminal(schema, members, p)
	if slices.ContainsFunc(all, (*branch).isEnvelope) {
		s.readEnvelopes(doc, schema, all, p)
	} else {
		s.readPayloads(doc, schema, all, p)
	}
	if len(p.errs) == before {
		s.checkNames(p)
	}
}

// isUntyped reports whether a schema says nothing of what a stream holds but that it is
// text.
func isUntyped(s *openapi3.Schema) bool {
	types := typesOf(s)
	return types == nil && isEmpty(s) || slices.Equal(types, []string{openapi3.TypeString})
}

// unwrap returns the schema of JSON that is described as content of a string.
func (s *stream) unwrap(ref *openapi3.SchemaRef) *openapi3.SchemaRef {
	if inner := ref.Value.ContentSchema; inner != nil && inner.Value != nil && isJSON(ref.Value.ContentMediaType) {
		s.partOf(ref)
		return inner
	}
	return ref
}

// partOf notes that a component is part of how the stream is written.
func (s *stream) partOf(ref *openapi3.SchemaRef) {
	if name, ok := schemaName(ref.Ref); ok && !slices.Contains(s.parts, name) {
		s.parts = append(s.parts, name)
	}
}

// readEnvelopes reads a stream whose schema describes events with their fields.
func (s *stream) readEnvelopes(doc *openapi3.T, schema *openapi3.SchemaRef, all []*branch, p *problems) {
	s.partOf(schema)
	for _, b := range all {
		for _, name := range b.shape.components {
			if !slices.Contains(s.parts, name) {
				s.parts = append(s.parts, name)
			}
		}
	}
	s.checkMappings(schema, all, p)
	if len(all) == 1 {
		if names, bound := all[0].names("event"); !bound && names == nil && s.readDataUnion(doc, all[0]) {
			return
		}
	}
	for i, b := range all {
		s.readEnvelope(doc, b, i, p)
	}
}

// readEnvelope reads one event, or one for each name if an enum has several.
func (s *stream) readEnvelope(doc *openapi3.T, b *branch, i int, p *problems) {
	where := b.where(s.ID, i)
	if !b.isEnvelope() {
		if b.shape.properties["data"] == nil {
			p.add(where, `it has no property "data", which other events of %s have`, s.ID)
		} else {
			p.add(where, "it has properties beside the fields of an event (%s), and other events of %s have not", fmt.Sprint(envelopeFields), s.ID)
		}
		return
	}
	names, bound := b.names("event")
	if bound && !eventNames(names, b, where, p) {
		return
	}
	if !bound {
		names = []string{""}
	}
	s.IDs = s.IDs || b.shape.properties["id"] != nil
	for _, name := range names {
		e := &event{Names: []string{name}, Where: where, Component: b.component, Description: b.ref.Value.Description}
		e.AnyName = !bound && b.shape.properties["event"] != nil
		e.GoName, _ = b.ref.Value.Extensions["x-go-name"].(string)
		if len(names) > 1 {
			e.Component, e.GoName = "", ""
		}
		if name == "message" && !b.shape.required["event"] {
			e.Names = []string{""}
		}
		e.readData(doc, b.shape.properties["data"])
		s.Events = append(s.Events, e)
	}
}

// eventNames refuses what cannot be the names of events.
func eventNames(names []string, b *branch, where place, p *problems) bool {
	values, _ := boundTo(b.shape.properties["event"])
	if len(names) == 0 {
		p.add(where, `its property "event" can have no value that names an event: its const or enum is no string, or what is said of it is a contradiction`)
		return false
	}
	if len(values) > len(textsOf(values)) || slices.Contains(names, "") {
		p.add(where, `a value of its property "event" is not a string that names an event: %v`, values)
		return false
	}
	return true
}

// checkMappings refuses a discriminator that contradicts the events.
func (s *stream) checkMappings(schema *openapi3.SchemaRef, all []*branch, p *problems) {
	for _, u := range shapeOf(schema).unions {
		if u.discriminator == nil || u.discriminator.PropertyName != "event" {
			continue
		}
		for _, value := range slices.Sorted(maps.Keys(u.discriminator.Mapping)) {
			target := mappedSchema(u.discriminator.Mapping[value])
			i := slices.IndexFunc(all, func(b *branch) bool { return b.component == target })
			if i < 0 {
				p.add(s.Where, "the discriminator mapping of its stream has %s for %q, which is no event of it", target, value)
				continue
			}
			if names, bound := all[i].names("event"); bound && !slices.Contains(names, value) {
				p.add(placeOf(target, all[i].ref.Value.Origin), "the discriminator mapping of %s has %q for it, which is not its name", s.ID, value)
			}
		}
	}
}

// checkNames refuses two events of one name: nothing could tell them apart.
func (s *stream) checkNames(p *problems) {
	owners := map[string]place{}
	open := place{}
	for _, e := range s.Events {
		for _, name := range e.Names {
			key := name
			if key == "" {
				key = "message" // the standard's name for none
			}
			if other, ok := owners[key]; ok {
				p.add(e.Where, "its name %q is also that of %s, in %s", name, other, s.ID)
			}
			owners[key] = e.Where
		}
		if e.AnyName {
			open = e.Where
		}
	}
	if open.name != "" && len(s.Events) > 1 && s.NameIn != "" {
		p.add(open, "its name is open, and that of others is in the data")
	}
}

// where returns the place of the branch.
func (b *branch) where(id string, i int) place {
	name := b.component
	if name == "" {
		name = fmt.Sprintf("event %d of %s", i+1, id)
		if names, _ := b.names("event"); len(names) == 1 && names[0] != "" {
			name = fmt.Sprintf("the event %q of %s", names[0], id)
		}
	}
	return placeOf(name, b.ref.Value.Origin)
}
