package main

import (
	"fmt"
	"strings"
)

// largeSpec is a document in the shape and size of large public APIs: hundreds of operations
// and schemas, most of which a program does not need, and a stream with some fifty events that
// a member of the data tells apart.
type largeSpec struct {
	paths, schemas strings.Builder
}

// largeTools are the tools whose calls the stream of a large document reports.
var largeTools = []string{"output_text", "refusal", "reasoning", "file_search", "web_search", "image", "code", "shell", "function", "plugin", "audio", "transcript"}

// largePhases are the events of each tool.
var largePhases = []string{"added", "delta", "done", "failed"}

// largeStates are the events of the answer itself.
var largeStates = []string{"created", "queued", "in_progress", "completed", "incomplete", "failed"}

// newLargeSpec returns the document with this number of families of operations beside the
// streams; 200 make 60,000 lines. It is always the same.
func newLargeSpec(families int) string {
	var s largeSpec
	s.streams()
	for i := range families {
		s.family(i)
	}
	return "openapi: 3.1.0\ninfo: {title: A large document, version: '1'}\nservers: [{url: 'https://example.com/v1'}]\npaths:\n" + s.paths.String() + `webhooks:
  answer_stored:
    post:
      requestBody:
        content: {application/json: {schema: {$ref: '#/components/schemas/WebhookAnswerStored'}}}
      responses: {'200': {description: Stored}}
components:
  securitySchemes:
    key: {type: http, scheme: bearer}
  responses:
    TooMany:
      description: Too many requests
      headers:
        Retry-After: {schema: {type: integer}}
      content: {application/json: {schema: {$ref: '#/components/schemas/Problem'}}}
  schemas:
` + s.schemas.String()
}

func (s *largeSpec) path(format string, args ...any)   { fmt.Fprintf(&s.paths, format, args...) }
func (s *largeSpec) schema(format string, args ...any) { fmt.Fprintf(&s.schemas, format, args...) }

// streams writes the operations that answer with a stream, and the schemas that they need.
func (s *largeSpec) streams() {
	for _, op := range [][3]string{
		{"answers", "createAnswer", "AnswerStreamEvent"},
		{"chats", "createChat", "CreateChatStreamResponse"},
		{"runs", "createRun", "RunStreamEvent"},
	} {
		s.path(`  /%s:
    post:
      operationId: %s
      tags: [Streams]
      requestBody:
        required: true
        content: {application/json: {schema: {$ref: '#/components/schemas/CreateAnswer'}}}
      responses:
        '200':
          description: The whole, or a stream of what happens to it
          content:
            application/json: {schema: {$ref: '#/components/schemas/Answer'}}
            text/event-stream: {schema: {$ref: '#/components/schemas/%s'}}
        '429': {$ref: '#/components/responses/TooMany'}
`, op[0], op[1], op[2])
	}
	s.schema("    AnswerStreamEvent:\n      discriminator: {propertyName: type}\n      anyOf:\n")
	for _, state := range largeStates {
		s.schema("        - {$ref: '#/components/schemas/Answer_%s_event'}\n", state)
	}
	for _, tool := range largeTools {
		s.schema("        - {$ref: '#/components/schemas/Answer_%s_event'}\n", tool)
	}
	for _, state := range largeStates {
		s.schema(`    Answer_%s_event:
      type: object
      description: The answer is %s.
      required: [type, sequence_number, answer]
      properties:
        type: {type: string, const: answer.%[1]s}
        sequence_number: {type: integer}
        answer: {$ref: '#/components/schemas/Answer'}
`, state, strings.ReplaceAll(state, "_", " "), state)
	}
	for _, tool := range largeTools {
		s.tool(tool)
	}
	s.schema("%s", largeSchemas)
}

