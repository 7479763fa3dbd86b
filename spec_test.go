package mixstream_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/mixstream/mixstream"
	"github.com/mixstream/mixstream/gen"
	"go.yaml.in/yaml/v3"
)

// schemaContract is what the schemas must have, so that every client of the API can read
// our server and our client every server: the fields of each schema with their
// types, "?" for an optional one. An optional field and a value of an enum may be added.
const schemaContract = `
SSEBaseEvent: data object, event EventName, id string, retry? integer/int64
ErrorResponse: error RESTError
RESTError: code integer, message string, type bad_request|not_found|internal_error|unauthorized|validation_error|forbidden|rate_limited|unavailable
`

// eventContract is schemaContract for the data of the events, by event name and schema.
const eventContract = `
complete SSECompleteEvent: content? string, done boolean, messageId? string, parentToolCallId? string, reasoning? string, reasoningDuration? integer/int64, type string
connected SSEConnectedEvent: sessionId string
content SSEContentEvent: assistantMessageId? string, content string, parentToolCallId? string, type string
error SSEErrorEvent: attempt? integer, error string, maxAttempts? integer, parentToolCallId? string, retryAfter? integer/int64, type? string
heartbeat SSEHeartbeatEvent: type string
notification SSENotificationEvent: choices? []string, createdAt integer/int64, id string, message string, notificationType info|warning|error|question, parentToolCallId? string, responseType acknowledge|text|choice, sessionId string, timeout integer/int64, title string, type string
permission SSEPermissionEvent: action string, description string, id string, params? object, parentToolCallId? string, path? string, sessionId string, toolName ToolName, type string
session_created SSESessionCreatedEvent: createdAt integer/int64, sessionId string, title string, type string
session_deleted SSESessionDeletedEvent: sessionId string, type string
thinking SSEThinkingEvent: assistantMessageId? string, content string, parentToolCallId? string, type string
tool_execution_complete SSEToolExecutionCompleteEvent: parentToolCallId? string, progress string, success boolean, toolCallId string, toolName ToolName, type string
tool_execution_start SSEToolExecutionStartEvent: parentToolCallId? string, progress string, toolCallId string, toolName ToolName, type string
tool_use_parameter_delta SSEToolUseParameterDeltaEvent: assistantMessageId? string, input string, parentToolCallId? string, toolCallId string, type string
tool_use_parameter_streaming_complete SSEToolUseParameterStreamingCompleteEvent: assistantMessageId? string, id string, input string, name ToolName, parentToolCallId? string, type string
tool_use_start SSEToolUseStartEvent: assistantMessageId? string, id string, name ToolName, parentToolCallId? string, type string
user_message_created SSEUserMessageCreatedEvent: content string, messageId string, parentToolCallId? string, type string
`

// operationContract is what the operation must be: its parameters, and its
// statuses with media type, schema and headers.
const operationContract = `
GET /stream streamEvents Streaming
query sessionId string
header Last-Event-ID? string
query lastEventId? string
200 text/event-stream SSEEventStream Cache-Control
204
400 application/json ErrorResponse
401 application/json ErrorResponse WWW-Authenticate
403 application/json ErrorResponse
404 application/json ErrorResponse
429 application/json ErrorResponse Retry-After
500 application/json ErrorResponse
503 application/json ErrorResponse Retry-After
`

// publishContract is operationContract for publishing.
const publishContract = `
POST /stream publishEvents Streaming
query sessionId string
header Idempotency-Key? string
body application/json PublishedEvent
body application/x-ndjson string
201 application/json PublishResult
400 application/json PublishError
401 application/json ErrorResponse WWW-Authenticate
403 application/json ErrorResponse
404 application/json PublishError
405 application/json ErrorResponse Allow
409 application/json PublishError
413 application/json PublishError
415 application/json ErrorResponse
422 application/json PublishError
429 application/json ErrorResponse Retry-After
500 application/json PublishError
503 application/json PublishError Retry-After
`

