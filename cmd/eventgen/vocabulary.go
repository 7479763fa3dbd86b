package main

import "slices"

// vocabulary holds the names that an object of a document can have, by what they do.
type vocabulary struct {
	binding  []string // a misspelt one changes what is generated
	describe []string // a misspelt one loses words
}

var (
	// schemaVocabulary is that of JSON Schema 2020-12, of the drafts before it, and of the
	// Schema Object of OpenAPI 3.0 to 3.2.
	schemaVocabulary = vocabulary{
		binding: []string{
			"$anchor", "$defs", "$dynamicAnchor", "$dynamicRef", "$id", "$recursiveAnchor", "$recursiveRef", "$ref", "$schema", "$vocabulary",
			"additionalItems", "additionalProperties", "allOf", "anyOf", "const", "contains", "contentEncoding", "contentMediaType", "contentSchema",
			"definitions", "dependencies", "dependentRequired", "dependentSchemas", "discriminator", "else", "enum", "exclusiveMaximum", "exclusiveMinimum",
			"format", "if", "items", "maxContains", "maxItems", "maxLength", "maxProperties", "maximum", "minContains", "minItems", "minLength",
			"minProperties", "minimum", "multipleOf", "not", "nullable", "oneOf", "pattern", "patternProperties", "prefixItems", "properties",
			"propertyNames", "required", "then", "type", "unevaluatedItems", "unevaluatedProperties", "uniqueItems",
		},
		describe: []string{"$comment", "default", "deprecated", "description", "example", "examples", "externalDocs", "readOnly", "title", "writeOnly", "xml"},
	}
	// discriminatorVocabulary is that of the Discriminator Object of OpenAPI.
	discriminatorVocabulary = vocabulary{binding: []string{"propertyName", "mapping", "defaultMapping"}}
)

// annotations are the keywords that describe data, and do not constrain it, of those that
// matter to what is generated.
var annotations = []string{"$anchor", "$defs", "$dynamicAnchor", "$id", "$recursiveAnchor", "$ref", "$schema", "$vocabulary", "contentEncoding", "contentMediaType", "contentSchema", "definitions", "discriminator", "format"}

// constrains reports whether a keyword of JSON Schema can constrain data.
func constrains(keyword string) bool {
	return slices.Contains(schemaVocabulary.binding, keyword) && !slices.Contains(annotations, keyword)
}
