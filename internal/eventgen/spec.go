package main

import (
	"fmt"
	"go/token"
	"maps"
	"mime"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/util"
)

// prefixExtension is the extension of an operation that starts the names of
// what is generated for its events.
const prefixExtension = "x-go-event-prefix"

// api is what the generated file is about. The Go names in it are empty until
// nameAPI has run.
type api struct {
	Operations []*operation // in the order of path and method
}

// operation is one operation of the spec.
type operation struct {
	ID, Method, Path string
	Stream           *stream // nil if it answers without text/event-stream

	GoName string // of its method in StrictServerInterface
}

// Streams returns the operations that answer with text/event-stream.
func (a *api) Streams() []*operation {
	return slices.DeleteFunc(slices.Clone(a.Operations), func(o *operation) bool { return o.Stream == nil })
}

// DataTypes returns one event for each Go type of data: streams may share them.
func (a *api) DataTypes() []*event {
	var all []*event
	seen := map[string]bool{}
	for _, o := range a.Streams() {
		for _, e := range o.Stream.Events {
			if !seen[e.DataType] {
				seen[e.DataType] = true
				all = append(all, e)
			}
		}
	}
	return all
}

// loadSpec reads an OpenAPI document as oapi-codegen does, and resolves its references.
func loadSpec(path string, cfg codegen.Configuration) (*openapi3.T, error) {
	overlay := cfg.OutputOptions.Overlay
	doc, err := util.LoadSwaggerWithOverlay(path, util.LoadSwaggerWithOverlayOpts{
		Path:                overlay.Path,
		Strict:              overlay.Strict == nil || *overlay.Strict,
		AllowRemoteRefsFrom: cfg.AllowRemoteRefsFrom,
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if !doc.IsOpenAPI31OrLater() {
		return nil, fmt.Errorf("%s: it is OpenAPI %q, and 3.1 or later is needed for a const beside a $ref", path, doc.OpenAPI)
	}
	return doc, nil
}

// readAPI finds the operations of the document and the events of those that
// stream, and refuses what cannot be generated. It deals in names of the spec only.
func readAPI(doc *openapi3.T) (*api, error) {
	var (
		a        api
		p        problems
		ids      = map[string]string{} // operationId to method and path
		prefixes = map[string]string{} // prefix to operationId
	)
	for _, path := range slices.Sorted(maps.Keys(doc.Paths.Map())) {
		operations := doc.Paths.Value(path).Operations()
		for _, method := range slices.Sorted(maps.Keys(operations)) {
			o := &operation{ID: operations[method].OperationID, Method: method, Path: path}
			where := method + " " + path
			if o.ID == "" {
				p.add(where, "the operation has no operationId")
				continue
			}
			if other, ok := ids[o.ID]; ok {
				p.add(where, "its operationId %s is also that of %s", o.ID, other)
				continue
			}
			ids[o.ID] = where
			a.Operations = append(a.Operations, o)
			o.Stream = readOperation(doc, o.ID, operations[method], &p)
			if o.Stream == nil {
				continue
			}
			if other, ok := prefixes[o.Stream.Prefix]; ok {
				p.add(o.ID, "its %s %q is also that of %s", prefixExtension, o.Stream.Prefix, other)
			}
			prefixes[o.Stream.Prefix] = o.ID
		}
	}
	if len(p) == 0 && len(a.Streams()) == 0 {
		p.add("paths", "no operation has a text/event-stream response")
	}
	if len(p) == 0 {
		a.checkUnused(doc, &p)
	}
	return &a, p.err()
}

// checkUnused refuses a value of an enum of event names that names no event of any
// stream: programs would have a constant for what can be neither published nor read,
// mostly of an event that was forgotten in a oneOf.
func (a *api) checkUnused(doc *openapi3.T, p *problems) {
	used := map[string]map[string]bool{} // enum to its values
	for _, o := range a.Streams() {
		if used[o.Stream.Enum] == nil {
			used[o.Stream.Enum] = map[string]bool{}
		}
		for _, e := range o.Stream.Events {
			used[o.Stream.Enum][e.Name] = true
		}
	}
	for _, enum := range slices.Sorted(maps.Keys(used)) {
		for _, value := range doc.Components.Schemas[enum].Value.Enum {
			if name, ok := value.(string); ok && !used[enum][name] {
				p.add(enum, "its value %q is the const of no event in the oneOf of a stream", name)
			}
		}
	}
}

// readOperation returns the stream of an operation, nil if it has none.
func readOperation(doc *openapi3.T, id string, o *openapi3.Operation, p *problems) *stream {
	schemas := streamSchemas(id, o, p)
	extension, prefixed := o.Extensions[prefixExtension]
	if len(schemas) == 0 {
		if prefixed {
			p.add(id, "it has %s, and no text/event-stream response", prefixExtension)
		}
		return nil
	}
	if len(schemas) > 1 {
		p.add(id, "it has more than one text/event-stream response")
	}
	prefix, ok := extension.(string)
	exported := token.IsIdentifier(prefix) && token.IsExported(prefix)
	if prefixed && !ok || prefix != "" && !exported {
		p.add(id, "its %s must be an exported Go identifier: %v", prefixExtension, extension)
	}
	s := readStream(doc, id, schemas[0], p)
	s.Prefix = prefix
	return s
}

// streamSchemas returns the schemas of the text/event-stream contents of the
// 2XX responses of an operation.
func streamSchemas(id string, o *openapi3.Operation, p *problems) []*openapi3.SchemaRef {
	var schemas []*openapi3.SchemaRef
	responses := o.Responses.Map()
	for _, status := range slices.Sorted(maps.Keys(responses)) {
		if !strings.HasPrefix(status, "2") || responses[status].Value == nil {
			continue
		}
		content := responses[status].Value.Content
		for _, name := range slices.Sorted(maps.Keys(content)) {
			if mediaType, _, _ := mime.ParseMediaType(name); mediaType != "text/event-stream" {
				continue
			}
			// OpenAPI 3.2 describes one event of a stream with itemSchema.
			schema := content[name].Schema
			if schema == nil {
				schema = content[name].ItemSchema
			}
			if schema == nil || schema.Value == nil {
				p.add(id, "its text/event-stream response %s has no schema", status)
				continue
			}
			schemas = append(schemas, schema)
		}
	}
	return schemas
}
