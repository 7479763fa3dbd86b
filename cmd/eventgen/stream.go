package main

import (
	"cmp"
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

	// Constants are the texts that the schema has in place of an event's JSON, such as the
	// "[DONE]" at the end. They are no events.
	Constants []string

	broken   bool // its events cannot be read
	op       *openapi3.Operation
	goID     string                // its operationId of which oapi-codegen makes Go names
	contents []*openapi3.MediaType // of its streaming responses; at least one
	parts    []string              // the components that only describe how a stream is written

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
	NameIn    string // the member of the data that names the event; empty: the SSE field does
	Data      *openapi3.SchemaRef

	Description string
	GoName      string // from x-go-name on an inline schema
}

// completeContents gives the operations of a document the contents that stand where
// kin-openapi does not look for them.
func completeContents(doc *openapi3.T, p *problems) {
	eachOperation(doc, func(path, method string, _ *openapi3.PathItem, op *openapi3.Operation) {
		where := placeOf(method+" "+path, op.Origin)
		if err := readMediaTypes(doc, op); err != nil {
			p.add(where, "response: %v", err)
		}
		readFern(doc, op, where, p)
	})
}

// readStreams returns the streaming operations of a document. It reads each into the same
// model, so that what follows does not depend on how a stream is written. ids has the names
// of those that are not called by their operationId.
func readStreams(doc *openapi3.T, ids map[*openapi3.Operation]string, p *problems) []*stream {
	var all []*stream
	eachOperation(doc, func(path, method string, item *openapi3.PathItem, op *openapi3.Operation) {
		where := placeOf(method+" "+path, op.Origin)
		contents := streamContents(op)
		if len(contents) == 0 {
			if op.Extensions[extensionName] != nil {
				p.add(where, "the operation has %s, but no text/event-stream response: remove the one, or add the other", extensionName)
			}
			return
		}
		id := cmp.Or(ids[op], op.OperationID)
		where.name = id
		s := &stream{ID: id, goID: op.OperationID, Method: method, Path: path, Where: where, op: op, contents: contents, Body: op.RequestBody != nil}
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
	schema := s.streamSchema()
	if schema == nil || schema.Value == nil || isUntyped(schema.Value) {
		s.Events = []*event{{Names: []string{""}, AnyName: true, Text: true, Where: s.Where, Data: textOf(schema)}}
		return
	}
	members := branches(doc, schema)
	settle(members, s.ID, p)
	before := len(p.errs)
	all, schema := s.readTerminal(schema, members, p)
	if !s.readEnvelopes(doc, schema, all, p) {
		s.readPayloads(doc, schema, all, p)
	}
	if len(p.errs) == before {
		s.checkNames(p)
	}
}

// isUntyped reports whether a schema says nothing of what a stream holds but that it is
// text.
func isUntyped(s *openapi3.Schema) bool {
	return isAnything(s) || slices.Equal(typesOf(s), []string{openapi3.TypeString})
}

// textOf returns the schema of a stream that is text; nil if nothing is said of the text.
// Some say that it is a file.
func textOf(ref *openapi3.SchemaRef) *openapi3.SchemaRef {
	switch {
	case ref == nil || ref.Value == nil || isAnything(ref.Value):
		return nil
	case ref.Value.Format == "binary" || ref.Value.Format == "byte":
		text := *ref.Value
		text.Format = ""
		return &openapi3.SchemaRef{Value: &text}
	}
	return ref
}

// partOf records that a component only describes how the stream is written.
func (s *stream) partOf(ref *openapi3.SchemaRef) {
	if name, ok := schemaName(ref.Ref); ok {
		s.hasPart(name)
	}
}

func (s *stream) hasPart(component string) {
	if !slices.Contains(s.parts, component) {
		s.parts = append(s.parts, component)
	}
}

// checkNames refuses two events of one name: nothing could tell them apart.
func (s *stream) checkNames(p *problems) {
	owners := map[string]place{}
	for _, e := range s.Events {
		for _, name := range e.Names {
			key := name
			if key == "" {
				key = "message" // the standard's name for none
			}
			if other, ok := owners[key]; ok {
				p.add(e.Where, "two events of %s have %s, this one and %s: rename one of them", s.ID, quoted(name), other)
			}
			owners[key] = e.Where
		}
	}
}

// check refuses what is wrong with the stream beside its events.
func (s *stream) check(p *problems) {
	s.checkKeywords(p)
	s.checkSound(p)
	s.checkPosition(p)
	if !s.broken {
		s.checkControl(p)
	}
}