func TestSpecIsValid(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(mixstream.Spec)
	if err != nil {
		t.Fatal(err)
	}
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("it is OpenAPI %s", doc.OpenAPI)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestSchemasKeepTheContract(t *testing.T) {
	spec := loadSpec(t)
	for name, want := range lines(schemaContract) {
		wantFields(t, name, spec.fields(spec.schema(name)), want)
	}
	tool := spec.schema("ToolName")
	core := "Bash ReadText Glob ReadMedia Grep Write Edit Search TodoWrite ExitPlanMode Show Task"
	if got, want := fmt.Sprint(tool["type"], tool["anyOf"]), "string[map[enum:["+core+"]] map[pattern:^[a-zA-Z0-9_]+_[a-zA-Z0-9_]+$]]"; got != want {
		t.Errorf("ToolName:\n  is   %s\n  want %s", got, want)
	}
}

// TestEventsKeepTheContract compares the events of the table. The spec may have
// more of them: adding one is no break, and needs no edit here.
func TestEventsKeepTheContract(t *testing.T) {
	spec := loadSpec(t)
	union := spec.schema("SSEEventStream")
	members, _ := union["oneOf"].([]any)
	mapping := child(child(union, "discriminator"), "mapping")
	names, _ := spec.schema("EventName")["enum"].([]any)
	if property := child(union, "discriminator")["propertyName"]; property != "event" {
		t.Errorf("the discriminator is %v", property)
	}
	count := 0
	for key, want := range lines(eventContract) {
		count++
		name, schema, _ := strings.Cut(key, " ")
		ref := "#/components/schemas/" + schema
		isMember := func(member any) bool { return member.(object)["$ref"] == ref }
		if !slices.ContainsFunc(members, isMember) || mapping[name] != ref || !slices.Contains(names, any(name)) {
			t.Errorf("%s is not in the oneOf, in the mapping (which has %v) and in EventName", schema, mapping[name])
		}
		if !slices.Contains(gen.StreamEvents.Names(), name) {
			t.Errorf("%s is not among the generated names", name)
		}
		levels, _ := spec.schema(schema)["allOf"].([]any)
		if len(levels) != 2 || spec.kind(levels[0]) != "SSEBaseEvent" {
			t.Errorf("%s: its allOf is not SSEBaseEvent and one more: %v", schema, levels)
			continue
		}
		own := levels[1].(object)
		properties := child(own, "properties")
		if got, want := fmt.Sprint(properties["event"], own["required"]), "map[$ref:#/components/schemas/EventName const:"+name+"] [event data]"; got != want {
			t.Errorf("%s:\n  is   %s\n  want %s", schema, got, want)
		}
		wantFields(t, schema, spec.fields(spec.schema(spec.kind(properties["data"]))), want)
	}
	if count != 16 {
		t.Errorf("the table has %d events", count)
	}
}

func TestOperationsKeepTheContract(t *testing.T) {
	spec := loadSpec(t)
	for method, want := range map[string]string{"get": operationContract, "post": publishContract} {
		op := spec.at("paths", "/stream", method)
		got := []string{fmt.Sprintln(strings.ToUpper(method), "/stream", op["operationId"], op["tags"].([]any)[0])}
		for _, p := range op["parameters"].([]any) {
			p := p.(object)
			optional := "?"
			if p["required"] == true {
				optional = ""
			}
			got = append(got, fmt.Sprintf("%s %s%s %s\n", p["in"], p["name"], optional, spec.kind(p["schema"])))
		}
		body := child(child(op, "requestBody"), "content")
		for _, mediaType := range slices.Sorted(maps.Keys(body)) {
			got = append(got, fmt.Sprintf("body %s %s\n", mediaType, spec.kind(child(body, mediaType)["schema"])))
		}
		for _, status := range slices.Sorted(maps.Keys(child(op, "responses"))) {
			line := []string{status}
			response := spec.response(method, status)
			for mediaType, content := range child(response, "content") {
				line = append(line, mediaType, spec.kind(content.(object)["schema"]))
			}
			line = append(line, slices.Sorted(maps.Keys(child(response, "headers")))...)
			got = append(got, strings.Join(line, " ")+"\n")
		}
		wantOperation(t, got, want)
	}
}

// wantFields compares the fields of a schema with a line of a table. Optional ones may have
// been added, and values of an enum behind the others.
func wantFields(t *testing.T, name, is, want string) {
	t.Helper()
	wanted := map[string]string{}
	for field := range strings.SplitSeq(want, ", ") {
		key, kind, _ := strings.Cut(field, " ")
		wanted[key] = kind
	}
	for field := range strings.SplitSeq(is, ", ") {
		key, kind, _ := strings.Cut(field, " ")
		want, ok := wanted[key]
		switch {
		case !ok && strings.HasSuffix(key, "?"):
		case !ok:
			t.Errorf("%s has %s %s, which the table has not, and which is not optional", name, key, kind)
		case kind != want && !(strings.Contains(want, "|") && strings.HasPrefix(kind, want+"|")):
			t.Errorf("%s: %s is %s, want %s", name, key, kind, want)
		}
		delete(wanted, key)
	}
	for key, kind := range wanted {
		t.Errorf("%s has no %s %s", name, key, kind)
	}
}

// wantOperation compares an operation with a table, each a line of which must be there in
// its order. Optional parameters may have been added, and answers that are errors.
func wantOperation(t *testing.T, is []string, want string) {
	t.Helper()
	wanted := slices.Collect(strings.Lines(strings.TrimPrefix(want, "\n")))
	for _, line := range is {
		fields := strings.Fields(line)
		switch {
		case len(wanted) > 0 && line == wanted[0]:
			wanted = wanted[1:]
		case len(fields) == 3 && strings.HasSuffix(fields[1], "?"):
		case len(fields) > 2 && fields[0] >= "400" && fields[0] <= "599" && fields[1] == "application/json":
		default:
			t.Errorf("%s: it has %q, where the table has %q", is[0], line, wanted)
			return
		}
	}
	if len(wanted) > 0 {
		t.Errorf("%s: it has no %q", is[0], wanted)
	}
}

// TestTablesTellBreaks shows that the tables pass additions, and nothing else.
func TestTablesTellBreaks(t *testing.T) {
	const fields, operation = "kind a|b, name string, size? integer", "\nGET /x\nquery a string\n200 text/event-stream X\n404 application/json E\n"
	lines := func(text string) []string { return slices.Collect(strings.Lines(text)) }
	for is, passes := range map[string]bool{
		fields: true, "kind a|b|c, mood? string, name string, size? integer": true,
		"kind a|b, mood string, name string, size? integer": false, "kind a|b, name string": false, "kind a, name string, size? integer": false,
		"kind a|b, name? string, size? integer": false, "kind a|b, name string, size? number": false, "kind a|bc, name string, size? integer": false,
	} {
		fake := new(testing.T)
		if wantFields(fake, "x", is, fields); fake.Failed() == passes {
			t.Errorf("%s: passes %t", is, !passes)
		}
	}
	for is, passes := range map[string]bool{
		operation[1:]: true,
		"GET /x\nquery a string\nquery b? string\n200 text/event-stream X\n402 application/json E\n404 application/json E\n": true,
		"GET /x\nquery a string\nquery b string\n200 text/event-stream X\n404 application/json E\n":                          false,
		"GET /x\n200 text/event-stream X\n404 application/json E\n":                                                          false,
		"GET /x\nquery a string\n200 text/event-stream X\n202 application/json X\n404 application/json E\n":                  false,
		"GET /x\nquery a string\n200 text/event-stream X\n":                                                                  false,
	} {
		fake := new(testing.T)
		if wantOperation(fake, lines(is), operation); fake.Failed() == passes {
			t.Errorf("%s: passes %t", is, !passes)
		}
	}
}

// lines yields the lines of a table, each in two parts.
func lines(table string) func(yield func(key, value string) bool) {
	return func(yield func(key, value string) bool) {
		for line := range strings.Lines(strings.TrimSpace(table)) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
			if !yield(key, value) {
				return
			}
		}
	}
}

