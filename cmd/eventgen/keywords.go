package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

var (
	mediaTypeVocabulary = vocabulary{binding: []string{"schema", "itemSchema"}, describe: []string{"example", "examples", "encoding", "itemEncoding", "prefixEncoding"}}
	operationVocabulary = vocabulary{
		binding:  []string{"operationId", "parameters", "requestBody", "responses"},
		describe: []string{"callbacks", "deprecated", "description", "externalDocs", "security", "servers", "summary", "tags"},
	}
	// extensions are the names beginning with x- that mean something here.
	extensions = []string{extensionName, "x-fern-streaming", "x-go-name", "x-go-type", "x-ms-sse-terminal-event", "x-speakeasy-sse-sentinel"}
)

// checkKeywords refuses the misspelt keywords of a stream, and warns of those that it does
// not know.
func (s *stream) checkKeywords(p *problems) {
	checkNames(operationVocabulary, s.Where, s.op.Origin, s.op.Extensions, p)
	for _, content := range streamContents(s.op) {
		checkNames(mediaTypeVocabulary, placeOf(s.ID+": text/event-stream", content.Origin), content.Origin, content.Extensions, p)
	}
	for at := range s.schemas() {
		where := placeOf(at.name, at.schema.Origin)
		checkNames(schemaVocabulary, where, at.schema.Origin, at.schema.Extensions, p)
		if d := at.schema.Discriminator; d != nil {
			checkNames(discriminatorVocabulary, where, d.Origin, d.Extensions, p)
		}
	}
}

// checkNames looks at the names that kin-openapi does not know.
func checkNames(v vocabulary, where place, origin *openapi3.Origin, unknown map[string]any, p *problems) {
	for _, name := range slices.Sorted(maps.Keys(unknown)) {
		at := where.field(origin, name)
		if strings.HasPrefix(name, "x-") {
			if meant, ok := nearest(name, extensions); ok && meant != name {
				p.add(at, "unknown extension %s: did you mean %s?", name, meant)
			}
			continue
		}
		meant, ok := nearest(name, slices.Concat(v.binding, v.describe))
		switch {
		case slices.Contains(v.binding, name) || slices.Contains(v.describe, name):
		case ok && slices.Contains(v.binding, meant):
			p.add(at, "unknown keyword %s: did you mean %s?", name, meant)
		case ok:
			p.warn(at, "unknown keyword %s: did you mean %s?", name, meant)
		default:
			p.warn(at, "unknown keyword %s: it is ignored", name)
		}
	}
}

// checkSound refuses schemas that describe nothing, and those whose check would not end.
func (s *stream) checkSound(p *problems) {
	for at := range s.schemas() {
		where := placeOf(at.name, at.schema.Origin)
		for keyword, isEmpty := range map[string]bool{
			"allOf": at.schema.AllOf != nil && len(at.schema.AllOf) == 0,
			"anyOf": at.schema.AnyOf != nil && len(at.schema.AnyOf) == 0,
			"oneOf": at.schema.OneOf != nil && len(at.schema.OneOf) == 0,
			"enum":  at.schema.Enum != nil && len(at.schema.Enum) == 0,
		} {
			if isEmpty {
				p.add(where.field(at.schema.Origin, keyword), "%s is empty: remove it, or list what it allows", keyword)
			}
		}
		if at.root && containsItself(at.schema, nil) {
			p.add(where, "the schema is defined by itself: an allOf, anyOf, oneOf, not or if leads back to it for the same value")
		}
	}
}

// containsItself reports whether a schema leads back to one of path for the same value.
func containsItself(s *openapi3.Schema, path []*openapi3.Schema) bool {
	if slices.Contains(path, s) {
		return true
	}
	path = append(path[:len(path):len(path)], s)
	return slices.ContainsFunc(inPlace(s), func(ref *openapi3.SchemaRef) bool {
		return ref.Value != nil && containsItself(ref.Value, path)
	})
}
