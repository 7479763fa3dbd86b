package stream

import (
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/jsonschema"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
)

var (
	mediaTypeVocabulary = jsonschema.Vocabulary{Binding: []string{"schema", "itemSchema"}, Describe: []string{"example", "examples", "encoding", "itemEncoding", "prefixEncoding"}}
	operationVocabulary = jsonschema.Vocabulary{
		Binding:  []string{"operationId", "parameters", "requestBody", "responses"},
		Describe: []string{"callbacks", "deprecated", "description", "externalDocs", "security", "servers", "summary", "tags"},
	}
	// extensions are the extensions that eventgen knows.
	extensions = []string{ExtensionName, "x-fern-streaming", "x-go-name", "x-go-type", "x-ms-sse-terminal-event", "x-speakeasy-sse-sentinel"}
)

// checkKeywords refuses misspelt keywords of a stream, and warns of unknown ones.
func (s *Stream) checkKeywords(p *source.Problems) {
	checkNames(operationVocabulary, s.Where, s.Operation.Origin, s.Operation.Extensions, p)
	for _, content := range Contents(s.Operation) {
		checkNames(mediaTypeVocabulary, source.PlaceOf(s.ID+": text/event-stream", content.Origin), content.Origin, content.Extensions, p)
	}
	for at := range s.Schemas() {
		where := source.PlaceOf(at.Name, at.Schema.Origin)
		checkNames(jsonschema.Keywords, where, at.Schema.Origin, at.Schema.Extensions, p)
		if d := at.Schema.Discriminator; d != nil {
			checkNames(jsonschema.DiscriminatorMembers, where, d.Origin, d.Extensions, p)
		}
	}
}

// checkNames checks the names that kin-openapi does not know.
func checkNames(v jsonschema.Vocabulary, where source.Place, origin *openapi3.Origin, unknown map[string]any, p *source.Problems) {
	for _, name := range slices.Sorted(maps.Keys(unknown)) {
		at := where.Field(origin, name)
		if strings.HasPrefix(name, "x-") {
			if meant, ok := source.Nearest(name, extensions); ok && meant != name {
				p.Add(at, "unknown extension %s: did you mean %s?", name, meant)
			}
			continue
		}
		meant, ok := source.Nearest(name, slices.Concat(v.Binding, v.Describe))
		switch {
		case slices.Contains(v.Binding, name) || slices.Contains(v.Describe, name):
		case ok && slices.Contains(v.Binding, meant):
			p.Add(at, "unknown keyword %s: did you mean %s?", name, meant)
		case ok:
			p.Warn(at, "unknown keyword %s: did you mean %s?", name, meant)
		default:
			p.Warn(at, "unknown keyword %s: it is ignored", name)
		}
	}
}

// checkSound refuses schemas that allow nothing, and schemas whose check would not terminate.
func (s *Stream) checkSound(p *source.Problems) {
	for at := range s.Schemas() {
		where := source.PlaceOf(at.Name, at.Schema.Origin)
		for keyword, isEmpty := range map[string]bool{
			"allOf": at.Schema.AllOf != nil && len(at.Schema.AllOf) == 0,
			"anyOf": at.Schema.AnyOf != nil && len(at.Schema.AnyOf) == 0,
			"oneOf": at.Schema.OneOf != nil && len(at.Schema.OneOf) == 0,
			"enum":  at.Schema.Enum != nil && len(at.Schema.Enum) == 0,
		} {
			if isEmpty {
				p.Add(where.Field(at.Schema.Origin, keyword), "%s is empty: remove it, or add an entry", keyword)
			}
		}
		if at.root && containsItself(at.Schema, nil) {
			p.Add(where, "the schema is defined by itself: an allOf, anyOf, oneOf, not or if applies it again to the same value")
		}
	}
}

// containsItself reports whether a schema, for the same value, leads back to one in path.
func containsItself(s *openapi3.Schema, path []*openapi3.Schema) bool {
	if slices.Contains(path, s) {
		return true
	}
	path = append(path[:len(path):len(path)], s)
	return slices.ContainsFunc(jsonschema.InPlace(s), func(ref *openapi3.SchemaRef) bool {
		return ref.Value != nil && containsItself(ref.Value, path)
	})
}
