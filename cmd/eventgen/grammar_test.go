package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/stream"
)

// object is an object of a document.
type object = map[string]any

// choices are the decisions by which the grammar makes a document. After the last one, every
// further decision is 0, the simplest.
type choices struct {
	bytes []byte
	at    int
}

// seeded returns the choices of a seed.
func seeded(seed uint64) *choices {
	var key [32]byte
	copy(key[:], strconv.FormatUint(seed, 10))
	c := &choices{bytes: make([]byte, 1<<14)}
	_, _ = rand.NewChaCha8(key).Read(c.bytes)
	return c
}

// n returns a number below limit, which is at most 256.
func (c *choices) n(limit int) int {
	if c.at >= len(c.bytes) || limit <= 1 {
		return 0
	}
	c.at++
	return int(c.bytes[c.at-1]) % limit
}

// one returns true for one of so many choices.
func (c *choices) one(of int) bool { return c.n(of) == of-1 }

func choose[T any](c *choices, of ...T) T { return of[c.n(len(of))] }

// grammar makes an OpenAPI document, and knows the events of its streams.
type grammar struct {
	*choices
	version  string
	hostile  bool // names are of the kind that breaks generators
	asJSON   bool
	schemas  object
	samples  map[string]node // by the name of the schema
	names    int
	paths    object
	shared   object // shared responses, parameters and other components
	stream   *sampleStream
	streams  []*sampleStream
	mutated  bool
	document object
}

// sampleStream is a streaming operation and its possible events.
type sampleStream struct {
	Method, Path string
	Events       []sampleEvent
}

// sampleEvent is an event as the log stores it.
type sampleEvent struct {
	Field string // the value of the SSE field event
	Data  any
}

// newGrammar makes a document of choices.
func newGrammar(c *choices) *grammar {
	g := &grammar{choices: c, schemas: object{}, samples: map[string]node{}, paths: object{}, shared: object{}}
	g.version = choose(c, "3.1.0", "3.0.3", "3.2.0")
	g.asJSON = c.one(4)
	g.hostile = c.one(4)
	for range 1 + c.n(3) {
		g.operation()
	}
	if c.one(3) {
		g.otherOperation()
	}
	g.document = object{
		"openapi": g.version,
		"info":    object{"title": "T", "version": "1"},
		"paths":   g.paths,
	}
	components := object{}
	if len(g.schemas) > 0 {
		components["schemas"] = g.schemas
	}
	for kind, of := range g.shared {
		components[kind] = of
	}
	if len(components) > 0 {
		g.document["components"] = components
	}
	if c.one(5) {
		g.mutated = true
		for range 1 + c.n(3) {
			mutate(c, g.document)
		}
	}
	return g
}

func (g *grammar) is30() bool { return g.version == "3.0.3" }

func documentText(document object, asJSON bool) (text []byte, extension string) {
	if asJSON {
		text, err := json.MarshalIndent(document, "", "  ")
		if err != nil {
			panic(err)
		}
		return text, ".json"
	}
	var b bytes.Buffer
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	if err := encoder.Encode(yamlOf(document)); err != nil {
		panic(err)
	}
	return b.Bytes(), ".yaml"
}

// yamlOf returns a value as YAML, with each json.Number as a number.
func yamlOf(value any) *yaml.Node {
	n := &yaml.Node{}
	switch value := value.(type) {
	case object:
		n.Kind = yaml.MappingNode
		for _, name := range slices.Sorted(maps.Keys(value)) {
			n.Content = append(n.Content, yamlOf(name), yamlOf(value[name]))
		}
	case []any:
		n.Kind = yaml.SequenceNode
		for _, item := range value {
			n.Content = append(n.Content, yamlOf(item))
		}
	case json.Number:
		n.Kind, n.Value, n.Tag = yaml.ScalarNode, value.String(), "!!int"
		if strings.ContainsAny(n.Value, ".eE") {
			n.Tag = "!!float"
		}
	default:
		if err := n.Encode(value); err != nil {
			panic(err)
		}
	}
	return n
}

// operation adds a streaming operation.
func (g *grammar) operation() {
	g.stream = &sampleStream{Method: choose(g.choices, "GET", "POST", "GET", "PUT", "DELETE", "PATCH")}
	op := object{"responses": g.responses()}
	g.parameters(op)
	if id := g.operationID(); id != "" {
		op["operationId"] = id
	}
	if g.stream.Method != "GET" && g.stream.Method != "DELETE" && g.one(2) {
		op["requestBody"] = g.requestBody()
	}
	if g.one(6) {
		op["description"] = g.description()
	}
	if g.one(6) {
		op["tags"] = []any{"a"}
	}
	if g.one(4) {
		op[stream.ExtensionName] = g.extension(op)
	}
	g.paths[g.stream.Path] = object{strings.ToLower(g.stream.Method): op}
	g.streams = append(g.streams, g.stream)
}

func (g *grammar) operationID() string {
	if g.one(4) {
		return ""
	}
	if g.hostile && g.one(3) {
		if name := g.hostileName(); name != "MarshalJSON" && name != "UnmarshalJSON" { // go vet checks these methods
			return name
		}
	}
	g.names++
	return choose(g.choices, "watch", "orderEvents", "get_thing-events", "Listen", "stream.it", "follow_2", "list", "create") + strconv.Itoa(g.names)
}

// responses returns the responses of a streaming operation.
func (g *grammar) responses() object {
	response := object{"description": "D", "content": g.content()}
	responses := object{choose(g.choices, "200", "201", "200", "2XX"): g.shareable("responses", response)}
	if g.one(4) {
		responses[choose(g.choices, "404", "default", "4XX")] = object{"description": "E", "content": object{
			choose(g.choices, "application/json", "application/problem+json", "text/plain"): object{"schema": g.place(g.data(1)).schema},
		}}
	}
	return responses
}

