package oapi

import (
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/document"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/jsonschema"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/stream"
)

// completeDiscriminators gives each discriminator a mapping for every member of its union. A
// mapping may omit members (OpenAPI 3.1.0, section 4.8.25): the value of such a member is the
// const or enum of its property, or else the name of its schema. oapi-codegen always uses the
// name, so its unions would write a wrong value.
//
// It removes a discriminator that oapi-codegen rejects: one with an inline member, or with a
// value that two members share.
func completeDiscriminators(doc *openapi3.T) {
	var unions []*openapi3.Schema
	document.EachSchema(doc, func(s *openapi3.Schema) {
		if s.Discriminator != nil && len(s.OneOf)+len(s.AnyOf) > 0 {
			unions = append(unions, s)
		}
	})
	complete := make([]*openapi3.Discriminator, len(unions))
	for i, s := range unions {
		complete[i] = completeDiscriminator(s)
	}
	// All are completed before any is replaced, because a union may read the discriminator of
	// another.
	for i, s := range unions {
		s.Discriminator = complete[i]
	}
}

// completeDiscriminator returns the discriminator of a union with a mapping for each member;
// nil if it cannot tell the members apart.
func completeDiscriminator(s *openapi3.Schema) *openapi3.Discriminator {
	d := *s.Discriminator
	d.Mapping = map[string]openapi3.MappingRef{}
	for _, member := range slices.Concat(s.OneOf, s.AnyOf) {
		if jsonschema.IsNull(member) {
			continue
		}
		if member.Ref == "" {
			return nil
		}
		for _, value := range discriminatorValues(s.Discriminator, member) {
			if _, taken := d.Mapping[value]; taken || strings.ContainsFunc(value, isUnquotable) {
				return nil
			}
			d.Mapping[value] = openapi3.MappingRef{Ref: member.Ref}
		}
	}
	return &d
}

// discriminatorValues returns the values of the discriminator that select a member.
func discriminatorValues(d *openapi3.Discriminator, member *openapi3.SchemaRef) []string {
	name := member.Ref[strings.LastIndexByte(member.Ref, '/')+1:]
	var values []string
	for _, value := range slices.Sorted(maps.Keys(d.Mapping)) {
		if target := d.Mapping[value].Ref; target == member.Ref || jsonschema.MappedSchema(d.Mapping[value]) == name {
			values = append(values, value)
		}
	}
	if values != nil {
		return values
	}
	if bound, ok := stream.BoundNames(member, d.PropertyName); ok {
		return bound
	}
	return []string{name}
}

// isUnquotable reports whether oapi-codegen rejects a mapping whose value contains this
// character.
func isUnquotable(r rune) bool { return r < ' ' || r == 0x7f || strings.ContainsRune("\"`\\", r) }
