package mixstream_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/gen"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// TestEventExamples sees to it that every event of the table is described, and that the
// example of an event is valid for its schema, for that of the stream and for no other
// event, and survives the generated Go type. An event that was added may be without both:
// then an example is made.
func TestEventExamples(t *testing.T) {
	spec := loadSpec(t)
	schemas := compileSchemas(t, spec)
	tabled := map[string]bool{}
	for key := range lines(eventContract) {
		name, _, _ := strings.Cut(key, " ")
		tabled[name] = true
	}
	events := spec.at("components", "schemas", "SSEEventStream", "discriminator", "mapping")
	for _, name := range slices.Sorted(maps.Keys(events)) {
		schema := schemaName(events[name])
		t.Run(name, func(t *testing.T) {
			if description, _ := spec.schema(schema)["description"].(string); description == "" && tabled[name] {
				t.Error("it has no description")
			}
			example, ok := spec.schema(schema)["example"].(object)
			if !ok && tabled[name] {
				t.Fatal("it has no example")
			}
			if !ok {
				m := maker{spec: spec, Rand: rand.New(rand.NewPCG(1, 1)), plain: true}
				example = object{"event": name, "id": "1", "data": m.value(spec.eventData(name))}
				if err := schemas["SSEEventStream"].Validate(example); err != nil {
					t.Skipf("no example can be made for it, and it has none: %v", err)
				}
			}
			if err := schemas["SSEEventStream"].Validate(example); err != nil {
				t.Error(err)
			}
			for _, ref := range events {
				other := schemaName(ref)
				err := schemas[other].Validate(example)
				if valid := err == nil; valid != (other == schema) {
					t.Errorf("valid for %s is %v: %v", other, valid, err)
				}
			}
			data, err := json.Marshal(example["data"])
			if err != nil {
				t.Fatal(err)
			}
			event := gen.StreamEvents.Decode(name, data)
			if unknown, ok := event.(*gen.UnknownEvent); ok {
				t.Fatalf("it is decoded as unknown: %v", unknown.Err)
			}
			encodedName, encoded, err := gen.StreamEvents.Encode(event)
			if err != nil {
				t.Fatal(err)
			}
			if encodedName != name {
				t.Errorf("it is decoded as %s", encodedName)
			}
			var again any
			if err := json.Unmarshal(encoded, &again); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(again, example["data"]) {
				t.Errorf("it is decoded and encoded as\n%s\nand was\n%s", encoded, data)
			}
		})
	}
}

// TestErrorExamples sees to it that every error response has a valid example, whose
// code is the status.
func TestErrorExamples(t *testing.T) {
	spec := loadSpec(t)
	schemas := compileSchemas(t, spec)
	// Clients of the original API decode these two strictly.
	strict := []string{"bad_request", "not_found", "internal_error", "unauthorized", "validation_error"}
	tables := operationContract + publishContract
	for _, method := range []string{"get", "post"} {
		for _, status := range slices.Sorted(maps.Keys(spec.at("paths", "/stream", method, "responses"))) {
			if status < "400" {
				continue
			}
			content := child(child(spec.response(method, status), "content"), "application/json")
			example := child(content, "example")
			if example == nil && !strings.Contains(tables, "\n"+status+" ") {
				continue // of an error that was added
			}
			// What refuses events is an ErrorResponse as well.
			for _, schema := range []string{"ErrorResponse", spec.kind(content["schema"])} {
				if err := schemas[schema].Validate(example); err != nil {
					t.Errorf("%s %s: %v", method, status, err)
				}
			}
			body := child(example, "error")
			if fmt.Sprint(body["code"]) != status {
				t.Errorf("%s %s: the code of its example is %v", method, status, body["code"])
			}
			if kind, _ := body["type"].(string); (status == "404" || status == "500") && !slices.Contains(strict, kind) {
				t.Errorf("%s %s: its type is %s", method, status, kind)
			}
		}
	}
	for schema, content := range map[string]object{
		"PublishResult":  child(child(spec.response("post", "201"), "content"), "application/json"),
		"PublishedEvent": spec.at("paths", "/stream", "post", "requestBody", "content", "application/json"),
	} {
		if err := schemas[schema].Validate(content["example"]); err != nil {
			t.Error(err)
		}
	}
}

// TestValidation shows that the schemas tell right from wrong, so that the tests
// of the examples can fail.
func TestValidation(t *testing.T) {
	schemas := compileSchemas(t, loadSpec(t))
	for _, tc := range []struct {
		schema, value string
		valid         bool
	}{
		{"SSEEventStream", `{"event":"content","id":"1","data":{"type":"content","content":"a"}}`, true},
		{"SSEEventStream", `{"event":"content","id":"1","retry":1,"data":{"type":"content","content":"a","new":1},"new":1}`, true},
		{"SSEEventStream", `{"event":"complete","id":"1","data":{"type":"content","content":"a"}}`, false},
		{"SSEEventStream", `{"event":"new","id":"1","data":{"type":"content","content":"a"}}`, false},
		{"SSEEventStream", `{"event":"content","id":"1","data":{"type":"content"}}`, false},
		{"SSEEventStream", `{"event":"content","id":"1","data":{"type":"content","content":1}}`, false},
		{"SSEEventStream", `{"event":"content","data":{"type":"content","content":"a"}}`, false},
		{"SSEEventStream", `{"event":"content","id":1,"data":{"type":"content","content":"a"}}`, false},
		{"SSEEventStream", `{"event":"content","id":"1","retry":"1","data":{"type":"content","content":"a"}}`, false},
		{"SSEEventStream", `{"event":"content","id":"1"}`, false},
		{"SSEEventStream", `{"id":"1","data":{"type":"content","content":"a"}}`, false},
		{"SSEContentEvent", `{"event":"thinking","id":"1","data":{"type":"thinking","content":"a"}}`, false},
		{"ToolName", `"Bash"`, true},
		{"ToolName", `"server_tool"`, true},
		{"ToolName", `"bash"`, false},
		{"ToolName", `"a-b_c"`, false},
		{"ErrorResponse", `{"error":{"code":404,"type":"not_found","message":"a"}}`, true},
		{"ErrorResponse", `{"error":{"code":404,"type":"gone","message":"a"}}`, false},
		{"ErrorResponse", `{"error":{"code":404,"type":"not_found"}}`, false},
		{"ErrorResponse", `{"code":404,"type":"not_found","message":"a"}`, false},
	} {
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(tc.value))
		if err != nil {
			t.Fatal(err)
		}
		if err := schemas[tc.schema].Validate(value); (err == nil) != tc.valid {
			t.Errorf("%s, %s: valid should be %v: %v", tc.schema, tc.value, tc.valid, err)
		}
	}
}

// schemaName returns the name of the schema that a reference points to.
func schemaName(ref any) string {
	return strings.TrimPrefix(ref.(string), "#/components/schemas/")
}

// compileSchemas compiles the spec's schemas by the rules of JSON Schema 2020-12,
// which OpenAPI 3.1 takes over (section 4.8.24).
func compileSchemas(t *testing.T, spec document) map[string]*jsonschema.Schema {
	t.Helper()
	const url = "file:///openapi.yaml"
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	if err := compiler.AddResource(url, spec.root); err != nil {
		t.Fatal(err)
	}
	schemas := map[string]*jsonschema.Schema{}
	for name := range spec.at("components", "schemas") {
		schema, err := compiler.Compile(url + "#/components/schemas/" + name)
		if err != nil {
			t.Fatal(err)
		}
		schemas[name] = schema
	}
	return schemas
}
