package stream

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/jsonschema"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
)

// Fern's extension of a streaming operation describes the response under application/json,
// with the data of one event as the schema.

// readFern gives an operation the text/event-stream content that x-fern-streaming describes,
// if its format is sse and the operation has no such content.
func readFern(doc *openapi3.T, op *openapi3.Operation, where source.Place, p *source.Problems) {
	fern, ok := op.Extensions[fernExtension].(map[string]any)
	if !ok || fern["format"] != "sse" || len(Contents(op)) > 0 {
		return
	}
	where = where.Field(op.Origin, fernExtension)
	status := "200"
	if all := successes(op); len(all) > 0 {
		status = all[0]
	}
	response := openapi3.Response{Description: new("OK")}
	if ref := op.Responses.Value(status); ref != nil && ref.Value != nil {
		response = *ref.Value // may belong to other operations, too
	}
	response.Content = maps.Clone(response.Content)
	if response.Content == nil {
		response.Content = openapi3.Content{}
	}
	stream := &openapi3.MediaType{}
	for name, content := range response.Content {
		if mediaTypeIs(name, "application/json") {
			stream.Schema = content.Schema
			if fern["stream-condition"] == nil {
				delete(response.Content, name)
			}
		}
	}
	for _, member := range []string{"response", "response-stream"} {
		value, ok := fern[member]
		if !ok {
			continue
		}
		schema, err := schemaOf(doc, value)
		if err != nil {
			p.Add(where, "%s.%s: %v", fernExtension, member, err)
			return
		}
		stream.Schema = schema
	}
	response.Content[eventStream] = stream
	if op.Responses == nil {
		op.Responses = openapi3.NewResponses()
	}
	responses := openapi3.NewResponsesWithCapacity(op.Responses.Len())
	for key, ref := range op.Responses.Map() {
		responses.Set(key, ref)
	}
	responses.Set(status, &openapi3.ResponseRef{Value: &response})
	responses.Extensions = op.Responses.Extensions
	op.Responses = responses
}

// schemaOf returns the schema in an extension. kin-openapi does not resolve references there.
func schemaOf(doc *openapi3.T, value any) (*openapi3.SchemaRef, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	ref := &openapi3.SchemaRef{}
	if err := json.Unmarshal(text, ref); err != nil {
		return nil, err
	}
	return ref, resolve(doc, ref)
}

// resolve resolves the references to components in a schema.
func resolve(doc *openapi3.T, ref *openapi3.SchemaRef) error {
	if ref.Ref != "" {
		name, _ := jsonschema.ComponentName(ref.Ref)
		target := doc.Components.Schemas[name]
		if target == nil {
			return fmt.Errorf("%s is not a schema of components/schemas", ref.Ref)
		}
		ref.Value = target.Value
		return nil
	}
	if ref.Value == nil {
		return errors.New("not a schema")
	}
	for _, child := range slices.Concat(jsonschema.InPlace(ref.Value), jsonschema.OfParts(ref.Value)) {
		if err := resolve(doc, child); err != nil {
			return err
		}
	}
	return nil
}
