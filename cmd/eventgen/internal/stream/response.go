package stream

import (
	"maps"
	"mime"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/jsonschema"
)

// eventStream is the media type of a stream of events.
const eventStream = "text/event-stream"

// Contents returns the text/event-stream contents of an operation's 2XX responses, ordered by
// status. Without such a response it uses the default one.
func Contents(op *openapi3.Operation) []*openapi3.MediaType {
	var contents []*openapi3.MediaType
	for _, status := range successes(op) {
		response := op.Responses.Value(status).Value
		if response == nil {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(response.Content)) {
			if mediaTypeIs(name, eventStream) && response.Content[name] != nil {
				contents = append(contents, response.Content[name])
			}
		}
	}
	return contents
}

// successes returns the statuses of the successful responses, sorted.
func successes(op *openapi3.Operation) []string {
	if op.Responses == nil {
		return nil
	}
	var all []string
	for status := range op.Responses.Map() {
		if strings.HasPrefix(status, "2") {
			all = append(all, status)
		}
	}
	if all == nil && op.Responses.Value("default") != nil {
		return []string{"default"}
	}
	slices.Sort(all)
	return all
}

// mediaTypeIs reports whether a key of a content map is this media type, with any parameters
// and in any case.
func mediaTypeIs(key, want string) bool {
	mediaType, _, _ := mime.ParseMediaType(key)
	return mediaType == want
}

// streamSchema returns the schema of one event or of its data, combined from the contents of
// an operation. It returns nil if no content has one.
//
// An itemSchema takes precedence over a schema beside it, which describes the text as a whole
// (OpenAPI 3.2, section 4.14.1). The items of an array are events.
func (s *Stream) streamSchema() *openapi3.SchemaRef {
	var all []*openapi3.SchemaRef
	for _, content := range s.Contents {
		schema := s.itemOf(content)
		if schema == nil || schema.Value == nil || isUntyped(schema.Value) && len(s.Contents) > 1 {
			continue
		}
		if !slices.ContainsFunc(all, func(other *openapi3.SchemaRef) bool { return sameSchema(schema, other) }) {
			all = append(all, schema)
		}
	}
	switch len(all) {
	case 0:
		if len(s.Contents) > 1 {
			return s.itemOf(s.Contents[0])
		}
		return nil
	case 1:
		return all[0]
	}
	return &openapi3.SchemaRef{Value: &openapi3.Schema{AnyOf: all}}
}

// itemOf returns the schema of one event in a content; nil if there is none.
func (s *Stream) itemOf(content *openapi3.MediaType) *openapi3.SchemaRef {
	if item := content.ItemSchema; item != nil && item.Value != nil && !jsonschema.IsAnything(item.Value) {
		return s.unwrap(item)
	}
	schema := content.Schema
	if schema == nil || schema.Value == nil {
		return content.ItemSchema
	}
	if slices.Contains(jsonschema.TypesOf(schema.Value), openapi3.TypeArray) && schema.Value.Items != nil {
		s.addWrapper(schema)
		schema = schema.Value.Items
	}
	return s.unwrap(schema)
}

// unwrap returns the schema of JSON that is described as the content of a string.
func (s *Stream) unwrap(ref *openapi3.SchemaRef) *openapi3.SchemaRef {
	if inner := ref.Value.ContentSchema; inner != nil && inner.Value != nil && isJSON(ref.Value.ContentMediaType) {
		s.addWrapper(ref)
		return inner
	}
	return ref
}

// sameSchema reports whether two schemas are identical or have the same text.
func sameSchema(a, b *openapi3.SchemaRef) bool {
	if a.Value == b.Value {
		return true
	}
	return a.Ref == b.Ref && jsonschema.SameValue(a, b)
}
