package jsonschema

import "maps"

// GoNameExtension gives an element of a document its Go name, for oapi-codegen.
const GoNameExtension = "x-go-name"

// WithGoName returns a copy of extensions with a Go name.
func WithGoName(extensions map[string]any, goName string) map[string]any {
	all := map[string]any{}
	maps.Copy(all, extensions)
	all[GoNameExtension] = goName
	return all
}
