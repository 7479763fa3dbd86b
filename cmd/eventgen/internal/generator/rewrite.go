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

// oapi-codegen makes poor Go of the description of a stream: inline data becomes an anonymous
// struct, and schemas used only there disappear. So eventgen passes it another document, in
// which the data of each event is a named schema.

// probeName returns the name of the schema with which the first run of oapi-codegen shows the
// Go type of an event's data.
func probeName(i, j int) string { return fmt.Sprintf(probePrefix+"%dx%d", i, j) }

const (
	probePrefix = "MixstreamProbe"
	rewritten   = "x-mixstream-rewritten" // marks the replaced schema of a stream
)

// probe rewrites a document so that the data of each event gets a type with the name of its
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

// replaceSchema replaces the schema of a stream by an object whose properties are the schemas
// in refs, and adds these as components. oapi-codegen makes no type of the object, but keeps
// the components.
func replaceSchema(doc *openapi3.T, s *stream.Stream, refs map[string]*openapi3.SchemaRef) {
	object := &openapi3.Schema{Type: &openapi3.Types{openapi3.TypeObject}, Properties: openapi3.Schemas{}}
	object.Extensions = map[string]any{rewritten: true}
	for _, content := range s.Contents {
		if old := content.Schema; old != nil && old.Value != nil && old.Value.Extensions[rewritten] != nil {
			object = old.Value // another operation has the same response
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

// asComponent returns a schema for use as a component. It replaces a reference into another
// schema by the target, because that other schema may be removed.
func asComponent(doc *openapi3.T, ref *openapi3.SchemaRef) *openapi3.SchemaRef {
	if _, ok := jsonschema.PlainRef(doc.Components.Schemas, ref); ok || ref.Ref != "" && ref.Ref[0] != '#' {
		return ref
	}
	return &openapi3.SchemaRef{Value: ref.Value}
}

// wrapped returns the schema of an object with data as its only property, for data that cannot
// become a struct.
func wrapped(doc *openapi3.T, e *stream.Event) *openapi3.SchemaRef {
	data := e.Data
	if data == nil {
		data = &openapi3.SchemaRef{Value: &openapi3.Schema{Type: &openapi3.Types{openapi3.TypeString}}}
	}
	// oapi-codegen would apply the x-go-name of the schema to the field that refers to it.
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

// rewrite adds the components from which oapi-codegen makes the planned types of the events.
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

// schemaNamed returns a schema with exactly this Go name.
func schemaNamed(goName string, ref *openapi3.SchemaRef) *openapi3.SchemaRef {
	s := *ref.Value
	s.Extensions = jsonschema.WithGoName(s.Extensions, goName)
	s.Example, s.Examples = nil, nil
	return &openapi3.SchemaRef{Value: &s}
}

var schemaReference = regexp.MustCompile(`"#/components/schemas/([^"/]+)`)

// dropWrappers removes the components that only describe how a stream is written. Those that
// something else refers to stay.
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
				continue // another operation has the same response
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
	// Everything that the rest of the document or the data of the events refers to must stay.
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