// tool writes a union within the union of the stream: the events of one tool.
func (s *largeSpec) tool(tool string) {
	s.schema("    Answer_%s_event:\n      discriminator: {propertyName: type}\n      oneOf:\n", tool)
	for _, phase := range largePhases {
		s.schema("        - {$ref: '#/components/schemas/Answer_%s_%s_event'}\n", tool, phase)
	}
	for _, phase := range largePhases {
		s.schema(`    Answer_%s_%s_event:
      allOf:
        - {$ref: '#/components/schemas/ItemPosition'}
        - type: object
          required: [type, call_id]
          properties:
            type: {type: string, enum: [answer.%[1]s.%[2]s]}
            text: {anyOf: [{type: string}, {type: 'null'}]}
            part: {$ref: '#/components/schemas/Part'}
`, tool, phase)
	}
}

// largeSchemas are the schemas that the streams share. The unwanted ones have the same Go
// name, so oapi-codegen refuses a document that contains them.
const largeSchemas = `    CreateAnswer:
      type: object
      required: [model, input]
      properties:
        model: {type: string}
        stream: {type: [boolean, 'null'], default: false}
        input:
          oneOf:
            - {type: string}
            - {type: array, items: {$ref: '#/components/schemas/Part'}}
    Answer:
      allOf:
        - {$ref: '#/components/schemas/AnswerBase'}
        - type: object
          required: [id, created_at, output]
          properties:
            id: {type: string}
            created_at: {type: number, format: double}
            instructions:
              anyOf:
                - oneOf:
                    - {type: string}
                    - {type: array, items: {$ref: '#/components/schemas/Part'}}
                - {type: 'null'}
            output: {type: array, items: {$ref: '#/components/schemas/Part'}}
            previous: {anyOf: [{$ref: '#/components/schemas/Answer'}, {type: 'null'}]}
    AnswerBase:
      type: object
      properties:
        caller: {$ref: '#/components/schemas/Caller'}
        metadata: {type: [object, 'null'], additionalProperties: {type: string}}
    Caller: {type: string, enum: [client, server]}
    ItemPosition:
      type: object
      required: [item_id, output_index]
      properties:
        item_id: {type: string}
        output_index: {type: integer}
    Part:
      discriminator:
        propertyName: type
        mapping: {picture: '#/components/schemas/PicturePart'}
      oneOf:
        - {$ref: '#/components/schemas/TextPart'}
        - {$ref: '#/components/schemas/PicturePart'}
        - {$ref: '#/components/schemas/GroupPart'}
    TextPart: {type: object, required: [type, text], properties: {type: {const: text}, text: {type: string}}}
    PicturePart: {type: object, required: [type, url], properties: {type: {type: string}, url: {type: string}}}
    GroupPart: {type: object, required: [type, parts], properties: {type: {const: group}, parts: {type: array, items: {$ref: '#/components/schemas/Part'}}}}
    CreateChatStreamResponse:
      type: object
      required: [id, choices]
      properties:
        id: {type: string}
        choices:
          type: array
          items:
            type: object
            required: [index, delta]
            properties:
              index: {type: integer}
              delta: {type: object, properties: {content: {type: [string, 'null']}}}
              finish_reason: {type: [string, 'null'], enum: [stop, length, null]}
    RunStreamEvent:
      oneOf:
        - {$ref: '#/components/schemas/RunCreated'}
        - {$ref: '#/components/schemas/RunDone'}
    RunCreated:
      type: object
      required: [event, data]
      properties: {event: {type: string, enum: [run.created]}, data: {$ref: '#/components/schemas/Answer'}}
    RunDone:
      type: object
      required: [event, data]
      properties: {event: {type: string, enum: [done]}, data: {type: string, enum: ['[DONE]']}}
    Problem:
      type: object
      required: [message]
      properties: {message: {type: string}, call_id: {type: string}}
    WebhookAnswerStored:
      type: object
      required: [id]
      properties: {id: {type: string}, at: {$ref: '#/components/schemas/WebhookTime'}}
    WebhookTime: {type: string, format: date-time}
`

