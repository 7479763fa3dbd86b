package main

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	madeConst     = "const: made}"
	changedConst  = "const: url_changed}"
	madeData      = "data: {$ref: '#/components/schemas/MadeData'}"
	streamRef     = "schema: {$ref: '#/components/schemas/Stream'}"
	discriminator = `      discriminator:
        propertyName: event
        mapping:
          made: '#/components/schemas/MadeEvent'
          url_changed: '#/components/schemas/URLChangedEvent'
`
	noContent     = "'204': {description: Gone.}"
	secondStream  = "'200': {description: ., content: {text/event-stream: {" + streamRef + "}}}"
	deleteThing   = "operationId: deleteThing"
	streamEvents  = "operationId: streamEvents"
	moreSchemas   = "components:\n  schemas:\n"
	madeDataProps = "properties: {name: {type: string}}"

	noName = `MadeEvent: no value of the property "event" names an event: its const or enum contains no string, or its schemas contradict each other`
)

// TestRefuse edits the minimal spec so that it cannot be generated, and reads the reason.
func TestRefuse(t *testing.T) {
	for _, tc := range []struct {
		name string
		edit []string
		want string // the whole message; "…" stands for the spec's path
	}{
		{"const is no string", []string{discriminator, "", madeConst, "const: 1}"}, noName},
		{"two consts", []string{discriminator, "", "event: {$ref: '#/components/schemas/EventName'}", "event: {$ref: '#/components/schemas/EventName', const: made}"}, strings.ReplaceAll(noName, "MadeEvent", "URLChangedEvent")},
		{"not in the enum", []string{discriminator, "", "enum: [made, ", "enum: ["}, noName},
		{"mapping of another name", []string{"          made: '", "          unused: '#/components/schemas/MadeEvent'\n          made: '"}, `MadeEvent: the discriminator of streamEvents maps "unused" to this event, which has another name: make both the same`},
		{"text and JSON of one name", []string{streamRef, "schema: {oneOf: [{properties: {data: {type: string}}}, {properties: {data: {type: integer}}}]}"}, `event 2 of streamEvents: the data of this event is JSON, but the data of event 1 of streamEvents is text: both have no name in streamEvents, so a reader cannot tell them apart; rename one of them`},
		{"no stream", []string{"text/event-stream", "application/json"}, "paths: no operation has a text/event-stream response"},
		{"stream of an error", []string{"'200':", "'404':", "'404':\n          description: No such stream.", "'204': {description: .}"}, "paths: no operation has a text/event-stream response"},
		{"unresolved reference", []string{madeData, "data: {$ref: '#/components/schemas/Nowhere'}"}, "$ref #/components/schemas/Nowhere: the target does not exist: … has no /components/schemas/Nowhere"},
		{"unresolved member", []string{"        - {$ref: '#/components/schemas/MadeEvent'}\n", "        - {$ref: '#/components/schemas/Nowhere'}\n"}, "$ref #/components/schemas/Nowhere: the target does not exist: … has no /components/schemas/Nowhere"},
		{"multiple of nothing", []string{madeDataProps, "properties: {name: {type: number, multipleOf: 0}}"}, "MadeData: multipleOf is 0: it must be greater than 0"},
		{"multiple of less", []string{madeDataProps, "properties: {name: {type: number, multipleOf: -9007199254740993}}"}, "MadeData: multipleOf is -9007199254740993: it must be greater than 0"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			refuse(t, edit(t, tc.edit...), testConfig, tc.want)
		})
	}
}

