package main

import (
	"strings"
	"testing"
)

// TestParamNames generates parameters that have the same Go name.
func TestParamNames(t *testing.T) {
	const shared = "/stream:\n    parameters:\n      - {name: last-event-id, in: query, schema: {type: boolean}}\n"
	const own = "operationId: streamEvents\n      parameters:\n" +
		"        - {name: last-event-id, in: query, schema: {type: integer}}\n" +
		"        - {name: Last-Event-ID, in: header, schema: {type: string}}\n" +
		"        - {name: lastEventId, in: query, schema: {type: string}}\n" +
		"        - {name: last_event_id, in: query, schema: {type: number}}\n"
	code := string(mustGenerate(t, edit(t, "/stream:\n", shared, "operationId: streamEvents\n", own), testConfig))
	for _, want := range []string{
		"\tLastEventID *int `form:\"last-event-id,omitempty\"",
		"\tHeaderLastEventID *string `json:\"Last-Event-ID,omitempty\"",
		"\tQueryLastEventID *string `form:\"lastEventId,omitempty\"",
		"\tQueryLastEventID2 *float32 `form:\"last_event_id,omitempty\"",
	} {
		if !strings.Contains(strings.Join(strings.FieldsFunc(code, func(r rune) bool { return r == ' ' }), " "), want) {
			t.Errorf("the code has no %s", want)
		}
	}
}

// TestParamTags generates a header and a query parameter of the same name in one struct.
func TestParamTags(t *testing.T) {
	const own = "operationId: streamEvents\n      parameters:\n" +
		"        - {name: Last-Event-ID, in: query, schema: {type: string}}\n" +
		"        - {name: Last-Event-ID, in: header, schema: {type: string}}\n"
	code := string(mustGenerate(t, edit(t, "operationId: streamEvents\n", own), testConfig))
	plain := strings.Join(strings.Fields(code), " ")
	for _, want := range []string{
		"LastEventID *string `form:\"Last-Event-ID,omitempty\" json:\"Last-Event-ID,omitempty\"`",
		"HeaderLastEventID *string `json:\"-\"`",
		"type StreamEventsRequest struct { LastEventID *string }",
	} {
		if !strings.Contains(plain, want) {
			t.Errorf("the code has no %s", want)
		}
	}
}