type object = map[string]any

// document is the spec as it was parsed, without the reading of any OpenAPI library.
type document struct{ root object }

// loadSpec parses the spec.
func loadSpec(t *testing.T) document {
	t.Helper()
	var parsed any
	if err := yaml.Unmarshal(mixstream.Spec, &parsed); err != nil {
		t.Fatal(err)
	}
	// A JSON document has no other types than those that the tests look for.
	data, err := json.Marshal(parsed)
	if err != nil {
		t.Fatal(err)
	}
	var d document
	if err := json.Unmarshal(data, &d.root); err != nil {
		t.Fatal(err)
	}
	return d
}

// child returns the object in o at key; nil if there is none.
func child(o object, key string) object {
	value, _ := o[key].(object)
	return value
}

// at returns the object at a path of keys; nil if there is none.
func (d document) at(keys ...string) object {
	o := d.root
	for _, key := range keys {
		o = child(o, key)
	}
	return o
}

// schema returns the schema of this name; nil if there is none.
func (d document) schema(name string) object {
	return d.at("components", "schemas", name)
}

// eventData returns the schema of the data of an event, and eventDataName its name.
func (d document) eventData(event string) object { return d.schema(d.eventDataName(event)) }

func (d document) eventDataName(event string) string {
	schema := d.schema(schemaName(d.at("components", "schemas", "SSEEventStream", "discriminator", "mapping")[event]))
	levels, _ := schema["allOf"].([]any)
	for _, level := range append(levels, any(schema)) {
		if data, ok := child(level.(object), "properties")["data"]; ok {
			return d.kind(data)
		}
	}
	return ""
}

// response returns the response of an operation with this status, following its reference.
func (d document) response(method, status string) object {
	response := d.at("paths", "/stream", method, "responses", status)
	if ref, ok := response["$ref"].(string); ok {
		return d.at("components", "responses", strings.TrimPrefix(ref, "#/components/responses/"))
	}
	return response
}

// fields describes the properties of a schema as the tables do.
func (d document) fields(schema object) string {
	properties := child(schema, "properties")
	required, _ := schema["required"].([]any)
	var fields []string
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		optional := "?"
		if slices.Contains(required, any(name)) {
			optional = ""
		}
		fields = append(fields, name+optional+" "+d.kind(properties[name]))
	}
	return strings.Join(fields, ", ")
}

// kind describes a schema as the tables do.
func (d document) kind(value any) string {
	schema, _ := value.(object)
	if ref, ok := schema["$ref"].(string); ok {
		return strings.TrimPrefix(ref, "#/components/schemas/")
	}
	if enum, ok := schema["enum"].([]any); ok {
		return strings.ReplaceAll(strings.Trim(fmt.Sprint(enum), "[]"), " ", "|")
	}
	if schema["type"] == "array" {
		return "[]" + d.kind(schema["items"])
	}
	if format, ok := schema["format"]; ok {
		return fmt.Sprint(schema["type"], "/", format)
	}
	return fmt.Sprint(schema["type"])
}
