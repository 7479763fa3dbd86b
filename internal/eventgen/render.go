package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"go/format"
	"text/template"
)

//go:embed events.go.tmpl
var eventsTemplate string

var events = template.Must(template.New("events.go.tmpl").Parse(eventsTemplate))

// file is what the template needs.
type file struct {
	Spec    string // the base name of the spec's file
	Package string // the name of the Go package
	API     *api
}

// render returns the generated file, formatted as gofmt does.
func render(f file) ([]byte, error) {
	var b bytes.Buffer
	if err := events.Execute(&b, f); err != nil {
		return nil, err
	}
	code, err := format.Source(b.Bytes())
	if err != nil {
		return nil, fmt.Errorf("the generated code does not parse: %w", err)
	}
	return code, nil
}
