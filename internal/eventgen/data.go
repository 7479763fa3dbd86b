package main

import "github.com/getkin/kin-openapi/openapi3"

// checkData refuses data of an event that is not always an object, and what the event
// says of it beside the $ref: the generated code checks data by its own schema alone.
func checkData(doc *openapi3.T, e *event, p *problems) {
	named := doc.Components.Schemas
	data := named[e.Data].Value
	if !data.Type.Is(openapi3.TypeObject) {
		p.add(e.Data, "it must have type: object, and no other type, as the data of %s", e.Schema)
	}
	eachOfAll(named[e.Schema].Value, map[*openapi3.Schema]bool{}, func(s *openapi3.Schema) {
		ref := s.Properties["data"]
		if ref == nil {
			return
		}
		beside := []*openapi3.SchemaRef{ref}
		if ref.Ref != "" {
			// The value is that of the data schema, with one more member of the
			// allOf for what stands beside the $ref.
			beside = ref.Value.AllOf[min(len(data.AllOf), len(ref.Value.AllOf)):]
		}
		for _, b := range beside {
			if constrains(b.Value) {
				p.add(e.Schema, "it constrains its property \"data\" beside the $ref to %s, where nothing would check it; the schema itself can say it", e.Data)
				return
			}
		}
	})
}

// constrains tells whether a schema says more of data than that it is an object.
func constrains(s *openapi3.Schema) bool {
	rest := *s
	if rest.Type.Is(openapi3.TypeObject) {
		rest.Type = nil
	}
	var checked literals
	checked.fields(&rest)
	var unchecked problems
	checkKeywords("", &rest, &unchecked)
	return checked.b.Len() > 0 || len(unchecked) > 0
}