// TestRefuseExtension is TestRefuse for x-mixstream.
func TestRefuseExtension(t *testing.T) {
	const control = "streamEvents: x-mixstream.control."
	for _, tc := range []struct{ name, Extension, want string }{
		{"the old one", "x-go-event-prefix: Admin", "streamEvents: x-go-event-prefix is no longer supported: use x-mixstream: {interface: NAME}"},
		{"no object", "x-mixstream: Admin", "streamEvents: x-mixstream must be an object, not string"},
		{"unknown member", "x-mixstream: {sesion: id}", `streamEvents: x-mixstream has no member "sesion": did you mean session?`},
		{"unknown member of control", "x-mixstream: {control: {gap: {evnt: made}}}", control + "gap: the member event is missing\n" + `streamEvents: x-mixstream.control.gap has no member "evnt": did you mean event?`},
		{"interface is no identifier", "x-mixstream: {interface: A-B}", `streamEvents: x-mixstream.interface must be an exported Go identifier, not "A-B"`},
		{"interface is not exported", "x-mixstream: {interface: event}", `streamEvents: x-mixstream.interface must be an exported Go identifier, not "event"`},
		{"unknown types", "x-mixstream: {types: model}", `streamEvents: x-mixstream.types must be "data" or absent, not "model"`},
		{"no such session", "x-mixstream: {session: id}", `streamEvents: x-mixstream.session names the parameter "id", which the operation does not have`},
		{"session is optional", "x-mixstream: {session: id}\n      parameters: [{name: id, in: query, schema: {type: string}}]", `streamEvents: x-mixstream.session names the parameter "id", which is optional: it must be required`},
		{"session is an array", "x-mixstream: {session: id}\n      parameters: [{name: id, in: query, required: true, schema: {type: array, items: {type: string}}}]", `streamEvents: x-mixstream.session names the parameter "id", which must be a string or an integer`},
		{"session is a cookie", "x-mixstream: {session: id}\n      parameters: [{name: id, in: cookie, required: true, schema: {type: string}}]", `streamEvents: x-mixstream.session names the cookie "id": a session must be in the path, the query or a header`},
		{"no such position", "x-mixstream: {position: last}", `streamEvents: x-mixstream.position names the query parameter "last", which the operation does not have`},
		{"position is required", "x-mixstream: {position: last}\n      parameters: [{name: last, in: query, required: true, schema: {type: string}}]", `streamEvents: x-mixstream.position names the parameter "last", which must be an optional string`},
		{"no event", "x-mixstream: {control: {connected: {}}}", control + "connected: the member event is missing"},
		{"no such event", "x-mixstream: {control: {connected: {event: hello}}}", control + `connected: the stream has no event "hello"`},
		{"one event twice", "x-mixstream: {control: {connected: {event: made}, heartbeat: {event: made}}}", control + `heartbeat: the event "made" already has the role connected`},
		{"no such member", "x-mixstream: {control: {connected: {event: made, session: id}}}", control + `connected: the data of "made" has no member "id"`},
		{"member of another type", "x-mixstream: {control: {created: {event: made, time: name}}}", control + `created: the member "name" of the data of "made" must be of type integer`},
		{"member twice", "x-mixstream: {control: {created: {event: made, title: name, set: {name: a}}}}", control + `created: the member "name" is set twice`},
		{"nothing to fill it with", "x-mixstream: {control: {heartbeat: {event: made, title: name}}}", control + "heartbeat: the server has no title for this event"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			refuse(t, edit(t, streamEvents, streamEvents+"\n      "+tc.Extension), testConfig, tc.want)
		})
	}
	t.Run("required member", func(t *testing.T) {
		refuse(t, edit(t, streamEvents, streamEvents+"\n      x-mixstream: {control: {gap: {event: made}}}", madeDataProps, madeDataProps+"\n      required: [name]"), testConfig,
			control+`gap: the data of "made" requires the member "name": set it`)
	})
	t.Run("value out of the enum", func(t *testing.T) {
		refuse(t, edit(t, streamEvents, streamEvents+"\n      x-mixstream: {control: {gap: {event: made, set: {name: c}}}}", madeDataProps, "properties: {name: {type: string, enum: [a, b]}}"), testConfig,
			control+`gap: the member "name" of the data of "made" cannot be "c"`)
	})
	t.Run("without a stream", func(t *testing.T) {
		refuse(t, edit(t, deleteThing, deleteThing+"\n      x-mixstream: {}"), testConfig, "DELETE /things/{id}: the operation has x-mixstream but no text/event-stream response: remove the first or add the second")
	})
}

