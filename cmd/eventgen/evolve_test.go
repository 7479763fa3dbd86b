package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/generator"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/jsonschema"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/oapi"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/stream"
)

// evolving contains kinds of names and types that these tests check.
const evolving = "testdata/specs/evolving.yaml"

// TestEvolution adds events, properties and operations to each document of testdata/specs and
// to the document of this repository. A program that uses every name of the code generated
// before then compiles unchanged with the new code.
func TestEvolution(t *testing.T) {
	slow(t)
	o := newOutside(t, "../..")
	configs := map[string]string{
		"../../openapi.yaml":    "../../gen/oapi-codegen.yaml",
		"testdata/streams.yaml": testConfig,
		"testdata/minimal.yaml": testConfig,
		"testdata/names.yaml":   testConfig,
	}
	for _, file := range specFiles(t) {
		configs[file] = specConfig(file)
	}
	for _, file := range slices.Sorted(maps.Keys(configs)) {
		name, pkg := specName(file)
		t.Run(name, func(t *testing.T) {
			config := configs[file]
			tree := newTree(t, file)
			e := evolve(tree, streamsOf(t, file, config))
			now := tree.write()
			grown(t, e, file, now, config)
			writeEvolution(t, o, pkg, mustGenerate(t, file, config), mustGenerate(t, now, config))
		})
	}
	// The only payload of a stream gets a member that tells it from another.
	const spec = "testdata/specs/data-only.yaml"
	writeEvolution(t, o, "second", mustGenerate(t, spec, ""), mustGenerate(t, editFile(t, spec,
		"schema: {$ref: '#/components/schemas/Trade'}", "schema: {oneOf: [{$ref: '#/components/schemas/Trade'}, {$ref: '#/components/schemas/Halt'}]}",
		"      required: [at, price, size]\n      properties:\n", "      required: [at, price, size, kind]\n      properties:\n        kind: {type: string, enum: [trade]}\n",
		"    Trade:\n", "    Halt: {type: object, required: [kind], properties: {kind: {type: string, enum: [halt]}}}\n    Trade:\n"), ""))
	// go vet type-checks, and compiles only imported packages. One check is enough.
	if out, err := o.golang(t, "vet", "-assign", "./after/..."); err != nil {
		all, _ := o.golang(t, "build", "-gcflags=-e", "./after/...")
		t.Errorf("%v\n%s\n%s", err, out, all)
		if out, err := o.golang(t, "vet", "-assign", "./before/..."); err != nil {
			t.Errorf("nor does the program compile with what was generated before: %v\n%s", err, out)
		}
	}
}

// writeEvolution writes the program for the code generated before, once beside that code and
// once beside the new code.
func writeEvolution(t *testing.T, o outside, name string, before, after []byte) {
	t.Helper()
	pkg, program := yesterday(t, string(before))
	for exported := range pkg.Names {
		if ast.IsExported(exported) && !strings.Contains(program, exported) {
			t.Errorf("the program does not use %s", exported)
		}
	}
	for folder, code := range map[string][]byte{"before": before, "after": after} {
		o.write(t, folder+"/"+name+"/api.gen.go", string(code))
		o.write(t, folder+"/"+name+"/yesterday.go", program)
	}
}

// grown checks that evolve made every possible addition.
func grown(t *testing.T, e *evolution, before, after, config string) {
	t.Helper()
	now := map[string]*stream.Stream{}
	for _, s := range streamsOf(t, after, config) {
		now[s.ID] = s
	}
	for _, s := range streamsOf(t, before, config) {
		was, is := namesOf(s), namesOf(now[s.ID])
		for _, name := range was {
			if !slices.Contains(is, name) {
				t.Errorf("%s has lost the event %q", s.ID, name)
			}
		}
		if (len(was) > 1 || was[0] != "") && len(is) <= len(was) {
			t.Errorf("%s has no new event", s.ID)
		}
		if slices.ContainsFunc(s.Events, func(e *stream.Event) bool { return e.Data != nil && len(jsonschema.ObjectOf(e.Data).Properties) > 0 }) && e.fields == 0 {
			t.Errorf("the data of %s has no new property", s.ID)
		}
		delete(now, s.ID)
	}
	if len(now) < 2 {
		t.Errorf("the new streams are %v", slices.Sorted(maps.Keys(now)))
	}
}

// namesOf returns the names of all events.
func namesOf(s *stream.Stream) (all []string) {
	for _, e := range s.Events {
		all = append(all, e.Names...)
	}
	return all
}

func streamsOf(t *testing.T, file, config string) []*stream.Stream {
	t.Helper()
	cfg, err := loadConfig(config, "api", "")
	if err != nil {
		t.Fatal(err)
	}
	g := &generator.Generator{Spec: file, Config: cfg.Configuration}
	if err := g.Load(); err != nil {
		t.Fatal(err)
	}
	_, streams := g.Copy(&g.Problems)
	return streams
}

