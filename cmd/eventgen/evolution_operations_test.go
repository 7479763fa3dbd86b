package main

import (
	"fmt"
	"strings"
)

// addOperations adds operations before and after all others: a stream with its own events, an
// operation without a stream, and for each stream one with the same events.
func (e *evolution) addOperations(root yamlNode, streams []yamlNode) {
	paths := root.get("paths")
	for _, path := range []string{"/0-evolved", "/zz-evolved"} {
		id := strings.NewReplacer("/", "evolved", "-", "X").Replace(path)
		paths.set(path+"/{thing}/events", e.parse(fmt.Sprintf(newStream, id)))
		paths.set(path+"/{thing}", e.parse(fmt.Sprintf(newPlain, id)))
		for i, content := range streams {
			if content.file != root.file {
				continue // its references belong to another file
			}
			same := yamlNode{e.parse(fmt.Sprintf(newReader, id, i)), root.file}
			copied := content.clone()
			unnamed(copied)
			same.get("get").get("responses").get("200").get("content").set("text/event-stream", copied.Node)
			paths.set(fmt.Sprintf("%s/same/%d", path, i), same.Node)
		}
	}
	components := root.get("components")
	if !components.is() {
		root.set("components", e.parse("{}"))
		components = root.get("components")
	}
	if !components.get("schemas").is() {
		components.set("schemas", e.parse("{}"))
	}
	schemas := components.get("schemas")
	schemas.set("EvolvedThing", e.parse("{type: object, required: [id], properties: {id: {type: string}, state: {type: string, enum: [new, old, red]}}}"))
}

// unnamed removes the Go names from a copied schema: two schemas cannot have the same.
func unnamed(n yamlNode) {
	n.remove("x-go-name")
	for _, child := range n.Content {
		unnamed(yamlNode{child, n.file})
	}
}

const newStream = `
get:
  operationId: %[1]sEvents
  parameters: [{name: thing, in: path, required: true, schema: {type: string}}]
  responses:
    '200':
      description: OK
      content:
        text/event-stream:
          schema:
            oneOf:
              - {type: object, required: [event, data], properties: {event: {type: string, enum: [began]}, data: {$ref: '#/components/schemas/EvolvedThing'}}}
              - {type: object, required: [event, data], properties: {event: {type: string, enum: [ended]}, data: {type: string}}}
`

const newReader = `
get:
  operationId: %[1]sReader%[2]d
  responses:
    '200':
      description: OK
      content: {}
`

const newPlain = `
post:
  operationId: %[1]sThing
  parameters: [{name: thing, in: path, required: true, schema: {type: string}}]
  requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/EvolvedThing'}}}}
  responses:
    '200':
      description: OK
      content: {application/json: {schema: {$ref: '#/components/schemas/EvolvedThing'}}}
`
