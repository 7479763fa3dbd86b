package main

import (
	"bytes"
	"embed"
	"fmt"
	"go/format"
	"text/template"
)

//go:embed *.tmpl
var templates embed.FS

var events = template.Must(template.ParseFS(templates, "*.tmpl"))

// file is what the template needs.
type file struct {
	Spec    string // the base name of the spec's file
	Package string // the name of the Go package
	API     *api
	Schemas string // the elements of the map of schemas
}

// render returns the generated file, formatted as gofmt does.
func render(f file) ([]byte, error) {
	var b bytes.Buffer
	if err := events.ExecuteTemplate(&b, "events.go.tmpl", f); err != nil {
		return nil, err
	}
	code, err := format.Source(b.Bytes())
	if err != nil {
		return nil, fmt.Errorf("the generated code does not parse: %w", err)
	}
	return code, nil
}