// TestYesterday checks that the program notices each kind of change.
func TestYesterday(t *testing.T) {
	code := string(mustGenerate(t, evolving, ""))
	_, program := yesterday(t, code)
	if errs := typeErrors(t, code, program); len(errs) > len(typeErrors(t, code)) {
		t.Fatal(errs)
	}
	for _, edit := range [][2]string{
		{"\ntype AlarmRaised struct", "\ntype AlarmRaisedEvent struct"},
		{"\tVolume *int", "\tLoudness *int"},
		{"\tVolume *int", "\tVolume *int64"},
		{"\tVolume *int", "\tVolume int"},
		{"\tPitch *int", "\tTone *int"},
		{"\tAlarmRaisedKindLoud ", "\tAlarmRaisedKindNoisy "},
		{"type AlarmRaisedKind string", "type AlarmRaisedKind int"},
		{"\ntype AlarmMoved Place", "\ntype AlarmMoved struct{}"},
		{"func (*AlarmMoved) isAlarmEvent()", "func (*AlarmMoved) isAlarm()"},
		{"\nvar AlarmEvents = ", "\nvar AlarmEventsStream = "},
		{"\ntype AlarmEventsRequest struct {\n\tHouse string", "\ntype AlarmEventsRequest struct {\n\tHouseID string"},
		{"func NewAlarmEventsRequest(", "func NewAlarmsRequest("},
		{"func (c *Client) AlarmEvents(", "func (c *Client) Alarms("},
	} {
		changed := strings.Replace(code, edit[0], edit[1], 1)
		if changed == code {
			t.Errorf("the generated code has no %q", edit[0])
		} else if len(typeErrors(t, changed, program)) <= len(typeErrors(t, changed)) {
			t.Errorf("the program compiles with %q for %q", edit[1], edit[0])
		}
	}
}

// typeErrors returns the errors in the files of a package, whose imports are unknown.
func typeErrors(t *testing.T, sources ...string) (errs []error) {
	t.Helper()
	fset := token.NewFileSet()
	var files []*ast.File
	for i, source := range sources {
		f, err := parser.ParseFile(fset, fmt.Sprint(i), source, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	config := types.Config{Importer: nothing{}, Error: func(err error) {
		if !strings.Contains(err.Error(), "could not import") {
			errs = append(errs, err)
		}
	}}
	_, _ = config.Check("api", fset, files, nil) // Error has had every error
	return errs
}

// TestSecondName adds a second name to the enum of a component. The component is then no
// longer the only event, and the events get the names that events of an enum always have.
func TestSecondName(t *testing.T) {
	before := declarations(t, evolving)
	after := declarations(t, editFile(t, evolving, "enum: [one]", "enum: [one, two]"))
	gone := func(name string) bool { return after[name] == "" }
	if names := slices.DeleteFunc(slices.Sorted(maps.Keys(before)), func(name string) bool { return !gone(name) }); !slices.Equal(names, []string{"OnlyOne"}) {
		t.Errorf("gone are %v", names)
	}
	for _, name := range []string{"OnlyOne", "OnlyTwo"} {
		if after["Watch"+name[len("Only"):]] == "" {
			t.Errorf("there is no event %s: %v", name, slices.Sorted(maps.Keys(after)))
		}
	}
}

// TestEnvelopeGetsUsed adds an operation that answers with the description of an event: the
// model gets its name, and the event the longer one.
func TestEnvelopeGetsUsed(t *testing.T) {
	const spec = "testdata/specs/openapi30.yaml"
	before := declarations(t, spec)
	after := declarations(t, editFile(t, spec, "paths:\n", `paths:
  /last:
    get:
      operationId: lastEvent
      responses: {'200': {description: OK, content: {application/json: {schema: {$ref: '#/components/schemas/OrderShipped'}}}}}
`))
	for _, name := range slices.Sorted(maps.Keys(before)) {
		switch now := after[name]; {
		case name == "OrderShipped":
			moved := strings.ReplaceAll(after["OrderEventsOrderShipped"], "OrderEventsOrderShipped", name)
			if moved != before[name] {
				t.Errorf("%s was\n%s\nand is\n%s", name, before[name], moved)
			}
		case strings.HasSuffix(name, "Interface") || strings.HasSuffix(name, "Client"):
		case now != before[name]:
			t.Errorf("%s was\n%s\nand is\n%s", name, before[name], now)
		}
	}
}

// declarations returns the exported types of the code generated with the defaults.
func declarations(t *testing.T, spec string) map[string]string {
	t.Helper()
	return declarationsOf(t, mustGenerate(t, spec, ""))
}

// declarationsOf returns the exported types of generated code.
func declarationsOf(t *testing.T, code []byte) map[string]string {
	t.Helper()
	pkg, err := oapi.ParsePackage(string(code))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for name, s := range pkg.Types {
		if ast.IsExported(name) {
			all[name] = pkg.Text(s)
		}
	}
	return all
}

// TestGivenName gives two inline events the same Go name. Only an event that two operations
// share may have it twice.
func TestGivenName(t *testing.T) {
	const other = "{x-go-name: Chosen, required: [event], properties: {event: {const: other}, data: {type: integer}}}"
	code, _, err := generate(editFile(t, evolving, "                  # more", "                  - "+other), "")
	const want = "also has the Go name Chosen: rename a schema"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v\n%s", err, code)
	}
	now := declarations(t, evolving)
	if now["ShareChosen"] != "" || now["ShareAgainChosen"] != "" || now["Chosen"] == "" {
		t.Errorf("the types are %v", slices.Sorted(maps.Keys(now)))
	}
}

// nothing is an importer that has no package.
type nothing struct{}

func (nothing) Import(string) (*types.Package, error) { return nil, io.EOF }
