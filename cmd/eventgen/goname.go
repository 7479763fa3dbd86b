package main

import "maps"

// goNameExtension gives an element of a document its Go name, for oapi-codegen.
const goNameExtension = "x-go-name"

// withGoName returns a copy of extensions with a Go name.
func withGoName(extensions map[string]any, goName string) map[string]any {
	all := map[string]any{}
	maps.Copy(all, extensions)
	all[goNameExtension] = goName
	return all
}
