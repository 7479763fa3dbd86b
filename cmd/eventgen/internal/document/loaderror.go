package document

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"go.yaml.in/yaml/v3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
)

// ReportLoadError reports why a document cannot be loaded, with all places: the loader itself
// stops at the first broken reference and knows no columns.
func ReportLoadError(p *source.Problems, spec string, err error) {
	refs := &references{roots: map[string]*yaml.Node{}, p: p}
	refs.check(spec)
	if len(p.Errors) > 0 {
		return
	}
	found := false
	text := err.Error()
	for _, match := range lineInError.FindAllStringSubmatch(text, -1) {
		found = true
		line, _ := strconv.Atoi(match[1])
		pl := source.Place{At: openapi3.Location{File: spec, Line: line, Column: firstColumn(spec, line)}}
		message, pointer, _ := strings.Cut(match[2], " in /")
		if key, _ := source.AtPointer(refs.root(spec), pointer); key != nil {
			pl.At.Line, pl.At.Column = key.Line, key.Column
		}
		p.Add(pl, "%s", wrongType(strings.TrimRight(message, "; ")))
	}
	if !found {
		p.Add(source.Place{At: openapi3.Location{File: spec}}, "%s", strings.TrimPrefix(text, "failed to load OpenAPI specification: "))
	}
}

// wrongType translates a decoder's message about Go types into terms of OpenAPI.
func wrongType(message string) string {
	match := typeInError.FindStringSubmatch(message)
	if match == nil {
		return message
	}
	is := match[2]
	switch match[1] {
	case "map":
		is = "an object"
	case "seq":
		is = "an array"
	}
	want, ok := map[string]string{
		"[]string": "an array of strings", "float64": "a number", "uint64": "an integer of at least 0", "int": "an integer", "bool": "true or false", "string": "a string",
	}[match[3]]
	if !ok {
		want = "an object"
	}
	return fmt.Sprintf("the value is %s, but must be %s", is, want)
}

var typeInError = regexp.MustCompile("^cannot construct !!(\\w+) ?(?:`(.*)` )?into (.*)$")

var lineInError = regexp.MustCompile(`line (\d+): (.*?)(?:; |$|\n)`)

// firstColumn returns the column of the first non-blank character of a line.
func firstColumn(file string, line int) int {
	text, err := os.ReadFile(file)
	if err != nil {
		return 1
	}
	all := strings.Split(string(text), "\n")
	if line < 1 || line > len(all) {
		return 1
	}
	return 1 + len(all[line-1]) - len(strings.TrimLeft(all[line-1], " \t"))
}
