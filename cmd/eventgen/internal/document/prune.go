package document

import (
	"reflect"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
)

// Prune removes the components that no operation, no webhook and no schema in needed refers
// to. oapi-codegen's own pruning keeps components that need only each other, and removes
// components that webhooks need.
//
// As in oapi-codegen, the targets of a discriminator mapping stay only if something else needs
// them. Security schemes stay, because operations name them without a reference.
func Prune(doc *openapi3.T, needed []*openapi3.SchemaRef) {
	r := &reached{components: componentMaps(doc), names: map[componentName]bool{}}
	r.walker = newWalker(func(part any) {
		if ref := reflect.ValueOf(part).Elem(); ref.Kind() == reflect.Struct && strings.HasSuffix(ref.Type().Name(), "Ref") {
			r.follow(ref.FieldByName("Ref").String())
		}
	})
	for _, item := range doc.Paths.Map() {
		if len(item.Operations()) > 0 {
			r.walk(item)
		}
	}
	r.walk(doc.Webhooks)
	r.walk(needed)
	for kind, all := range r.components {
		for _, name := range all.MapKeys() {
			if kind != "securitySchemes" && !r.names[componentName{kind, name.String()}] {
				all.SetMapIndex(name, reflect.Value{})
			}
		}
	}
}

// componentName identifies an element of the components of a document.
type componentName struct{ kind, name string }

// componentMaps returns the maps of the components of a document by kind, such as "schemas".
func componentMaps(doc *openapi3.T) map[string]reflect.Value {
	maps := map[string]reflect.Value{}
	components := reflect.ValueOf(doc.Components).Elem()
	for i := range components.NumField() {
		field := components.Type().Field(i)
		if kind, _, _ := strings.Cut(field.Tag.Get("json"), ","); kind != "-" && field.Type.Kind() == reflect.Map {
			maps[kind] = components.Field(i)
		}
	}
	return maps
}

// reached collects the components that something refers to.
type reached struct {
	*walker
	components map[string]reflect.Value
	names      map[componentName]bool
}

// follow visits the component that a reference points to or into.
func (r *reached) follow(ref string) {
	parts := strings.Split(ref, "/")
	if len(parts) < 4 || parts[0] != "#" || parts[1] != "components" {
		return
	}
	c := componentName{parts[2], source.Unescape.Replace(parts[3])}
	if all, ok := r.components[c.kind]; ok && !r.names[c] {
		r.names[c] = true
		if target := all.MapIndex(reflect.ValueOf(c.name)); target.IsValid() {
			r.value(target)
		}
	}
}
