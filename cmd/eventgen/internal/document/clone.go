package document

import (
	"reflect"

	"github.com/getkin/kin-openapi/openapi3"
)

// Clone returns a deep copy of a document. The copy shares only what stays unchanged: the
// places, and the values of examples, defaults, enums and extensions. A part that several
// references share is one copy.
func Clone(doc *openapi3.T) *openapi3.T {
	c := &cloner{map[visit]reflect.Value{}}
	return c.clone(reflect.ValueOf(doc)).Interface().(*openapi3.T)
}

// cloner maps pointers and maps to their copies.
type cloner struct{ made map[visit]reflect.Value }

func (c *cloner) clone(v reflect.Value) reflect.Value {
	switch v.Kind() {
	case reflect.Pointer, reflect.Map:
		if v.IsNil() || v.Type() == reflect.TypeFor[*openapi3.Origin]() {
			return v
		}
		key := visit{v.Pointer(), v.Type()}
		if made, ok := c.made[key]; ok {
			return made
		}
		if v.Kind() == reflect.Map {
			return c.cloneMap(key, v)
		}
		return c.clonePointer(key, v)
	case reflect.Struct:
		made := reflect.New(v.Type()).Elem()
		c.fill(made, v)
		return made
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		made := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			made.Index(i).Set(c.clone(v.Index(i)))
		}
		return made
	default:
		return v
	}
}

// fill copies a struct. Unexported fields belong to the loader and are shared.
func (c *cloner) fill(made, v reflect.Value) {
	made.Set(v)
	for i := range v.NumField() {
		if v.Type().Field(i).IsExported() {
			made.Field(i).Set(c.clone(v.Field(i)))
		}
	}
}

func (c *cloner) cloneMap(key visit, v reflect.Value) reflect.Value {
	made := reflect.MakeMapWithSize(v.Type(), v.Len())
	c.made[key] = made
	for values := v.MapRange(); values.Next(); {
		made.SetMapIndex(values.Key(), c.clone(values.Value()))
	}
	return made
}

// clonePointer copies the target of a pointer. Some types hide their maps behind methods.
func (c *cloner) clonePointer(key visit, v reflect.Value) reflect.Value {
	switch part := v.Interface().(type) {
	case *openapi3.Paths:
		made := openapi3.NewPathsWithCapacity(part.Len())
		c.made[key] = reflect.ValueOf(made)
		made.Extensions, made.Origin = part.Extensions, part.Origin
		setAll(c, made, part.Map())
	case *openapi3.Responses:
		made := openapi3.NewResponsesWithCapacity(part.Len())
		c.made[key] = reflect.ValueOf(made)
		made.Extensions, made.Origin = part.Extensions, part.Origin
		setAll(c, made, part.Map())
	case *openapi3.Callback:
		made := openapi3.NewCallbackWithCapacity(part.Len())
		c.made[key] = reflect.ValueOf(made)
		made.Extensions, made.Origin = part.Extensions, part.Origin
		setAll(c, made, part.Map())
	default:
		made := reflect.New(v.Type().Elem())
		c.made[key] = made // before its content, which may lead back here
		if v.Elem().Kind() == reflect.Struct {
			c.fill(made.Elem(), v.Elem())
		} else {
			made.Elem().Set(c.clone(v.Elem()))
		}
	}
	return c.made[key]
}

// setAll stores copies of all elements in a map that is behind methods.
func setAll[V any](c *cloner, into interface{ Set(string, V) }, all map[string]V) {
	for name, value := range all {
		into.Set(name, c.clone(reflect.ValueOf(value)).Interface().(V))
	}
}
