package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// descriptors matches the generated code of an operation without its events, and the names of
// the events.
var descriptors = regexp.MustCompile(`(?m)^var \w+ = contract\.Operation.*|^var resumeOf[^}]*(?:\}[^}]+)*\}\}|\tNames: \[\]string\{[^}]*\},`)

// TestEnds compares the descriptors of operations that describe the end of their streams with
// a golden file.
func TestEnds(t *testing.T) {
	code, warnings, err := generate("testdata/ends.yaml", testConfig)
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	var all []string
	for _, match := range descriptors.FindAll(code, -1) {
		all = append(all, string(match))
	}
	got := []byte(strings.Join(all, "\n") + "\n")
	if *update {
		if err := os.WriteFile("testdata/ends.golden", got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	compare(t, "testdata/ends.golden", got)
}

const (
	channelOf   = "operationId: followChannel"
	speechOf    = "operationId: createSpeech"
	chatOf      = "operationId: chat"
	speakeasyOp = "operationId: chat\n      x-speakeasy-sse-sentinel: '[DONE]'"
)

// TestRefuseEnd edits the document of TestEnds so that it contradicts itself.
func TestRefuseEnd(t *testing.T) {
	for _, tc := range []struct {
		name string
		edit []string
		want string
	}{
		{"two sentinels", []string{speakeasyOp, chatOf + "\n      x-speakeasy-sse-sentinel: bye"}, `chat: x-speakeasy-sse-sentinel is "bye", but x-speakeasy-sse-sentinel is "[DONE]": a stream has only one sentinel`},
		{"Fern's another", []string{chatOf, chatOf + "\n      x-fern-streaming: {terminator: bye}"}, `chat: x-fern-streaming.terminator is "bye", but x-speakeasy-sse-sentinel is "[DONE]": a stream has only one sentinel`},
		{"ours another", []string{chatOf, chatOf + "\n      x-mixstream: {end: {data: bye}}"}, `chat: x-speakeasy-sse-sentinel is "[DONE]", but x-mixstream.end.data is "bye": a stream has only one sentinel`},
		{"TypeSpec's another", []string{channelOf, channelOf + "\n      x-speakeasy-sse-sentinel: bye"}, `followChannel: x-speakeasy-sse-sentinel is "bye", but x-ms-sse-terminal-event is "[done]": a stream has only one sentinel`},
		{"no string", []string{speakeasyOp, chatOf + "\n      x-speakeasy-sse-sentinel: true"}, `chat: x-speakeasy-sse-sentinel must be a string: the data that ends the stream`},
		{"terminator is no string", []string{`terminator: '"bye"'`, "terminator: [bye]"}, `track: x-fern-streaming.terminator must be a string: the data that ends the stream`},
		{"empty", []string{chatOf, chatOf + "\n      x-mixstream: {end: {data: ''}}"}, `chat: x-mixstream.end.data is empty: set it to the data that ends the stream, or remove it`},
		{"two lines", []string{`terminator: '"bye"'`, `terminator: "a\nb"`}, `track: x-fern-streaming.terminator must be one line, not "a\nb"`},
		{"no such event", []string{"events: [message, failed]", "events: [message, fialed]"}, `createAnswer: x-mixstream.end.events contains "fialed": the stream has no such event`},
		{"an event of the server", []string{channelOf, channelOf + "\n      x-mixstream: {end: {events: [left]}, control: {gap: {event: left}}}"}, `followChannel: x-mixstream.end.events contains "left", which is x-mixstream.control.gap: only the server sends it`},
		{"a mark that ours has not", []string{speechOf, speechOf + "\n      x-mixstream: {end: {events: [spoken]}}"}, `createSpeech: x-ms-sse-terminal-event marks the event "finished", which is missing from x-mixstream.end.events`},
		{"a mark that is no boolean", []string{"x-ms-sse-terminal-event: false", "x-ms-sse-terminal-event: 'no'"}, `the event "left" of followChannel: x-ms-sse-terminal-event must be true or false`},
		{"a mark in a union that is one event", []string{"discriminator: {propertyName: type}", "", "{const: finished}", "{const: spoken}"}, `createSpeech: x-ms-sse-terminal-event marks a schema that is not a separate event: no member of the data tells it from others`},
		{"nothing but a sentinel", []string{"                  - {$ref: '#/components/schemas/Spoken'}\n                  - {type: string", "                  - {type: string"}, `followLines: the stream has no event except the sentinel "[DONE]"`},
		{"an unknown member", []string{"end: {data: '[DONE]'}", "end: {date: '[DONE]'}"}, `followLines: x-mixstream.end has no member "date": did you mean data?`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			refuse(t, editFile(t, "testdata/ends.yaml", tc.edit...), testConfig, tc.want)
		})
	}
}

// An event of an open name cannot be told from others, so it does not end the stream.
func TestOpenTerminalEvent(t *testing.T) {
	spec := editFile(t, "testdata/ends.yaml", "{contentMediaType: text/plain, const: '[done]'}", "{contentMediaType: application/json, contentSchema: {$ref: '#/components/schemas/Joined'}}")
	code, warnings, err := generate(spec, testConfig)
	if err != nil || strings.Contains(string(code), `Namespace: "followChannel", End:`) {
		t.Errorf("it has an end: %v", err)
	}
	if !slices.ContainsFunc(warnings, func(w string) bool {
		return strings.Contains(w, "followChannel: x-ms-sse-terminal-event marks an event whose name is open")
	}) {
		t.Errorf("warnings: %q", warnings)
	}
}