// TestRefuseGoNames is TestRefuse for errors that show only in the Go code.
func TestRefuseGoNames(t *testing.T) {
	const types = streamEvents + "\n      x-mixstream: {types: data}"
	for _, tc := range []struct {
		name string
		edit []string
		want string
	}{
		{"interface", []string{streamEvents, streamEvents + "\n      x-mixstream: {interface: Thing}", moreSchemas, moreSchemas + "    thing: {type: object}\n"}, "streamEvents: the schema thing also has the Go name Thing: set x-mixstream.interface to another"},
		{"import", []string{moreSchemas, moreSchemas + "    thing: {type: object, x-go-name: contract}\n"}, "contract: eventgen and the schema thing both declare this Go name: rename the schema with x-go-name"},
		{"one data schema", []string{streamEvents, types, "url_changed_data'", "MadeData'"}, "URLChangedEvent: MadeEvent of streamEvents has the same Go type MadeData: give each event its own data schema"},
		{"inline data", []string{streamEvents, types, madeData, "data: {type: object, properties: {a: {type: string}}}"}, "MadeEvent: the data must be a $ref to a schema of components/schemas: x-mixstream.types of streamEvents uses the type of the data for the event"},
		{"data is no properties", []string{streamEvents, types, "      " + madeDataProps + "\n", ""}, "MadeData: the Go type MadeData cannot have the methods that the data of MadeEvent needs: describe an object with properties"},
		{"data is another package's", []string{streamEvents, types, madeDataProps, "x-go-type: big.Int\n      x-go-type-import: {path: math/big}"}, "MadeData: the Go type MadeData cannot have the methods that the data of MadeEvent needs: describe an object with properties"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			refuse(t, edit(t, tc.edit...), testConfig, tc.want)
		})
	}
}

// TestRefuseConfig is TestRefuse for oapi-codegen's configuration.
func TestRefuseConfig(t *testing.T) {
	for _, tc := range []struct {
		name string
		edit []string
		want string
	}{
		{"no models", []string{"models: true", "models: false"}, "…: generate.models must be true: the events are decoded into the models"},
		{"resolved names", []string{"skip-prune: true", "resolve-type-name-collisions: true"}, "…: output-options.resolve-type-name-collisions must be false: otherwise the Go name of a schema depends on the rest of the document"},
		{"unknown normalizer", []string{"ToCamelCaseWithInitialisms", "snake", "  additional-initialisms: [SSE]\n", ""}, `…: output-options.name-normalizer is "snake": it must be one of ["ToCamelCase" "ToCamelCaseWithDigits" "ToCamelCaseWithInitialisms"]`},
		{"unknown option", []string{"skip-prune", "skip-prunes"}, "…: yaml: unmarshal errors:\n  line 13: field skip-prunes not found in type codegen.OutputOptions"},
		{"two servers", []string{"std-http-server: true", "std-http-server: true\n  chi-server: true"}, "…: only one server type is supported at a time"},
		{"excluded schema", []string{"skip-prune: true", "exclude-schemas: [MadeData]"}, "nowhere/api.gen.go:21:8: the generated code would not compile: undefined: MadeData"},
		{"excluded stream", []string{"skip-prune: true", "skip-prune: true\n  exclude-operation-ids: [streamEvents]"}, "paths: no operation has a text/event-stream response"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			refuse(t, minimal, editFile(t, testConfig, tc.edit...), tc.want)
		})
	}
}

// refuse generates the code. It compares the error with want, and the error with places with
// the golden file, in which the spec is "spec.yaml".
func refuse(t *testing.T, spec, config, want string) {
	t.Helper()
	code, _, err := generate(spec, config)
	if err == nil {
		t.Fatalf("generated:\n%s", code)
	}
	got := strings.NewReplacer(spec, "…", config, "…", filepath.Dir(spec)+"/", "").Replace(err.Error())
	if text := positions.ReplaceAllString(got, ""); text != want {
		t.Errorf("error:\n%s\nwant:\n%s", text, want)
	}
	refusals(t, strings.ReplaceAll(got, "…", "spec.yaml"))
}

var positions = regexp.MustCompile(`(?m)^…:\d+:\d+: `)