// shareable returns an element of an operation, or a reference to it.
func (g *grammar) shareable(kind string, element object) object {
	if !g.one(5) {
		return element
	}
	if g.shared[kind] == nil {
		g.shared[kind] = object{}
	}
	name := g.componentName()
	if of, ok := g.shared[kind].(object); ok {
		of[name] = element
	}
	return object{"$ref": "#/components/" + kind + "/" + escaped(name)}
}

// escaped returns a name as part of a JSON pointer in a reference.
func escaped(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1", "%", "%25", " ", "%20").Replace(name)
}

func (g *grammar) content() object {
	media := choose(g.choices, "text/event-stream", "text/event-stream", "text/event-stream; charset=utf-8")
	schema := g.streamSchema()
	content := object{}
	switch {
	case schema == nil:
		content[media] = object{}
	case g.version == "3.2.0" && g.one(2) || g.one(5):
		content[media] = object{"itemSchema": schema}
		if g.one(6) {
			content[media] = object{"itemSchema": schema, "schema": object{"type": "string"}}
		}
	default:
		content[media] = object{"schema": schema}
		if g.one(5) {
			content[media] = object{"schema": object{"type": "array", "items": schema}}
		}
	}
	if g.one(5) {
		content["application/json"] = object{"schema": g.place(g.data(2)).schema}
	}
	return content
}

// parameters adds parameters to an operation, and chooses its path.
func (g *grammar) parameters(op object) {
	g.names++
	path := "/" + choose(g.choices, "a", "orders", "v1.0", "x-y", "größe") + strconv.Itoa(g.names)
	var all []any
	for range g.n(4) {
		in := choose(g.choices, "query", "path", "header", "cookie", "path")
		name := g.propertyName(choose(g.choices, "id", "kind", "page-size", "X-Tag", "after"))
		parameter := object{"name": name, "in": in, "schema": g.parameterSchema(in)}
		switch {
		case in == "path":
			if strings.ContainsAny(name, "/{}") || strings.Contains(path, "{"+name+"}") {
				continue
			}
			path += "/{" + name + "}"
			parameter["required"] = true
		case g.one(3):
			parameter["required"] = true
		}
		if g.one(6) {
			parameter["description"] = g.description()
		}
		if in == "query" && g.one(6) {
			parameter["style"], parameter["explode"] = choose(g.choices, "form", "spaceDelimited", "deepObject"), g.one(2)
		}
		if g.one(8) {
			delete(parameter, "schema")
			parameter["content"] = object{"application/json": object{"schema": g.place(g.data(1)).schema}}
		}
		all = append(all, g.shareable("parameters", parameter))
	}
	if g.one(8) {
		all = append(all, object{"name": choose(g.choices, "Last-Event-ID", "last-event-id"), "in": "header", "schema": object{"type": "string"}, "required": g.one(2)})
	}
	if len(all) > 0 {
		op["parameters"] = all
	}
	g.stream.Path = path
}

func (g *grammar) parameterSchema(in string) object {
	schemas := []object{
		{"type": "string"}, {"type": "integer"}, {"type": "string", "format": "uuid"}, {"type": "boolean"},
		{"type": "integer", "format": "int64"}, {"type": "string", "enum": []any{"a", "b"}}, {"type": "number"},
		{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"},
	}
	if in == "query" || in == "header" {
		schemas = append(schemas, object{"type": "array", "items": object{"type": "string"}}, object{"type": "object", "properties": object{"a": object{"type": "string"}}})
	}
	schema := schemas[g.n(len(schemas))]
	if g.one(5) {
		return g.component(node{schema: schema}).schema
	}
	return schema
}

func (g *grammar) requestBody() object {
	media := choose(g.choices, "application/json", "application/json", "application/x-www-form-urlencoded", "text/plain", "multipart/form-data", "application/octet-stream", "application/vnd.x+json")
	n := g.objectNode(1, false)
	if strings.HasPrefix(media, "text/") || strings.HasSuffix(media, "octet-stream") {
		n = node{schema: object{"type": "string"}}
	}
	body := object{"content": object{media: object{"schema": g.place(n).schema}}}
	if g.one(2) {
		body["required"] = true
	}
	return g.shareable("requestBodies", body)
}

// otherOperation adds an operation without a stream that uses the schemas of the streams.
func (g *grammar) otherOperation() {
	schema := any(object{"type": "string"})
	if names := slices.Sorted(maps.Keys(g.schemas)); len(names) > 0 {
		schema = object{"$ref": "#/components/schemas/" + escaped(names[g.n(len(names))])}
	}
	g.paths["/other"] = object{"get": object{"operationId": "other", "responses": object{
		"200": object{"description": "D", "content": object{"application/json": object{"schema": schema}}},
	}}}
}

// extension returns an x-mixstream that an author could write, right or wrong.
func (g *grammar) extension(op object) object {
	ext := object{}
	parameters, _ := op["parameters"].([]any)
	for _, p := range parameters {
		if p, ok := p.(object); ok && p["name"] != nil && p["required"] == true && p["in"] != "cookie" && g.one(2) {
			ext["session"] = p["name"]
		}
	}
	if g.one(3) {
		ext["session"] = ""
	}
	if g.one(4) {
		ext["namespace"] = choose(g.choices, "", "ns", "a b", "ü/\"")
	}
	if g.one(4) {
		g.names++
		ext["interface"] = fmt.Sprintf("My%d", g.names)
	}
	if g.one(12) {
		ext[choose(g.choices, "session", "position", "types", "interface", "contrl", "control")] = choose[any](g.choices, "nothing", 1, nil, object{"a": "b"}, "type", "Event")
	}
	return ext
}
