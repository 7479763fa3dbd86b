package jsonschema

import "slices"

// Vocabulary holds the names that an object of a document can have, by their effect.
type Vocabulary struct {
	Binding  []string // a misspelt name changes the generated code
	Describe []string // a misspelt name loses only text
}

var (
	// Keywords are the keywords of JSON Schema 2020-12, of the drafts before it, and of the
	// Schema Object of OpenAPI 3.0 to 3.2.
	Keywords = Vocabulary{
		Binding: []string{
			"$anchor", "$defs", "$dynamicAnchor", "$dynamicRef", "$id", "$recursiveAnchor", "$recursiveRef", "$ref", "$schema", "$vocabulary",
			"additionalItems", "additionalProperties", "allOf", "anyOf", "const", "contains", "contentEncoding", "contentMediaType", "contentSchema",
			"definitions", "dependencies", "dependentRequired", "dependentSchemas", "discriminator", "else", "enum", "exclusiveMaximum", "exclusiveMinimum",
			"format", "if", "items", "maxContains", "maxItems", "maxLength", "maxProperties", "maximum", "minContains", "minItems", "minLength",
			"minProperties", "minimum", "multipleOf", "not", "nullable", "oneOf", "pattern", "patternProperties", "prefixItems", "properties",
			"propertyNames", "required", "then", "type", "unevaluatedItems", "unevaluatedProperties", "uniqueItems",
		},
		Describe: []string{"$comment", "default", "deprecated", "description", "example", "examples", "externalDocs", "readOnly", "title", "writeOnly", "xml"},
	}
	// DiscriminatorMembers are the members of the Discriminator Object of OpenAPI.
	DiscriminatorMembers = Vocabulary{Binding: []string{"propertyName", "mapping", "defaultMapping"}}
)

// annotations are the keywords of Keywords.Binding that do not constrain data.
var annotations = []string{"$anchor", "$defs", "$dynamicAnchor", "$id", "$recursiveAnchor", "$ref", "$schema", "$vocabulary", "contentEncoding", "contentMediaType", "contentSchema", "definitions", "discriminator", "format"}

// Constrains reports whether a keyword of JSON Schema can constrain data.
func Constrains(keyword string) bool {
	return slices.Contains(Keywords.Binding, keyword) && !slices.Contains(annotations, keyword)
}
