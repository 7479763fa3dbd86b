package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/generator"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/oapi"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
)

// shapes are the documents of testdata/specs whose outline is golden.
var shapes = []string{
	"assistants", "classes", "dotnet10", "fern", "files", "micronaut", "named-twice", "nest", "nullable30", "nullable31",
	"odd-names", "recursive", "serde", "spring", "statuses", "typespec",
}

// TestShapes compares a program's view of the events of each shape, and the warnings, with
// golden files.
func TestShapes(t *testing.T) {
	for _, name := range shapes {
		t.Run(name, func(t *testing.T) {
			spec := filepath.Join("testdata", "specs", name+".yaml")
			code, warnings, err := generate(spec, "")
			if err != nil {
				t.Fatal(err)
			}
			var b bytes.Buffer
			for _, w := range warnings {
				fmt.Fprintf(&b, "// warning: %s\n", strings.ReplaceAll(w, spec, name+".yaml"))
			}
			b.WriteString(outline(t, code))
			golden := filepath.Join("testdata", "specs", name+".golden")
			if *update {
				if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			compare(t, golden, b.Bytes())
			if again := mustGenerate(t, spec, ""); !bytes.Equal(code, again) {
				t.Error("a second run gave other bytes")
			}
		})
	}
}

// outline returns a program's view of the events in generated code: the operations, the
// requests, and each event with its names and its type.
func outline(t *testing.T, code []byte) string {
	t.Helper()
	pkg, err := oapi.ParsePackage(string(code))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	events := map[string]bool{}
	for _, d := range pkg.File.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if name := oapi.Receiver(d); strings.HasPrefix(d.Name.Name, "is") && name != "UnknownEvent" {
				fmt.Fprintf(&b, "%s\n", pkg.Text(d))
				events[name] = true
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				outlineVar(pkg, &b, s)
			}
		}
	}
	for _, d := range pkg.File.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.TYPE {
			continue
		}
		s, ok := g.Specs[0].(*ast.TypeSpec)
		if ok && (isOfEvents(s.Name.Name, events) || isRequest(pkg, s)) {
			fmt.Fprintf(&b, "\n%s\n", pkg.Text(g))
		}
	}
	return b.String()
}

// isOfEvents reports whether a type is an event, or named after one.
func isOfEvents(name string, events map[string]bool) bool {
	return slices.ContainsFunc(slices.Sorted(maps.Keys(events)), func(event string) bool { return strings.HasPrefix(name, event) })
}

// isRequest reports whether a type holds the parameters of a stream.
func isRequest(pkg *oapi.Package, s *ast.TypeSpec) bool {
	return strings.HasSuffix(s.Name.Name, "Request") && pkg.Names["requestsOf"+strings.TrimSuffix(s.Name.Name, "Request")]
}

// outlineVar writes an operation, and how its events are named.
func outlineVar(pkg *oapi.Package, b *strings.Builder, s ast.Spec) {
	v, ok := s.(*ast.ValueSpec)
	if !ok || len(v.Values) != 1 {
		return
	}
	literal, ok := v.Values[0].(*ast.CompositeLit)
	if !ok {
		return
	}
	switch text := pkg.Text(v); {
	case strings.Contains(text, "= contract.Operation["):
		fmt.Fprintf(b, "\nvar %s\n", text)
	case strings.HasPrefix(v.Names[0].Name, "eventsOf"):
		for _, element := range literal.Elts {
			field, ok := element.(*ast.KeyValueExpr)
			if name := pkg.Text(field.Key); ok && slices.Contains([]string{"Names", "NameIn", "AnyName", "Text"}, name) {
				fmt.Fprintf(b, "%s: %s\n", name, strings.Join(strings.Fields(pkg.Text(field.Value)), " "))
			}
		}
	}
}

// TestTake generates documents that are accepted, with or without a warning, and could be
// refused.
func TestTake(t *testing.T) {
	const models = "    A: {type: object, properties: {x: {type: string}}}\n    B: {type: object, properties: {y: {type: string}}}\n"
	for _, tc := range []struct{ name, schema, want string }{
		{"no data at all", "{type: object, properties: {event: {type: string}, id: {type: string}}}",
			"watch: the schema is treated as the data of an event: if it describes the event itself, add a property \"data\"\nE \"\""},
		{"one event twice", "{oneOf: [{properties: {event: {const: a}, data: {$ref: '#/components/schemas/A'}}}, {properties: {event: {const: a}, data: {$ref: '#/components/schemas/A'}}}]}",
			"WatchA \"a\""},
		{"one name", "{oneOf: [{properties: {event: {enum: [a, b]}, data: {$ref: '#/components/schemas/A'}}}, {properties: {event: {enum: [b, c]}, data: {$ref: '#/components/schemas/B'}}}]}",
			"event 2 of watch: event 1 of watch also has the name \"b\": both become one event, whose data fits either description\nWatchA \"a\"\nWatchB \"b\"\nWatchC \"c\""},
		{"no name and message", "{oneOf: [{properties: {data: {$ref: '#/components/schemas/A'}}}, {required: [event], properties: {event: {const: message}, data: {$ref: '#/components/schemas/B'}}}]}",
			"WatchMessage \"\""},
		{"told apart by the data", "{oneOf: [{properties: {data: {properties: {type: {const: a}}}}}, {properties: {data: {properties: {type: {const: b}}}}}]}",
			"WatchA \"a\"\nWatchB \"b\""},
		{"an alternative that is no event", "{oneOf: [{properties: {event: {const: a}, data: {type: string}}}, {properties: {z: {type: string}}}]}",
			"event 2 of watch: ignored, because it does not describe an event with its fields [comment comments data event id retry], as the other alternatives of watch do\nWatchA \"a\""},
		{"payloads with data", "{oneOf: [{properties: {type: {const: a}, data: {type: string}}}, {properties: {type: {const: b}, z: {type: string}}}]}",
			"WatchA \"a\"\nWatchB \"b\""},
		{"mapped to no event", "{oneOf: [{$ref: '#/components/schemas/C'}], discriminator: {propertyName: event, mapping: {a: C, b: A}}}\n    C: {properties: {event: {type: string}, data: {type: string}}}",
			"watch: the discriminator maps \"b\" to A, which is not an event of the stream: the entry is ignored\nC \"a\""},
		{"an empty name", "{properties: {event: {enum: ['', a]}, data: {type: string}}}", "WatchMessage \"\"\nWatchA \"a\""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			spec := writeSpec(t, "spec.yaml", oneSchema+"    E: "+tc.schema+"\n"+models)
			cfg, err := loadConfig("", "api", "")
			if err != nil {
				t.Fatal(err)
			}
			g := &generator.Generator{Spec: spec, Config: cfg.Configuration, Output: "nowhere/api.gen.go"}
			if _, err := g.Generate(); err != nil {
				t.Fatal(err)
			}
			got := make([]string, 0, len(g.Problems.Warnings))
			for _, w := range g.Problems.Warnings {
				got = append(got, positions.ReplaceAllString(strings.ReplaceAll(w.String(), spec, "…"), ""))
			}
			plans, err := g.Plan(nil)
			if err != nil {
				t.Fatal(err)
			}
			_, streams := g.Copy(&source.Problems{})
			for i, e := range streams[0].Events {
				got = append(got, fmt.Sprintf("%s %q", plans[0].Events[i].Type, e.Names[0]))
			}
			if text := strings.Join(got, "\n"); text != tc.want {
				t.Errorf("got\n%s\nwant\n%s", text, tc.want)
			}
		})
	}
}
