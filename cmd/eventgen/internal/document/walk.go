package document

import (
	"reflect"

	"github.com/getkin/kin-openapi/openapi3"
)

// EachSchema calls f for every schema in a part of a document, once each.
func EachSchema(part any, f func(*openapi3.Schema)) {
	EachPart(part, func(part any) {
		if s, ok := part.(*openapi3.Schema); ok {
			f(s)
		}
	})
}

// eachStruct calls f for every struct behind a pointer in a part of a document, once each and
// before its content.
func eachStruct(part any, f func(reflect.Value)) {
	EachPart(part, func(part any) {
		if v := reflect.ValueOf(part).Elem(); v.Kind() == reflect.Struct {
			f(v)
		}
	})
}

// EachPart calls f with every pointer in a part of a document, such as *openapi3.SchemaRef,
// once each and before its content.
func EachPart(part any, f func(part any)) { newWalker(f).walk(part) }

// walker visits the parts of a document, once each, and follows every reference. It walks the
// types of kin-openapi by reflection, so that it misses no keyword.
type walker struct {
	each func(part any) // receives a pointer, such as *openapi3.SchemaRef
	seen map[visit]bool
}

// visit identifies a part of a document. The type belongs to it, because a struct and its
// first field share an address.
type visit struct {
	address uintptr
	of      reflect.Type
}

func newWalker(each func(part any)) *walker { return &walker{each, map[visit]bool{}} }

// walk visits a part of a document and its content.
func (w *walker) walk(part any) { w.value(reflect.ValueOf(part)) }

func (w *walker) value(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() || w.seen[visit{v.Pointer(), v.Type()}] {
			return
		}
		w.seen[visit{v.Pointer(), v.Type()}] = true
		w.each(v.Interface())
		w.pointer(v)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				w.value(v.Field(i))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			w.value(v.Index(i))
		}
	case reflect.Map:
		for values := v.MapRange(); values.Next(); {
			w.value(values.Value())
		}
	}
}

// pointer visits the target of a pointer. Some types hide their maps behind methods.
func (w *walker) pointer(v reflect.Value) {
	switch part := v.Interface().(type) {
	case *openapi3.Origin, *openapi3.Discriminator:
	case *openapi3.Paths:
		w.walk(part.Map())
	case *openapi3.Responses:
		w.walk(part.Map())
	case *openapi3.Callback:
		w.walk(part.Map())
	default:
		w.value(v.Elem())
	}
}