// refusals compares a test's output with its section of the golden file.
func refusals(t *testing.T, got string) {
	t.Helper()
	const file = "testdata/refusals.golden"
	text, err := os.ReadFile(file)
	if err != nil && !*update {
		t.Fatal(err)
	}
	sections := map[string]string{}
	for section := range strings.SplitSeq(string(text), "== ") {
		if name, want, ok := strings.Cut(section, "\n"); ok {
			sections[name] = strings.TrimSuffix(want, "\n")
		}
	}
	if *update {
		sections[t.Name()] = got
		var b strings.Builder
		for _, name := range slices.Sorted(maps.Keys(sections)) {
			b.WriteString("== " + name + "\n" + sections[name] + "\n")
		}
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want := sections[t.Name()]; got != want {
		t.Errorf("error:\n%s\n%s has:\n%s", got, file, want)
	}
}

// TestRefuseKeywords is TestRefuse for unknown and contradictory keywords.
func TestRefuseKeywords(t *testing.T) {
	for _, tc := range []struct {
		name string
		edit []string
		want string
	}{
		{"required", []string{madeDataProps, madeDataProps + "\n      requird: [name]"}, "MadeData: unknown keyword requird: did you mean required?"},
		{"in a property", []string{madeDataProps, "properties: {name: {type: string, maxlength: 3}}"}, "MadeData: unknown keyword maxlength: did you mean maxLength?"},
		{"in an event", []string{madeData, madeData + "\n          addtionalProperties: false"}, "MadeEvent: unknown keyword addtionalProperties: did you mean additionalProperties?"},
		{"in a discriminator", []string{"        mapping:\n", "        maping: {}\n        mapping:\n"}, "Stream: unknown keyword maping: did you mean mapping?"},
		{"in a media type", []string{streamRef, streamRef + "\n              itemSchma: {}"}, "streamEvents: text/event-stream: unknown keyword itemSchma: did you mean itemSchema?"},
		{"in an operation", []string{streamEvents, streamEvents + "\n      paramters: []"}, "streamEvents: unknown keyword paramters: did you mean parameters?"},
		{"extension", []string{streamEvents, streamEvents + "\n      x-mixstrem: {}"}, "streamEvents: unknown extension x-mixstrem: did you mean x-mixstream?"},
		{"all at once", []string{madeDataProps, "properties: {name: {typ: string}}\n      requried: [name]", streamEvents, streamEvents + "\n      x-mixstream: {sesion: id}"}, `streamEvents: x-mixstream has no member "sesion": did you mean session?
MadeData: unknown keyword typ: did you mean type?
MadeData: unknown keyword requried: did you mean required?`},
		{"no such property", []string{madeDataProps, madeDataProps + "\n      required: [name, nmae]"}, `MadeData: required lists "nmae", which is not a property: did you mean "name"?`},
		{"no such property at all", []string{madeDataProps, madeDataProps + "\n      required: [size]"}, `MadeData: required lists "size", but no schema of the document has such a property: add the property, or remove the name`},
		{"no such property of an item", []string{madeDataProps, "properties: {name: {type: array, items: {type: object, properties: {size: {type: string}}, required: [size, sise]}}}"}, `MadeData: required lists "sise", which is not a property: did you mean "size"?`},
		{"no such property of allOf", []string{madeDataProps, "allOf: [{type: object, properties: {a: {type: string}}}, {type: object, properties: {b: {type: string}}, required: [a, b, c]}]"}, `MadeData: required lists "c", but no schema of the document has such a property: add the property, or remove the name`},
		{"an empty oneOf", []string{madeDataProps, "oneOf: []"}, "MadeData: oneOf is empty: remove it, or add an entry"},
		{"an empty enum", []string{madeDataProps, "properties: {name: {enum: []}}"}, "MadeData: enum is empty: remove it, or add an entry"},
		{"itself", []string{madeDataProps, "allOf: [{type: object}, {$ref: '#/components/schemas/MadeData'}]"}, "MadeData: the schema is defined by itself: an allOf, anyOf, oneOf, not or if applies it again to the same value"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			refuse(t, edit(t, tc.edit...), testConfig, tc.want)
		})
	}
}