// unwantedSchemas are two schemas with the same Go name, which oapi-codegen cannot handle.
// They refer to each other, so pruning by reference counts keeps them.
const unwantedSchemas = `    un-wanted: {type: object, properties: {other: {$ref: '#/components/schemas/un_wanted'}}}
    un_wanted: {type: object, properties: {other: {$ref: '#/components/schemas/un-wanted'}}}
`

// family writes the operations of one kind of thing, and its schemas.
func (s *largeSpec) family(i int) {
	thing := fmt.Sprintf("Thing%03d", i)
	about := strings.Repeat("              What stands here fills lines, as the texts of such documents do.\n", 42)
	s.path(`  /things/%03[1]d:
    get:
      operationId: list%[2]ss
      tags: [Things]
      parameters:
        - {name: limit, in: query, schema: {type: integer, minimum: 1, maximum: 100}}
        - name: order
          in: query
          description: |
%[3]s          schema: {type: string, enum: [asc, desc]}
      responses:
        '200':
          description: A page
          content: {application/json: {schema: {$ref: '#/components/schemas/List%[2]ssResponse'}}}
    post:
      operationId: create%[2]s
      tags: [Things]
      requestBody:
        required: true
        content: {application/json: {schema: {$ref: '#/components/schemas/Create%[2]sRequest'}}}
      responses:
        '201':
          description: It is there
          content: {application/json: {schema: {$ref: '#/components/schemas/%[2]s'}}}
        '429': {$ref: '#/components/responses/TooMany'}
  /things/%03[1]d/{id}:
    parameters:
      - {name: id, in: path, required: true, schema: {type: string}}
    get:
      operationId: get%[2]s
      tags: [Things]
      responses:
        '200':
          description: It
          content: {application/json: {schema: {$ref: '#/components/schemas/%[2]s'}}}
    delete:
      operationId: delete%[2]s
      tags: [Things]
      responses:
        '204': {description: It is gone}
`, i, thing, about)
	s.schema(`    List%[1]ssResponse:
      type: object
      required: [data]
      properties:
        data: {type: array, items: {$ref: '#/components/schemas/%[1]s'}}
        first_id: {type: [string, 'null']}
    Create%[1]sRequest:
      type: object
      required: [name]
      properties:
        name: {type: string, maxLength: 64}
        parent: {anyOf: [{$ref: '#/components/schemas/%[1]s'}, {type: 'null'}]}
        metadata:
          description: |
%[2]s          type: object
          additionalProperties: {type: string}
    %[1]s:
      allOf:
        - {$ref: '#/components/schemas/Create%[1]sRequest'}
        - type: object
          required: [id, object, state]
          properties:
            id: {type: string, format: uuid}
            object: {type: string, const: thing.%03[3]d}
            state: {$ref: '#/components/schemas/%[1]sState'}
            detail: {$ref: '#/components/schemas/%[1]sDetail'}
            children: {type: array, items: {$ref: '#/components/schemas/%[1]s'}}
    %[1]sState:
      description: |
%[2]s      type: string
      enum: [ready, busy, client, gone]
    %[1]sDetail:
      discriminator: {propertyName: kind}
      anyOf:
        - {$ref: '#/components/schemas/%[1]sSmall'}
        - {$ref: '#/components/schemas/%[1]sBig'}
        - title: Neither
          type: object
          required: [kind]
          properties: {kind: {const: neither}, why: {oneOf: [{type: string}, {type: integer}]}}
        - title: Unknown
          type: object
          required: [kind]
          properties: {kind: {const: unknown}}
    %[1]sSmall:
      type: object
      description: |
%[2]s      required: [kind]
      properties:
        kind: {type: string, const: small}
        size: {type: integer, minimum: 0}
    %[1]sBig:
      type: object
      description: |
%[2]s      required: [kind]
      properties:
        kind: {type: string, const: big}
        size: {type: integer, minimum: 1000}
        parts: {type: array, items: {$ref: '#/components/schemas/%[1]sDetail'}}
`, thing, about, i)
}
