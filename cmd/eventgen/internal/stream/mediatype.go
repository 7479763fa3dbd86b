package stream

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// readMediaTypes replaces contents of responses that refer to components/mediaTypes (OpenAPI
// 3.2, section 4.7) by the targets, because kin-openapi does not know such references.
func readMediaTypes(doc *openapi3.T, op *openapi3.Operation) error {
	for _, status := range successes(op) {
		response := op.Responses.Value(status).Value
		if response == nil {
			continue
		}
		for key, content := range response.Content {
			if content == nil {
				continue
			}
			ref, ok := content.Extensions["$ref"].(string)
			if !ok {
				continue
			}
			target, err := mediaType(doc, ref)
			if err != nil {
				return err
			}
			response.Content[key] = target
		}
	}
	return nil
}

// mediaType returns the media type of components/mediaTypes that a reference points to.
func mediaType(doc *openapi3.T, ref string) (*openapi3.MediaType, error) {
	all, _ := doc.Components.Extensions["mediaTypes"].(map[string]any)
	for range len(all) + 1 {
		name, ok := strings.CutPrefix(ref, "#/components/mediaTypes/")
		value, found := all[name].(map[string]any)
		if !ok || !found {
			return nil, fmt.Errorf("%s is not a media type of components/mediaTypes", ref)
		}
		if next, ok := value["$ref"].(string); ok {
			ref = next
			continue
		}
		text, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		content := &openapi3.MediaType{}
		if err := json.Unmarshal(text, content); err != nil {
			return nil, err
		}
		for _, schema := range []*openapi3.SchemaRef{content.Schema, content.ItemSchema} {
			if schema != nil {
				if err := resolve(doc, schema); err != nil {
					return nil, err
				}
			}
		}
		return content, nil
	}
	return nil, fmt.Errorf("%s refers to itself", ref)
}
