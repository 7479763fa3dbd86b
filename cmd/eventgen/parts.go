package main

import (
	"go/token"
	"strconv"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
)

// oapi-codegen makes an anonymous struct of an object that stands inline in other data,
// which a program cannot name. So each object in the data of an event becomes a component,
// named after the event and where the object is.

// nameParts gives Go names to the objects within the data of an event whose type is made
// of a schema that is inline.
func (pl *planner) nameParts(e *event, plan *eventPlan) {
	plan.Parts = map[string]string{}
	switch plan.Kind {
	case kindHoisted:
		pl.nameChildren(e, plan, e.Data.Value, plan.Type, "")
	case kindValue:
		if e.Data != nil {
			pl.namePart(e, plan, e.Data, plan.Type, "Value", "/value")
		}
	}
}

// namePart names the object that a schema describes, and those within. before is the name
// of what it is in, and role what it is there.
func (pl *planner) namePart(e *event, plan *eventPlan, ref *openapi3.SchemaRef, before, role, path string) {
	if ref.Ref != "" || ref.Value == nil {
		return
	}
	s := ref.Value
	if s.Items != nil || s.AdditionalProperties.Schema != nil && len(s.Properties) == 0 {
		if role == "Value" && before == plan.Type {
			role = ""
		}
		if s.Items != nil {
			pl.namePart(e, plan, s.Items, before+role, "Item", path+"[]")
		} else {
			pl.namePart(e, plan, s.AdditionalProperties.Schema, before+role, "Entry", path+"{}")
		}
		return
	}
	if !isStruct(s) {
		return
	}
	// Another stream with this event has the same names.
	if taken, ok := pl.parts[plan.Type+path]; ok {
		plan.Parts[path] = taken
	} else {
		plan.Parts[path] = pl.first(e.Where, before+role)
		pl.parts[plan.Type+path] = plan.Parts[path]
	}
	pl.nameChildren(e, plan, s, plan.Parts[path], path)
}

// nameChildren names the objects within an object called name.
func (pl *planner) nameChildren(e *event, plan *eventPlan, s *openapi3.Schema, name, path string) {
	for _, property := range sortedKeys(s.Properties) {
		pl.namePart(e, plan, s.Properties[property], name, goWord(property), path+"/"+property)
	}
	for i, member := range s.AllOf {
		if member.Ref == "" && member.Value != nil {
			pl.nameChildren(e, plan, member.Value, name, path+"&"+strconv.Itoa(i))
		}
	}
}

// isStruct reports whether oapi-codegen makes a struct of a schema, and the schema gives
// it no name itself.
func isStruct(s *openapi3.Schema) bool {
	if len(s.Properties) == 0 || len(s.OneOf)+len(s.AnyOf) > 0 {
		return false
	}
	return s.Extensions["x-go-type"] == nil && s.Extensions["x-go-type-name"] == nil
}

// hoist returns a schema in which the objects that have a name are references to
// components that it adds.
func (plan *eventPlan) hoist(doc *openapi3.T, ref *openapi3.SchemaRef, path string) *openapi3.SchemaRef {
	if ref.Ref != "" || ref.Value == nil || len(plan.Parts) == 0 {
		return ref
	}
	s := *ref.Value
	if len(s.Properties) > 0 {
		s.Properties = openapi3.Schemas{}
		for name, property := range ref.Value.Properties {
			hoisted := plan.hoist(doc, property, path+"/"+name)
			if hoisted.Ref != property.Ref {
				// oapi-codegen takes the x-go-name of what a $ref leads to for that of the field.
				hoisted.Extensions = map[string]any{goNameExtension: fieldName(property, name)}
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
	name, ok := plan.Parts[path]
	if !ok {
		return hoisted
	}
	component := called(name, hoisted)
	doc.Components.Schemas[name] = component
	return &openapi3.SchemaRef{Ref: "#/components/schemas/" + name, Value: component.Value}
}

// fieldName returns the name from which oapi-codegen makes the name of a field. It refuses
// one that is no identifier.
func fieldName(property *openapi3.SchemaRef, name string) any {
	if goName, ok := property.Value.Extensions[goNameExtension]; ok {
		return goName
	}
	if !token.IsIdentifier(name) {
		return codegen.SchemaNameToTypeName(name)
	}
	return name
}
