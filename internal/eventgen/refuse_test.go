package main

import (
	"strings"
	"testing"
)

const (
	component     = "#/components/schemas/"
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
	members = `        - {$ref: '#/components/schemas/MadeEvent'}
        - {$ref: '#/components/schemas/URLChangedEvent'}
`
	noContent     = "'204': {description: Gone.}"
	secondStream  = "'200': {description: ., content: {text/event-stream: {" + streamRef + "}}}"
	deleteThing   = "operationId: deleteThing"
	streamEvents  = "operationId: streamEvents"
	moreSchemas   = "components:\n  schemas:\n"
	madeDataProps = "properties: {name: {type: string}}"
	madeDataType  = "type: object\n      " + madeDataProps

	notAnObject = "MadeData: it must have type: object, and no other type, as the data of MadeEvent"
	constrained = `MadeEvent: it constrains its property "data" beside the $ref to MadeData, where nothing would check it; the schema itself can say it`
)

// TestRefuse edits the minimal spec into one that cannot be generated, and reads
// the reason.
func TestRefuse(t *testing.T) {
	for _, tc := range []struct {
		name string
		edit []string
		want string // all of the message; "…" stands for the spec's path
	}{
		{"no const", []string{", " + madeConst, "}"}, `MadeEvent: its property "event" has no const`},
		{"const is no string", []string{madeConst, "const: 1}"}, `MadeEvent: the const of its property "event" is not a string that names an event: 1`},
		{"const is empty", []string{madeConst, "const: ''}"}, `MadeEvent: the const of its property "event" is not a string that names an event: `},
		{"two consts", []string{"event: {$ref: '#/components/schemas/EventName'}", "event: {$ref: '#/components/schemas/EventName', const: {a: b}}", changedConst, "const: {a: b}}"},
			"MadeEvent: its property \"event\" has two consts, map[a:b] and made\nURLChangedEvent: the const of its property \"event\" is not a string that names an event: map[a:b]"},
		{"no event", []string{"event: {$ref: '#/components/schemas/EventName'}", "kind: {type: string}", "event: {$ref: '#/components/schemas/EventName', " + madeConst, "kind: {type: string}"}, `MadeEvent: it has no property "event"`},
		{"event is inline", []string{"event: {$ref: '#/components/schemas/EventName'}", "event: {type: string}", "event: {$ref: '#/components/schemas/EventName', " + madeConst, "event: {type: string, " + madeConst}, `MadeEvent: its property "event" is inline, and not a $ref to a schema of components/schemas`},
		{"two enums", []string{moreSchemas, moreSchemas + "    Other: {type: string, enum: [made]}\n", "'#/components/schemas/EventName', " + madeConst, "'#/components/schemas/Other', " + madeConst}, `MadeEvent: its property "event" is a $ref to #/components/schemas/EventName and to #/components/schemas/Other`},
		{"no data", []string{"        data: {type: object}\n", "", "            " + madeData, ""}, `MadeEvent: it has no property "data"`},
		{"only the base's data", []string{"            " + madeData, ""}, `MadeEvent: its property "data" is inline, and not a $ref to a schema of components/schemas`},
		{"inline data", []string{madeData, "data: {type: object, properties: {a: {type: string}}}"}, `MadeEvent: its property "data" is inline, and not a $ref to a schema of components/schemas`},
		{"data within a schema", []string{madeData, "data: {$ref: '#/components/schemas/URLChangedEvent/allOf/0'}"}, `MadeEvent: its property "data" is a $ref to #/components/schemas/URLChangedEvent/allOf/0, and not to a schema of components/schemas`},
		{"not in the enum", []string{"enum: [made, ", "enum: ["}, `MadeEvent: its const "made" is not in the enum EventName`},
		{"not an enum", []string{"      enum: [made, url_changed]\n", ""}, `EventName: it names the events of Stream, and is not an enum of strings`},
		{"enum of numbers", []string{"type: string\n      enum: [made, url_changed]", "type: integer\n      enum: [1]"}, `EventName: it names the events of Stream, and is not an enum of strings`},
		{"not in the mapping", []string{"          made: '#/components/schemas/MadeEvent'\n", ""}, `MadeEvent: its const "made" is not in the discriminator mapping of Stream`},
		{"mapped to another", []string{"made: '#/components/schemas/MadeEvent'", "made: '#/components/schemas/Base'"}, `MadeEvent: the discriminator mapping of Stream has Base for its const "made"`},
		{"mapped to a file", []string{"made: '#/components/schemas/MadeEvent'", "made: made"}, `MadeEvent: the discriminator mapping of Stream has made for its const "made"`},
		{"mapping of no event", []string{"          made: '", "          unused: '#/components/schemas/MadeEvent'\n          made: '"}, `Stream: its discriminator mapping has "unused", which is the const of no event`},
		{"one name", []string{changedConst, madeConst, "          url_changed: '#/components/schemas/URLChangedEvent'\n", ""},
			"URLChangedEvent: the discriminator mapping of Stream has MadeEvent for its const \"made\"\nURLChangedEvent: its const \"made\" is also that of MadeEvent"},
		{"one data schema", []string{"url_changed_data'", "MadeData'"}, `URLChangedEvent: its data schema MadeData is also that of MadeEvent`},
		{"one Go data type", []string{moreSchemas, moreSchemas + "    Alias: {$ref: '#/components/schemas/MadeData'}\n", "url_changed_data'", "Alias'"}, `URLChangedEvent: the Go type of its data, MadeData, is also that of MadeEvent`},
		{"value of no event", []string{"url_changed]", "url_changed, forgotten]"}, `EventName: its value "forgotten" is the const of no event in the oneOf of a stream`},
		{"one event twice", []string{"      oneOf:\n", "      oneOf:\n        - {$ref: '#/components/schemas/MadeEvent'}\n"}, `Stream: its oneOf has MadeEvent twice`},
		{"data is a string", []string{madeDataType, "type: string\n      enum: [a, b]"}, notAnObject},
		{"data is anything", []string{madeDataType, "description: Anything."}, notAnObject},
		{"data can be null", []string{madeDataType, "type: [object, 'null']\n      " + madeDataProps}, notAnObject},
		{"data can be a string", []string{madeDataType, "oneOf: [{$ref: '#/components/schemas/MadeEvent'}, {type: string}]"}, notAnObject},
		{"data is constrained by the event", []string{madeData, "data: {$ref: '#/components/schemas/MadeData', required: [name]}"}, constrained},
		{"data is constrained by the event, unsupported", []string{madeData, "data: {$ref: '#/components/schemas/MadeData', minProperties: 1}"}, constrained},
		{"data is constrained by the base", []string{"        data: {type: object}", "        data: {type: object, required: [name]}"}, constrained + "\n" + strings.ReplaceAll(strings.ReplaceAll(constrained, "MadeEvent", "URLChangedEvent"), "MadeData", "url_changed_data")},
		{"not a oneOf", []string{"      oneOf:\n" + members, "", discriminator, "      type: object\n"}, `Stream: it is the schema of a stream, and not a oneOf of events`},
		{"inline and not a oneOf", []string{streamRef, "schema: {type: string}"}, `the stream schema of streamEvents: it is the schema of a stream, and not a oneOf of events`},
		{"no discriminator", []string{discriminator, ""}, `Stream: its oneOf has no discriminator`},
		{"no mapping", []string{discriminator, "      discriminator: {propertyName: event}\n"},
			"MadeEvent: its const \"made\" is not in the discriminator mapping of Stream\nURLChangedEvent: its const \"url_changed\" is not in the discriminator mapping of Stream"},
		{"another discriminator", []string{"propertyName: event", "propertyName: id"}, `Stream: its discriminator is the property "id", and not "event"`},
		{"inline event", []string{"        - {$ref: '#/components/schemas/MadeEvent'}\n", "        - {type: object}\n"}, `Stream: a member of its oneOf is inline, or outside components/schemas`},
		{"no schema", []string{streamRef, "example: {}"}, "streamEvents: its text/event-stream response 200 has no schema"},
		{"no stream", []string{"text/event-stream", "application/json"}, "paths: no operation has a text/event-stream response"},
		{"stream of an error", []string{"'200':", "'404':", "'404':\n          description: No such stream.", "'204': {description: .}"}, "paths: no operation has a text/event-stream response"},
		{"two streams in one operation", []string{"'404':\n          description: No such stream.", "'201': {description: ., content: {text/event-stream: {" + streamRef + "}}}"}, "streamEvents: it has more than one text/event-stream response"},
		{"no operationId", []string{deleteThing, "summary: Delete"}, "DELETE /things/{id}: the operation has no operationId"},
		{"one operationId", []string{deleteThing, streamEvents}, "DELETE /things/{id}: its operationId streamEvents is also that of GET /stream"},
		{"one prefix", []string{noContent, secondStream}, `deleteThing: its x-go-event-prefix "" is also that of streamEvents`},
		{"one prefix, given", []string{noContent, secondStream, deleteThing, deleteThing + "\n      x-go-event-prefix: A", streamEvents, streamEvents + "\n      x-go-event-prefix: A"}, `deleteThing: its x-go-event-prefix "A" is also that of streamEvents`},
		{"prefix is not exported", []string{streamEvents, streamEvents + "\n      x-go-event-prefix: admin"}, "streamEvents: its x-go-event-prefix must be an exported Go identifier: admin"},
		{"prefix is no identifier", []string{streamEvents, streamEvents + "\n      x-go-event-prefix: A-B"}, "streamEvents: its x-go-event-prefix must be an exported Go identifier: A-B"},
		{"prefix is no string", []string{streamEvents, streamEvents + "\n      x-go-event-prefix: 1"}, "streamEvents: its x-go-event-prefix must be an exported Go identifier: 1"},
		{"prefix without a stream", []string{deleteThing, deleteThing + "\n      x-go-event-prefix: A"}, "deleteThing: it has x-go-event-prefix, and no text/event-stream response"},
		{"unresolved reference", []string{madeData, "data: {$ref: '#/components/schemas/Nowhere'}"}, `…: failed to load OpenAPI specification: failed to resolve "Nowhere" in fragment in URI: "#/components/schemas/Nowhere": map key "Nowhere" not found`},
		{"unresolved member", []string{"        - {$ref: '#/components/schemas/MadeEvent'}\n", "        - {$ref: '#/components/schemas/Nowhere'}\n"}, `…: failed to load OpenAPI specification: failed to resolve "Nowhere" in fragment in URI: "#/components/schemas/Nowhere": map key "Nowhere" not found`},
		{"OpenAPI 3.0", []string{"3.1.0", "3.0.3"}, "…: it is OpenAPI \"3.0.3\", and 3.1 or later is needed for a const beside a $ref"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			refuse(t, edit(t, tc.edit...), testConfig, tc.want)
		})
	}
}

