package main

import "testing"

// TestRefuseResume edits the document of TestEnds into one whose streams cannot be resumed as it
// says.
func TestRefuseResume(t *testing.T) {
	const (
		operation = "operation: getAnswer"
		resume    = "createAnswer: its x-mixstream.resume"
		answerID  = "answer_id: '$event.data#/answer/id'"
		inAnswer  = resume + ".parameters.answer_id"
		forms     = ": an expression is $event.id, $event.data#/json/pointer or $request.path.NAME, and a constant does not begin with $"
		since     = "since: '$event.data#/type'"
	)
	for _, tc := range []struct {
		name string
		edit []string
		want string
	}{
		{"no such operation", []string{operation, "operation: getAnswers"}, resume + ` names the operation "getAnswers", which the document has not, or the configuration leaves out`},
		{"no stream", []string{"            text/event-stream:\n              schema: {type: string}", "            text/plain:\n              schema: {type: string}", "      x-mixstream: {session: answer_id}\n", ""}, resume + ` names the operation "getAnswer", which has no text/event-stream response`},
		{"not safe", []string{operation, "operation: chat"}, resume + " names chat, whose method is POST: a client repeats the request that resumes, so the method must be GET or QUERY"},
		{"not safe itself", []string{operation + "\n", "\n"}, resume + " names no operation, and its own method is POST: a client repeats the request that resumes, so name an operation whose method is GET or QUERY"},
		{"nothing", []string{"resume: {parameters: {" + since + "}}", "resume: {}"}, "followLines: its x-mixstream.resume has neither another operation nor a parameter"},
		{"a body", []string{"    get:\n      operationId: getAnswer", "    query:\n      operationId: getAnswer\n      requestBody: {required: true, content: {application/json: {schema: {type: string}}}}"}, resume + " names getAnswer, which needs a body, and nothing gives it one"},
		{"no such parameter", []string{since, "until: '1'"}, `followLines: its x-mixstream.resume gives a value to the parameter "until", which followLines has not`},
		{"no such parameter there", []string{"query.after", "header.after"}, resume + ` gives a value to the parameter "header.after", which getAnswer has not`},
		{"Last-Event-ID", []string{"X-Try: 2", "Last-Event-ID: $event.id"}, resume + " gives a value to the header Last-Event-ID, which the client sends by itself"},
		{"an object", []string{"{name: after, in: query, schema: {type: string}}", "{name: after, in: query, schema: {type: object}}"}, resume + ` gives a value to the parameter "query.after" of getAnswer, which takes no plain string, number or boolean`},
		{"a style", []string{"{name: answer_id, in: path,", "{name: answer_id, in: path, style: matrix,"}, resume + ` gives a value to the parameter "answer_id" of getAnswer, which takes no plain string, number or boolean`},
		{"required in the path", []string{answerID + ", ", ""}, resume + ` names getAnswer, which needs the path parameter "answer_id", and nothing gives it a value`},
		{"required in the query", []string{", stream: true", ""}, resume + ` names getAnswer, which needs the query parameter "stream", and nothing gives it a value`},
		{"malformed", []string{answerID, "answer_id: $answer.id"}, inAnswer + `: malformed expression "$answer.id"` + forms},
		{"malformed pointer", []string{"'$event.data#/answer/id'", "'$event.data#answer/id'"}, inAnswer + `: malformed expression "$event.data#answer/id": the JSON pointer "answer/id" does not begin with /`},
		{"no such place", []string{"#/answer/id'", "#/answer/ID'"}, inAnswer + " is $event.data#/answer/ID, and no event's data has a string, number or boolean there"},
		{"an object there", []string{"#/answer/id'", "#/answer'"}, inAnswer + " is $event.data#/answer, and no event's data has a string, number or boolean there"},
		{"below a string", []string{"#/answer/id'", "#/answer/id/x'"}, inAnswer + " is $event.data#/answer/id/x, and no event's data has a string, number or boolean there"},
		{"not in the path", []string{"'$event.data#/answer/id'", "$request.path.answer"}, inAnswer + " is $request.path.answer, and its path has no such parameter"},
		{"a large number", []string{"X-Try: 2", "X-Try: 9007199254740993"}, "createAnswer: its x-mixstream: a number that is a parameter of resume must be an integer below 2^53: write others as a string"},
		{"no scalar", []string{"stream: true}", "stream: [true]}"}, "createAnswer: its x-mixstream: a parameter of resume must be a string, number or boolean"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			refuse(t, editFile(t, "testdata/ends.yaml", tc.edit...), testConfig, tc.want)
		})
	}
}
