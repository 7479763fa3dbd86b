package eventjson

import "reflect"

// IsEmpty reports whether omitempty leaves a field out: false, 0, a nil pointer, and an empty
// array, slice, map or string. It is for types whose kind the generated code does not know.
func IsEmpty(v any) bool {
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return r.Len() == 0
	case reflect.Struct, reflect.Chan, reflect.Func, reflect.UnsafePointer, reflect.Complex64, reflect.Complex128:
		return false
	default:
		return r.IsZero()
	}
}

// IsZero reports whether omitzero leaves a field out: the zero value of its type, or a value
// whose method IsZero says so. The method may have a pointer receiver. It is for types that
// the generated code does not know.
func IsZero(v any) bool {
	r := reflect.ValueOf(v)
	if !r.IsValid() || r.Kind() == reflect.Pointer && r.IsNil() {
		return true
	}
	if z, ok := v.(zeroer); ok {
		return z.IsZero()
	}
	if r.Kind() != reflect.Pointer && reflect.PointerTo(r.Type()).Implements(reflect.TypeFor[zeroer]()) {
		p := reflect.New(r.Type())
		p.Elem().Set(r)
		return p.Interface().(zeroer).IsZero() //nolint:forcetypeassert // the type implements it
	}
	return r.IsZero()
}

type zeroer interface{ IsZero() bool }
