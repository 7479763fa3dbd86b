package generator

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/jsonschema"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/stream"
)

// oapi-codegen makes no good Go of the description of a stream: inline data becomes an
// anonymous struct, and schemas that stand only there are not emitted. So eventgen gives it
// another document, in which the data of each event is a schema with a name.

// probeName returns the name of the schema by which the first run of oapi-codegen shows
// what Go type the data of an event has.
func probeName(i, j int) string { return fmt.Sprintf(probePrefix+"%dx%d", i, j) }

const (
	probePrefix = "MixstreamProbe"
	rewritten   = "x-mixstream-rewritten" // marks the schema of a stream that was replaced
)

// probe rewrites a document so that the data of each event has a type with the name of its
// probe.
func probe(doc *openapi3.T, streams []*stream.Stream) {
	for i, s := range streams {
		refs := map[string]*openapi3.SchemaRef{}
		for j, e := range s.Events {
			if e.Data != nil {
				refs[probeName(i, j)] = asComponent(doc, e.Data)
			}
		}
		replaceSchema(doc, s, refs)
	}
}

// replaceSchema gives the stream the schema of an object whose properties are the schemas
// in refs, which become components. oapi-codegen makes no type of it, and keeps them.
func replaceSchema(doc *openapi3.T, s *stream.Stream, refs map[string]*openapi3.SchemaRef) {
	object := &openapi3.Schema{Type: &openapi3.Types{openapi3.TypeObject}, Properties: openapi3.Schemas{}}
	object.Extensions = map[string]any{rewritten: true}
	for _, content := range s.Contents {
		if old := content.Schema; old != nil && old.Value != nil && old.Value.Extensions[rewritten] != nil {
			object = old.Value // of another operation with the same response
		}
	}
	for _, name := range slices.Sorted(maps.Keys(refs)) {
		ref := refs[name]
		if plain, ok := jsonschema.PlainRef(doc.Components.Schemas, ref); !ok || plain != name {
			doc.Components.Schemas[name] = ref
			ref = &openapi3.SchemaRef{Ref: "#/components/schemas/" + name, Value: ref.Value}
		}
		object.Properties[name] = ref
	}
	for _, content := range s.Contents {
		content.ItemSchema = nil
		content.Schema = &openapi3.SchemaRef{Value: object}
	}
}

// asComponent returns a schema to be a component. A reference into the middle of another schema
// is replaced by what it points to: that schema may be gone.
func asComponent(doc *openapi3.T, ref *openapi3.SchemaRef) *openapi3.SchemaRef {
	if _, ok := jsonschema.PlainRef(doc.Components.Schemas, ref); ok || ref.Ref != "" && ref.Ref[0] != '#' {
		return ref
	}
	return &openapi3.SchemaRef{Value: ref.Value}
}

// wrapped returns the schema of an object whose one property is data, for data of which
// no struct can be made.
func wrapped(doc *openapi3.T, e *stream.Event) *openapi3.SchemaRef {
	data := e.Data
	if data == nil {
		data = &openapi3.SchemaRef{Value: &openapi3.Schema{Type: &openapi3.Types{openapi3.TypeString}}}
	}
	// oapi-codegen would take the x-go-name of a schema for that of a field which refers to it.
	value := *asComponent(doc, data)
	if value.Ref != "" {
		value.Extensions = jsonschema.WithGoName(value.Extensions, "Value")
	}
	return &openapi3.SchemaRef{Value: &openapi3.Schema{
		Type:       &openapi3.Types{openapi3.TypeObject},
		Required:   []string{"value"},
		Properties: openapi3.Schemas{"value": &value},
	}}
}

// rewrite gives the document the components of which oapi-codegen makes the types of the
// events, as they are planned.
func rewrite(doc *openapi3.T, streams []*stream.Stream, plans []*StreamPlan) {
	for i, s := range streams {
		refs := map[string]*openapi3.SchemaRef{}
		for j, e := range s.Events {
			plan := plans[i].Events[j]
			switch plan.Kind {
			case kindInline:
				refs[plan.Type] = schemaNamed(plan.Type, plan.hoist(doc, &openapi3.SchemaRef{Value: e.Data.Value}, ""))
			case kindValue:
				refs[plan.Type] = schemaNamed(plan.Type, plan.hoist(doc, wrapped(doc, e), ""))
			default:
				jsonschema.EachOfAllRefs(e.Data, func(ref *openapi3.SchemaRef) {
					if name, ok := jsonschema.PlainRef(doc.Components.Schemas, ref); ok {
						refs[name] = ref
					}
				})
			}
		}
		replaceSchema(doc, s, refs)
	}
}

// schemaNamed returns a schema whose Go name is exactly this.
func schemaNamed(goName string, ref *openapi3.SchemaRef) *openapi3.SchemaRef {
	s := *ref.Value
	s.Extensions = jsonschema.WithGoName(s.Extensions, goName)
	s.Example, s.Examples = nil, nil
	return &openapi3.SchemaRef{Value: &s}
}

var schemaReference = regexp.MustCompile(`"#/components/schemas/([^"/]+)`)

// dropWrappers removes the components that only describe how a stream is written. What
// something else refers to stays.
func dropWrappers(doc *openapi3.T, streams []*stream.Stream) error {
	parts := map[string]*openapi3.SchemaRef{}
	for _, s := range streams {
		if s.Ext.Types == "data" {
			continue
		}
		for _, name := range s.Wrappers {
			if ref := doc.Components.Schemas[name]; ref != nil {
				parts[name] = ref
			}
		}
	}
	kept := map[string]bool{}
	contents := map[*openapi3.MediaType]openapi3.MediaType{}
	for _, s := range streams {
		for _, content := range s.Contents {
			if _, ok := contents[content]; ok {
				continue // of another operation with the same response
			}
			contents[content] = *content
			if s.Ext.Types != "data" {
				*content = openapi3.MediaType{}
			}
		}
		for _, e := range s.Events {
			if name, ok := jsonschema.PlainRef(doc.Components.Schemas, refOrNone(e.Data)); ok {
				delete(parts, name)
			}
		}
	}
	for name := range parts {
		delete(doc.Components.Schemas, name)
	}
	defer func() {
		for content, was := range contents {
			*content = was
		}
	}()
	// What is left refers to what must stay; so does the data of the events.
	left := []any{doc}
	for _, s := range streams {
		for _, e := range s.Events {
			if e.Data != nil {
				left = append(left, e.Data)
			}
		}
	}
	for len(left) > 0 {
		text, err := json.Marshal(left)
		if err != nil {
			return err
		}
		left = nil
		for _, match := range schemaReference.FindAllSubmatch(text, -1) {
			name := string(match[1])
			if ref := parts[name]; ref != nil && !kept[name] {
				kept[name] = true
				doc.Components.Schemas[name] = ref
				left = append(left, ref)
			}
		}
	}
	return nil
}

func refOrNone(ref *openapi3.SchemaRef) *openapi3.SchemaRef {
	if ref == nil {
		return &openapi3.SchemaRef{}
	}
	return ref
}
