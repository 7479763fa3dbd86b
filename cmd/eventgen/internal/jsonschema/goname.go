package jsonschema

import "maps"

// GoNameExtension is the extension with which an author sets a Go name for oapi-codegen.
const GoNameExtension = "x-go-name"

// WithGoName returns a copy of extensions that sets a Go name.
func WithGoName(extensions map[string]any, goName string) map[string]any {
	all := map[string]any{}
	maps.Copy(all, extensions)
	all[GoNameExtension] = goName
	return all
}
