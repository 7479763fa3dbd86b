package stream

import (
	"mime"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/jsonschema"
)

// readData sets Data and Text from all descriptions of an event's data.
func (e *Event) readData(doc *openapi3.T, refs []*openapi3.SchemaRef) {
	var own, bare []*openapi3.SchemaRef // those with more than a type, and the others
	for _, ref := range refs {
		if _, named := jsonschema.ComponentName(ref.Ref); named || !jsonschema.IsEmpty(ref.Value) {
			own = append(own, ref)
		} else {
			bare = append(bare, ref)
		}
	}
	own = slices.CompactFunc(own, func(a, b *openapi3.SchemaRef) bool { return a.Ref != "" && a.Ref == b.Ref && a.Value == b.Value })
	hasType := func(ref *openapi3.SchemaRef) bool { return jsonschema.TypesOf(ref.Value) != nil }
	if i := slices.IndexFunc(bare, hasType); i >= 0 && len(own) > 0 && !slices.ContainsFunc(own, saysType) {
		own = append([]*openapi3.SchemaRef{bare[i]}, own...)
	}
	switch len(own) {
	case 0:
		e.Data = refs[len(refs)-1]
		if i := slices.IndexFunc(bare, hasType); i >= 0 && !hasType(e.Data) {
			e.Data = bare[i]
		}
	case 1:
		e.Data = own[0]
	default:
		e.Data = &openapi3.SchemaRef{Value: &openapi3.Schema{AllOf: own}}
	}
	e.Data = jsonschema.AsPlainRef(doc, e.Data)
	e.readContent(doc)
}

// saysType reports whether any keyword of a schema determines the type of the data.
func saysType(ref *openapi3.SchemaRef) bool {
	s := jsonschema.ObjectOf(ref)
	return jsonschema.TypesOf(ref.Value) != nil || len(s.Properties) > 0 || len(s.Unions) > 0 || ref.Value.ContentSchema != nil || ref.Value.Items != nil
}

// readContent replaces the schema of a string with content by the schema of the content.
func (e *Event) readContent(doc *openapi3.T) {
	var content *openapi3.Schema
	format := ""
	jsonschema.EachOfAll(e.Data.Value, func(s *openapi3.Schema) {
		if s.ContentSchema != nil || s.ContentMediaType != "" {
			content = s
		}
		if s.Format != "" {
			format = s.Format
		}
	})
	types := jsonschema.TypesOf(e.Data.Value)
	isText := slices.Equal(types, []string{openapi3.TypeString}) || types == nil && e.isConstantText()
	if types == nil && content != nil && content.ContentMediaType != "" && !saysMore(e.Data.Value) {
		isText = true
	}
	if !isText && (content == nil || content.ContentSchema == nil) {
		return
	}
	switch {
	case content != nil && content.ContentSchema != nil && isJSON(content.ContentMediaType):
		e.Data = jsonschema.AsPlainRef(doc, content.ContentSchema)
	case content != nil && content.ContentMediaType != "" && isJSON(content.ContentMediaType):
		e.Data = &openapi3.SchemaRef{Value: &openapi3.Schema{}}
	case slices.Contains([]string{"int32", "int64"}, format):
		e.Data = numberAsText(openapi3.TypeInteger, e.Data.Value, format)
	case slices.Contains([]string{"float", "double"}, format):
		e.Data = numberAsText(openapi3.TypeNumber, e.Data.Value, format)
	default:
		e.Text = true
		if types == nil {
			text := *e.Data.Value
			text.Type = &openapi3.Types{openapi3.TypeString}
			e.Data = &openapi3.SchemaRef{Value: &text}
		}
	}
}

// isConstantText reports whether the data can only be one of some strings.
func (e *Event) isConstantText() bool {
	values, bound := jsonschema.BoundTo([]*openapi3.SchemaRef{e.Data})
	return bound && len(values) > 0 && !slices.ContainsFunc(values, func(v any) bool {
		_, ok := v.(string)
		return !ok
	})
}

// saysMore reports whether a schema describes data other than text.
func saysMore(s *openapi3.Schema) bool {
	return len(s.Properties) > 0 || s.Items != nil || len(s.OneOf) > 0 || len(s.AnyOf) > 0
}

// numberAsText returns the schema of a number that the document describes as a string: both
// look the same on the wire.
func numberAsText(kind string, s *openapi3.Schema, format string) *openapi3.SchemaRef {
	return &openapi3.SchemaRef{Value: &openapi3.Schema{Type: &openapi3.Types{kind}, Format: format, Description: s.Description}}
}

// isJSON reports whether a media type is JSON. An empty one counts, because a contentSchema
// describes JSON.
func isJSON(mediaType string) bool {
	name, _, _ := mime.ParseMediaType(mediaType)
	return mediaType == "" || name == "application/json" || strings.HasSuffix(name, "+json")
}