// TestRefuseDocument is TestRefuse for documents that cannot be loaded.
func TestRefuseDocument(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"empty", "", `this is not an OpenAPI document: it has no member "openapi"`},
		{"no object", "hello", "the value is hello, but must be an object"},
		{"Swagger", "swagger: '2.0'\npaths: {}\n", "the document is Swagger 2.0: convert it to OpenAPI 3.0, 3.1 or 3.2"},
		{"OpenAPI 4", "openapi: 4.0.0\npaths: {}\n", "the OpenAPI version is 4.0.0: eventgen reads 3.0, 3.1 and 3.2"},
		{"no YAML", "openapi: 3.1.0\npaths: {/a: {get: [}\n", "did not find expected node content"},
		{"no JSON", "{\"openapi\": \"3.1.0\"\n  \"paths\": {}}", "did not find expected ',' or '}'"},
		{"a key twice", "openapi: 3.1.0\npaths:\n  /a: {}\n  /a: {}\n", `the key "/a" is already on line 3: remove one of them`},
		{"a key of an object twice", "openapi: 3.1.0\npaths:\n  /a:\n    get: {}\n    get: {}\n", `mapping key "get" already defined at line 4`},
		{"another type", "openapi: 3.1.0\npaths: {}\ncomponents: {schemas: {A: {type: object, required: true}}}\n", "the value is true, but must be an array of strings"},
		{"an object for a text", "openapi: 3.1.0\ninfo: {title: {a: b}, version: '1'}\npaths: {}\n", "the value is an object, but must be a string"},
		{"an array for an object", "openapi: 3.1.0\npaths: {}\ncomponents: {schemas: {A: []}}\n", "the value is an array, but must be an object"},
		{"no such file", "openapi: 3.1.0\npaths: {/a: {$ref: 'other.yaml#/a'}}\n", "$ref other.yaml#/a: the file other.yaml does not exist"},
		{"a circle", "openapi: 3.1.0\npaths: {}\ncomponents:\n  schemas:\n    A: {$ref: '#/components/schemas/B'}\n    B: {$ref: '#/components/schemas/A'}\n", "A: the schema is empty, or its $ref refers to itself\nB: the schema is empty, or its $ref refers to itself"},
		{"references", "openapi: 3.1.0\npaths: {}\ncomponents: {schemas: {Made: {$ref: '#/components/schemas/Maed'}, B: {$ref: '#/components/schema/Made'}}}\n", `$ref #/components/schemas/Maed: the target does not exist: … has no /components/schemas/Maed; did you mean #/components/schemas/Made?
$ref #/components/schema/Made: the target does not exist: … has no /components/schema/Made`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			spec := filepath.Join(t.TempDir(), "spec.yaml")
			if err := os.WriteFile(spec, []byte(tc.text), 0o644); err != nil {
				t.Fatal(err)
			}
			refuse(t, spec, testConfig, tc.want)
		})
	}
}

// TestStrict checks that with -strict a warning is an error and nothing is written.
func TestStrict(t *testing.T) {
	spec := edit(t, madeDataProps, "properties: {name: {type: string, descripton: a}}")
	for _, strict := range []bool{false, true} {
		dir := t.TempDir()
		var stderr bytes.Buffer
		status := run([]string{"-config", testConfig, "-o", dir, fmt.Sprintf("-strict=%t", strict), spec}, io.Discard, &stderr)
		warns := strings.HasPrefix(stderr.String(), "eventgen: warning: "+spec+":54:")
		_, err := os.Stat(filepath.Join(dir, "api.gen.go"))
		if wrote := err == nil; (status == 1) != strict || warns == strict || wrote == strict {
			t.Errorf("-strict=%t: exit status %d, and a file is %t:\n%s", strict, status, wrote, &stderr)
		}
	}
}

// TestRefuseOwnContract removes from this repository's contract an event of the server, and a
// member that the server fills in.
func TestRefuseOwnContract(t *testing.T) {
	const spec, config = "../../openapi.yaml", "../../gen/oapi-codegen.yaml"
	for event, schema := range map[string]string{"connected": "SSEConnectedEvent", "heartbeat": "SSEHeartbeatEvent", "session_created": "SSESessionCreatedEvent", "session_deleted": "SSESessionDeletedEvent"} {
		t.Run(event, func(t *testing.T) {
			edited := editFile(t, spec, "        - $ref: '#/components/schemas/"+schema+"'\n", "", "          "+event+": '#/components/schemas/"+schema+"'\n", "")
			_, _, err := generate(edited, config)
			want := `the stream has no event "` + event + `"`
			if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), edited+":") {
				t.Errorf("error %v, want one with a place: %s", err, want)
			}
		})
	}
}
