package main

import (
	"strings"
	"testing"
)

// TestRefuseResume edits the document of TestEnds so that its streams cannot be resumed as it
// describes.
func TestRefuseResume(t *testing.T) {
	const (
		operation = "operation: getAnswer"
		resume    = "createAnswer: x-mixstream.resume"
		answerID  = "answer_id: '$event.data#/answer/id'"
		inAnswer  = resume + ".parameters.answer_id"
		forms     = ": an expression is $event.id, $event.data#/json/pointer or $request.path.NAME, and a constant cannot begin with $"
		since     = "since: '$event.data#/type'"
	)
	for _, tc := range []struct {
		name string
		edit []string
		want string
	}{
		{"no such operation", []string{operation, "operation: getAnswers"}, resume + ` names the operation "getAnswers", which is not in the document, or which the configuration excludes`},
		{"no stream", []string{"            text/event-stream:\n              schema: {type: string}", "            text/plain:\n              schema: {type: string}", "      x-mixstream: {session: answer_id}\n", ""}, resume + ` names the operation "getAnswer", which has no text/event-stream response`},
		{"not safe", []string{operation, "operation: chat"}, resume + " names chat, whose method is POST: a client may repeat the request, so the method must be GET or QUERY"},
		{"not safe itself", []string{operation + "\n", "\n"}, resume + " names no operation, but the method of this one is POST: a client may repeat the request, so name an operation whose method is GET or QUERY"},
		{"nothing", []string{"resume: {parameters: {" + since + "}}", "resume: {}"}, "followLines: x-mixstream.resume has neither another operation nor a parameter: add one"},
		{"a body", []string{"    get:\n      operationId: getAnswer", "    query:\n      operationId: getAnswer\n      requestBody: {required: true, content: {application/json: {schema: {type: string}}}}"}, resume + " names getAnswer, which requires a body, but a client has none to send"},
		{"no such parameter", []string{since, "until: '1'"}, `followLines: x-mixstream.resume sets the parameter "until", which followLines does not have`},
		{"no such parameter there", []string{"query.after", "header.after"}, resume + ` sets the parameter "header.after", which getAnswer does not have`},
		{"two values", []string{"X-Try: 2", "X-Try: 2, header.X-Try: 3"}, resume + ` sets the parameter "X-Try" of getAnswer twice, as X-Try and as header.X-Try`},
		{"Last-Event-ID", []string{"X-Try: 2", "Last-Event-ID: $event.id"}, resume + " sets the header Last-Event-ID: remove it, the client sends the header anyway"},
		{"an object", []string{"{name: after, in: query, schema: {type: string}}", "{name: after, in: query, schema: {type: object}}"}, resume + ` sets the parameter "query.after" of getAnswer, which does not take a plain string, number or boolean`},
		{"a style", []string{"{name: answer_id, in: path,", "{name: answer_id, in: path, style: matrix,"}, resume + ` sets the parameter "answer_id" of getAnswer, which does not take a plain string, number or boolean`},
		{"required in the path", []string{answerID + ", ", ""}, resume + ` names getAnswer, which requires the path parameter "answer_id": set it in resume.parameters`},
		{"required in the query", []string{", stream: true", ""}, resume + ` names getAnswer, which requires the query parameter "stream": set it in resume.parameters`},
		{"malformed", []string{answerID, "answer_id: $answer.id"}, inAnswer + `: malformed expression "$answer.id"` + forms},
		{"malformed pointer", []string{"'$event.data#/answer/id'", "'$event.data#answer/id'"}, inAnswer + `: malformed expression "$event.data#answer/id": the JSON pointer "answer/id" does not begin with /`},
		{"no such place", []string{"#/answer/id'", "#/answer/ID'"}, inAnswer + " is $event.data#/answer/ID: no event has a string, number or boolean there"},
		{"an object there", []string{"#/answer/id'", "#/answer'"}, inAnswer + " is $event.data#/answer: no event has a string, number or boolean there"},
		{"below a string", []string{"#/answer/id'", "#/answer/id/x'"}, inAnswer + " is $event.data#/answer/id/x: no event has a string, number or boolean there"},
		{"not in the path", []string{"'$event.data#/answer/id'", "$request.path.answer"}, inAnswer + " is $request.path.answer: the path has no such parameter"},
		{"a large number", []string{"X-Try: 2", "X-Try: 9007199254740993"}, "createAnswer: x-mixstream: a number in the parameters of resume must be an integer below 2^53: write others as a string"},
		{"no scalar", []string{"stream: true}", "stream: [true]}"}, "createAnswer: x-mixstream: a parameter of resume must be a string, number or boolean"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			refuse(t, editFile(t, "testdata/ends.yaml", tc.edit...), testConfig, tc.want)
		})
	}
}

// TestResumedOtherwise generates two operations that describe the same stream differently: the
// client reads it by the first description.
func TestResumedOtherwise(t *testing.T) {
	const resumed, ends = "testdata/specs/resumed.yaml", "        end: {data: '[DONE]', events: [answer.completed, answer.failed]}\n"
	const names = "createAnswer: x-mixstream.resume names getAnswer, "
	for _, tc := range []struct {
		name, file string
		edit       []string
		want       string
	}{
		{"a sentinel", resumed, []string{ends + "        resume:\n", "        end: {events: [answer.completed, answer.failed]}\n        resume:\n"}, names + `whose stream ends with "[DONE]", but this stream does not`},
		{"an event", resumed, []string{ends + "        resume:\n", "        end: {data: '[DONE]', events: [answer.completed]}\n        resume:\n"}, names + `whose stream ends after the event "answer.failed", but this stream does not`},
		{"names", "testdata/ends.yaml", []string{"              schema: {type: string}\n", "              schema: {discriminator: {propertyName: type}, anyOf: [{$ref: '#/components/schemas/Spoken'}, {$ref: '#/components/schemas/Finished'}]}\n"}, names + `where the member "type" of their data names the events, but the field "event" does in this stream`},
		{"less", resumed, []string{ends + "        resume: {", "        resume: {"}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, warnings, err := generate(editFile(t, tc.file, tc.edit...), testConfig)
			if err != nil {
				t.Fatal(err)
			}
			text := strings.Join(warnings, "\n")
			if tc.want == "" && text != "" || !strings.Contains(text, tc.want) {
				t.Errorf("warnings: %s\nwant: %s", text, tc.want)
			}
		})
	}
}
