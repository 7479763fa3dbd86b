package main

import (
	"reflect"

	"github.com/getkin/kin-openapi/openapi3"
)

// eachSchema calls f for every schema in a part of a document, each once.
func eachSchema(part any, f func(*openapi3.Schema)) {
	eachStruct(part, func(v reflect.Value) {
		if s, ok := v.Addr().Interface().(*openapi3.Schema); ok {
			f(s)
		}
	})
}

// eachStruct calls f for every struct behind a pointer in a part of a document, each once,
// before those in it. It reads the types of kin-openapi by reflection, so that no keyword
// is forgotten.
func eachStruct(part any, f func(reflect.Value)) {
	w := &structWalk{seen: map[visited]bool{}, f: f}
	w.walk(reflect.ValueOf(part))
}

type structWalk struct {
	seen map[visited]bool
	f    func(reflect.Value)
}

// visited is a part of the document, whose address may be that of its first field too.
type visited struct {
	address uintptr
	of      reflect.Type
}

func (w *structWalk) walk(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		w.pointer(v)
	case reflect.Struct:
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.IsExported() && field.Name != "Extensions" {
				w.walk(v.Field(i))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			w.walk(v.Index(i))
		}
	case reflect.Map:
		for values := v.MapRange(); values.Next(); {
			w.walk(values.Value())
		}
	}
}

func (w *structWalk) pointer(v reflect.Value) {
	if v.IsNil() || v.Elem().Kind() != reflect.Struct || w.seen[visited{v.Pointer(), v.Type()}] {
		return
	}
	w.seen[visited{v.Pointer(), v.Type()}] = true
	switch part := v.Interface().(type) {
	case *openapi3.Origin, *openapi3.Discriminator:
	case *openapi3.Paths:
		w.walk(reflect.ValueOf(part.Map()))
	case *openapi3.Responses:
		w.walk(reflect.ValueOf(part.Map()))
	case *openapi3.Callback:
		w.walk(reflect.ValueOf(part.Map()))
	default:
		w.f(v.Elem())
		w.walk(v.Elem())
	}
}
