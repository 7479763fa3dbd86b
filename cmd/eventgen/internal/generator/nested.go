package generator

import (
	"go/token"
	"maps"
	"slices"
	"strconv"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/jsonschema"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/oapi"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/stream"
)

// oapi-codegen turns an inline object within other data into an anonymous struct, which a
// program cannot name. Each object in the data of an event therefore becomes a component,
// named after the event and the object's path.

// nameNested chooses Go names for the inline objects within the data of an event.
func (pl *planner) nameNested(e *stream.Event, plan *EventPlan) {
	plan.Nested = map[string]string{}
	switch plan.Kind {
	case kindInline:
		pl.nameChildren(e, plan, e.Data.Value, plan.Type, "")
	case kindValue:
		if e.Data != nil {
			pl.nameNestedType(e, plan, e.Data, plan.Type, "Value", "/value")
		}
	}
}

// nameNestedType names the object that a schema describes, and the objects within it. before
// is the name of the enclosing type, role the role of the object in it.
func (pl *planner) nameNestedType(e *stream.Event, plan *EventPlan, ref *openapi3.SchemaRef, before, role, path string) {
	if ref.Ref != "" || ref.Value == nil {
		return
	}
	s := ref.Value
	if s.Items != nil || s.AdditionalProperties.Schema != nil && len(s.Properties) == 0 {
		if role == "Value" && before == plan.Type {
			role = ""
		}
		if s.Items != nil {
			pl.nameNestedType(e, plan, s.Items, before+role, "Item", path+"[]")
		} else {
			pl.nameNestedType(e, plan, s.AdditionalProperties.Schema, before+role, "Entry", path+"{}")
		}
		return
	}
	if !isStruct(s) {
		return
	}
	// Another stream with the same event uses the same names.
	if taken, ok := pl.nested[plan.Type+path]; ok {
		plan.Nested[path] = taken
	} else {
		plan.Nested[path] = pl.firstFree(e.Where, before+role)
		pl.nested[plan.Type+path] = plan.Nested[path]
	}
	pl.nameChildren(e, plan, s, plan.Nested[path], path)
}

// nameChildren names the objects within an object called name.
func (pl *planner) nameChildren(e *stream.Event, plan *EventPlan, s *openapi3.Schema, name, path string) {
	for _, property := range slices.Sorted(maps.Keys(s.Properties)) {
		pl.nameNestedType(e, plan, s.Properties[property], name, oapi.GoWord(property), path+"/"+property)
	}
	for i, member := range s.AllOf {
		if member.Ref == "" && member.Value != nil {
			pl.nameChildren(e, plan, member.Value, name, path+"&"+strconv.Itoa(i))
		}
	}
}

// isStruct reports whether oapi-codegen makes a struct of a schema that does not set its Go
// type.
func isStruct(s *openapi3.Schema) bool {
	if len(s.Properties) == 0 || len(s.OneOf)+len(s.AnyOf) > 0 {
		return false
	}
	return s.Extensions["x-go-type"] == nil && s.Extensions["x-go-type-name"] == nil
}

// hoist returns a schema in which references replace the named objects. It adds the referenced
// components to the document.
func (plan *EventPlan) hoist(doc *openapi3.T, ref *openapi3.SchemaRef, path string) *openapi3.SchemaRef {
	if ref.Ref != "" || ref.Value == nil || len(plan.Nested) == 0 {
		return ref
	}
	s := *ref.Value
	if len(s.Properties) > 0 {
		s.Properties = openapi3.Schemas{}
		for name, property := range ref.Value.Properties {
			hoisted := plan.hoist(doc, property, path+"/"+name)
			if hoisted.Ref != property.Ref {
				// oapi-codegen applies the x-go-name of a reference's target to the field.
				hoisted.Extensions = map[string]any{jsonschema.GoNameExtension: fieldName(property, name)}
			}
			s.Properties[name] = hoisted
		}
	}
	if s.Items != nil {
		s.Items = plan.hoist(doc, s.Items, path+"[]")
	}
	if s.AdditionalProperties.Schema != nil && len(s.Properties) == 0 {
		s.AdditionalProperties.Schema = plan.hoist(doc, s.AdditionalProperties.Schema, path+"{}")
	}
	s.AllOf = nil
	for i, member := range ref.Value.AllOf {
		s.AllOf = append(s.AllOf, plan.hoist(doc, member, path+"&"+strconv.Itoa(i)))
	}
	hoisted := &openapi3.SchemaRef{Value: &s}
	name, ok := plan.Nested[path]
	if !ok {
		return hoisted
	}
	component := schemaNamed(name, hoisted)
	doc.Components.Schemas[name] = component
	return &openapi3.SchemaRef{Ref: "#/components/schemas/" + name, Value: component.Value}
}

// fieldName returns the name from which oapi-codegen derives the name of a field. oapi-codegen
// requires an identifier.
func fieldName(property *openapi3.SchemaRef, name string) any {
	if goName, ok := property.Value.Extensions[jsonschema.GoNameExtension]; ok {
		return goName
	}
	if !token.IsIdentifier(name) {
		return codegen.SchemaNameToTypeName(name)
	}
	return name
}