// TestRefuseGoNames is TestRefuse for what shows only in the Go code.
func TestRefuseGoNames(t *testing.T) {
	for _, tc := range []struct {
		name string
		edit []string
		want string
	}{
		{"schema Event", []string{moreSchemas, moreSchemas + "    event: {type: object}\n"}, "event: its Go name Event is that of a generated declaration; x-go-name gives it another"},
		{"schema UnknownEvent", []string{component + "MadeData", component + "UnknownEvent", "    MadeData:", "    UnknownEvent:"}, "UnknownEvent: its Go name UnknownEvent is that of a generated declaration; x-go-name gives it another"},
		{"schema Operation", []string{moreSchemas, moreSchemas + "    thing: {type: object, x-go-name: Operation}\n"}, "thing: its Go name Operation is that of a generated declaration; x-go-name gives it another"},
		{"import", []string{moreSchemas, moreSchemas + "    thing: {type: object, x-go-name: json}\n"}, "thing: its Go name json is that of a generated declaration; x-go-name gives it another"},
		{"the enum is Event", []string{component + "EventName", component + "Event", "    EventName:", "    Event:"}, "Event: its Go name Event is that of a generated declaration; x-go-name gives it another"},
		{"response Operations", []string{"components:\n", "components:\n  responses:\n    Operations: {description: ., content: {application/json: {schema: {type: object}}}}\n"}, "Operations: oapi-codegen declares this Go name, and the generated file would too"},
		{"prefix Unknown", []string{streamEvents, streamEvents + "\n      x-go-event-prefix: Unknown"}, `streamEvents: its x-go-event-prefix "Unknown" makes the Go name UnknownEvent, which is generated already`},
		{"prefix Decode", []string{noContent, secondStream, deleteThing, deleteThing + "\n      x-go-event-prefix: Decode"},
			"deleteThing: its x-go-event-prefix \"Decode\" makes the Go name DecodeEvent, which is generated for streamEvents already"},
		{"operations of one Go name", []string{deleteThing, "operationId: stream-events"}, "stream-events: its Go name StreamEvents is also that of streamEvents"},
		{"field", []string{madeDataProps, "properties: {event_name: {type: string}}"}, "MadeData: its Go type MadeData has a field or method EventName already; x-go-name on the property gives it another name"},
		{"two schemas of one Go name", []string{moreSchemas, moreSchemas + "    made-data: {type: object, properties: {x: {type: integer}}}\n"}, "oapi-codegen refuses the spec: error generating code for type definitions: duplicate typename 'MadeData' detected, can't auto-rename, please use x-go-name to specify your own name for one of them"},
		{"data is no properties", []string{"      " + madeDataProps + "\n", ""}, "MadeData: its Go type MadeData can have no methods, as the data of MadeEvent needs; that of an object with properties can"},
		{"data is another package's", []string{madeDataProps, "x-go-type: big.Int\n      x-go-type-import: {path: math/big}"}, "MadeData: its Go type MadeData can have no methods, as the data of MadeEvent needs; that of an object with properties can"},
		{"values of one Go name", []string{"[made, ", "[url-changed, ", madeConst, "const: url-changed}", "          made: ", "          url-changed: "}, `EventName: the Go name of its value "url_changed", URLChanged, is also that of "url-changed"; x-enum-varnames gives them others`},
		{"one name for two values", []string{"url_changed]", "url_changed]\n      x-enum-varnames: [A, A]"}, `EventName: oapi-codegen makes no constant of its value "url_changed"`},
		{"the enum is another package's", []string{"url_changed]", "url_changed]\n      x-go-type: http.ConnState\n      x-go-type-import: {path: net/http}"}, "EventName: oapi-codegen makes no type with constants of it"},
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
		{"no strict server", []string{"  strict-server: true\n", ""}, "…: generate.strict-server must be true: UnimplementedServer implements its interface"},
		{"resolved names", []string{"skip-prune: true", "resolve-type-name-collisions: true"}, "…: output-options.resolve-type-name-collisions must be false: a schema's Go name would depend on the rest of the document"},
		{"no package", []string{"package: api\n", ""}, "…: package name must be specified"},
		{"unknown normalizer", []string{"ToCamelCaseWithInitialisms", "snake", "  additional-initialisms: [SSE]\n", ""}, "oapi-codegen refuses the spec: the name-normalizer option snake could not be found among options [\"\" \"ToCamelCase\" \"ToCamelCaseWithDigits\" \"ToCamelCaseWithInitialisms\"]"},
		{"unknown option", []string{"skip-prune", "skip-prunes"}, "…: yaml: unmarshal errors:\n  line 13: field skip-prunes not found in type codegen.OutputOptions"},
		{"excluded schema", []string{"skip-prune: true", "exclude-schemas: [MadeData]"}, "MadeData: oapi-codegen declares no type MadeData of it; output-options.skip-prune keeps the schemas that it finds unused"},
		{"excluded operation", []string{"skip-prune: true", "skip-prune: true\n  exclude-operation-ids: [deleteThing]"}, "deleteThing: oapi-codegen makes no DeleteThing of it in StrictServerInterface"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			refuse(t, minimal, editFile(t, testConfig, tc.edit...), tc.want)
		})
	}
}

// refuse generates, and compares the error.
func refuse(t *testing.T, spec, config, want string) {
	t.Helper()
	code, err := generate(spec, config)
	if err == nil {
		t.Fatalf("generated:\n%s", code)
	}
	got := strings.NewReplacer(spec, "…", config, "…").Replace(err.Error())
	if got != want {
		t.Errorf("error:\n%s\nwant:\n%s", got, want)
	}
}
