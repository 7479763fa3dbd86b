// Package stream reads the streaming operations of a document into one model, independent of
// how the document describes them. Generated code depends on the model alone. To support
// another description, add a file here with its tests.
package stream

import (
	"cmp"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/document"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/jsonschema"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
	"github.com/mixstream/mixstream/contract"
)

// Stream is a streaming operation, independent of how the document describes it.
type Stream struct {
	ID, Method, Path string
	Where            source.Place
	Events           []*Event
	NameIn           string // the member of the data that names the event; empty: the SSE field does
	Ext              Extension
	Params           []*openapi3.Parameter
	Body             bool // it has a request body
	IDs              bool // the schema of an event has the id
	End              contract.End
	Resume           *contract.Resume // nil: the document does not define it

	// constants are the texts that the schema allows in place of an event's JSON, such as
	// "[DONE]" at the end. They are not events.
	constants []string

	broken    bool // its events cannot be read
	Operation *openapi3.Operation
	GoID      string                // the operationId from which oapi-codegen derives Go names
	Contents  []*openapi3.MediaType // the contents of its streaming responses; at least one
	Wrappers  []string              // the components that only describe how a stream is written

	sentinels []sentinel
	terminal  []*branch // marked as the end of the stream
	isUnion   bool      // the schema has several alternatives
}

// Event is one event of a stream.
type Event struct {
	Names     []string // several only if a member of the data tells which applies; "" is no name
	AnyName   bool     // the spec leaves the name open
	Text      bool     // the data is text, not JSON
	Where     source.Place
	Component string // the schema that is this event; empty if the schema is inline or covers several events
	Payload   bool   // the schema describes the data alone, without the fields around it
	NameIn    string // the member of the data that names the event; empty: the SSE field does
	Data      *openapi3.SchemaRef

	Description string
	GoName      string // from x-go-name of an inline schema
}

// CompleteContents adds the contents of operations from places that kin-openapi ignores.
func CompleteContents(doc *openapi3.T, p *source.Problems) {
	document.EachOperation(doc, func(path, method string, _ *openapi3.PathItem, op *openapi3.Operation) {
		where := source.PlaceOf(method+" "+path, op.Origin)
		if err := readMediaTypes(doc, op); err != nil {
			p.Add(where, "response: %v", err)
		}
		readFern(doc, op, where, p)
	})
}

// Read returns the streaming operations of a document, all in the same model. ids holds the
// identifiers of operations that oapi-codegen knows under another operationId.
func Read(doc *openapi3.T, ids map[*openapi3.Operation]string, p *source.Problems) []*Stream {
	var all []*Stream
	document.EachOperation(doc, func(path, method string, item *openapi3.PathItem, op *openapi3.Operation) {
		where := source.PlaceOf(method+" "+path, op.Origin)
		contents := Contents(op)
		if len(contents) == 0 {
			if op.Extensions[ExtensionName] != nil {
				p.Add(where, "the operation has %s but no text/event-stream response: remove the first or add the second", ExtensionName)
			}
			return
		}
		id := cmp.Or(ids[op], op.OperationID)
		where.Name = id
		s := &Stream{ID: id, GoID: op.OperationID, Method: method, Path: path, Where: where, Operation: op, Contents: contents, Body: op.RequestBody != nil}
		s.Ext = readExtension(op, where, p)
		s.readParams(item)
		before := len(p.Errors)
		s.readEvents(doc, p)
		if s.broken = len(p.Errors) > before; !s.broken {
			s.readEnd(p)
		}
		all = append(all, s)
	})
	readResumes(doc, all, p)
	if len(p.Errors) == 0 && len(all) == 0 {
		p.Add(source.PlaceOf("paths", doc.Paths.Origin), "no operation has a text/event-stream response")
	}
	return all
}

// readEvents reads the events from the schema of the stream.
func (s *Stream) readEvents(doc *openapi3.T, p *source.Problems) {
	schema := s.streamSchema()
	if schema == nil || schema.Value == nil || isUntyped(schema.Value) {
		s.Events = []*Event{{Names: []string{""}, AnyName: true, Text: true, Where: s.Where, Data: textOf(schema)}}
		return
	}
	members := branches(doc, schema)
	resolveSharedNames(members, s.ID, p)
	before := len(p.Errors)
	all, schema := s.readTerminal(schema, members, p)
	if !s.readEnvelopes(doc, schema, all, p) {
		s.readPayloads(doc, schema, all, p)
	}
	if len(p.Errors) == before {
		s.checkNames(p)
	}
}

// isUntyped reports whether a schema describes a stream as text and nothing more.
func isUntyped(s *openapi3.Schema) bool {
	return jsonschema.IsAnything(s) || slices.Equal(jsonschema.TypesOf(s), []string{openapi3.TypeString})
}

// textOf returns the schema of a stream of text; nil if nothing describes the text. Some
// documents describe the text as a file.
func textOf(ref *openapi3.SchemaRef) *openapi3.SchemaRef {
	switch {
	case ref == nil || ref.Value == nil || jsonschema.IsAnything(ref.Value):
		return nil
	case ref.Value.Format == "binary" || ref.Value.Format == "byte":
		text := *ref.Value
		text.Format = ""
		return &openapi3.SchemaRef{Value: &text}
	}
	return ref
}

// addWrapper records that a component only describes how the stream is written.
func (s *Stream) addWrapper(ref *openapi3.SchemaRef) {
	if name, ok := jsonschema.ComponentName(ref.Ref); ok {
		s.addWrapperNamed(name)
	}
}

func (s *Stream) addWrapperNamed(component string) {
	if !slices.Contains(s.Wrappers, component) {
		s.Wrappers = append(s.Wrappers, component)
	}
}

// checkNames refuses two events of the same name: a reader could not tell them apart.
func (s *Stream) checkNames(p *source.Problems) {
	owners := map[string]source.Place{}
	for _, e := range s.Events {
		for _, name := range e.Names {
			key := name
			if key == "" {
				key = "message" // the standard's name for an event without one
			}
			if other, ok := owners[key]; ok {
				p.Add(e.Where, "this event and %[3]s, both of %[1]s, have %[2]s: rename one of them", s.ID, quoted(name), other)
			}
			owners[key] = e.Where
		}
	}
}

// Check refuses errors of the stream outside of its events.
func (s *Stream) Check(p *source.Problems) {
	s.checkKeywords(p)
	s.checkSound(p)
	s.checkPosition(p)
	if !s.broken {
		s.checkControl(p)
	}
}
