package gojson

import (
	"slices"
	"strings"
)

// encodeNamed writes the body of the function for a named type, whose variable is *v.
func (w *writer) encodeNamed(s *shape) {
	switch {
	case s.marshals:
		w.marshal(s)
	case s.kind == structure:
		w.encodeMembers("v", s)
	default:
		unnamed := *s
		unnamed.name = ""
		w.encode("(*v)", &unnamed, "")
	}
}

// begin begins an object or an array. A value that may contain itself ends the function where
// it is too deep.
func (w *writer) begin(method string) {
	if w.mayContainItself {
		w.line("if !e.%s() {", method)
		w.line("return")
		w.line("}")
		return
	}
	w.line("e.%s()", method)
}

// marshal calls the method MarshalJSON that oapi-codegen writes for a type.
func (w *writer) marshal(s *shape) {
	from := "v"
	for _, f := range s.fields {
		constant := f.texts.constant()
		if constant == "" || f.shape.kind != text {
			continue
		}
		if from == "v" {
			w.line("item := *v")
			from = "&item"
		}
		w.line("if item.%s == \"\" {", f.goName)
		w.line("item.%s = %q", f.goName, constant)
		w.line("}")
	}
	w.line("e.JSON(%s)", from)
}

// encode writes statements that write the variable from. A variable that is empty is written
// as constant, unless that is empty.
func (w *writer) encode(from string, s *shape, constant string) {
	switch s.kind {
	case slice, object, pointer:
		if s.hasFunction() {
			break
		}
		w.line("if %s == nil {", plain(from))
		w.line("e.Null()")
		w.line("} else {")
		w.encodePresent(from, s, constant)
		w.line("}")
		return
	default:
	}
	w.encodePresent(from, s, constant)
}

// encodePresent is encode for a variable that is not nil.
func (w *writer) encodePresent(from string, s *shape, constant string) {
	switch {
	case s.hasFunction():
		w.line("%s(e, %s)", w.function(s, true), address(from))
	case s.kind == text && constant != "":
		w.line("e.Const(%s, %q)", basic("string", s, from), constant)
	case s.kind == text:
		w.line("e.String(%s)", basic("string", s, from))
	case s.kind == boolean:
		w.line("e.Bool(%s)", basic("bool", s, from))
	case s.kind == integer:
		w.line("e.Int(%s)", basic("int64", s, from))
	case s.kind == unsigned:
		w.line("e.Uint(%s)", basic("uint64", s, from))
	case s.kind == float:
		w.line("e.Float(%s, %s)", basic("float64", s, from), s.bits)
	case s.kind == anything:
		w.line("e.Any(%s)", plain(from))
	case s.kind == raw:
		w.line("e.Raw(%s)", plain(from))
	case s.kind == structure:
		w.encodeMembers(from, s)
	case s.kind == slice:
		w.encodeItems(from, s)
	case s.kind == object:
		w.encodeEntries(from, s)
	case s.kind == pointer:
		w.encode("(*"+plain(from)+")", s.elem, "")
	default:
		w.line("e.JSON(%s)", address(from))
	}
}

// basic returns an expression as one of a basic type.
func basic(name string, s *shape, from string) string {
	if from = plain(from); s.text == name {
		return from
	}
	return name + "(" + from + ")"
}

func (w *writer) encodeMembers(from string, s *shape) {
	w.begin("Object")
	for _, f := range s.fields {
		v := selected(from, f.goName)
		constant := ""
		if f.shape.kind == text {
			constant = f.texts.constant()
		}
		condition := ""
		if constant == "" {
			condition = f.present(v)
		}
		if condition != "" {
			w.line("if %s {", condition)
		}
		w.line("e.Name(%s)", quotedName(f.name))
		if condition != "" && f.nilIsAbsent() {
			w.encodePresent(v, f.shape, constant)
		} else {
			w.encode(v, f.shape, constant)
		}
		if condition != "" {
			w.line("}")
		}
	}
	w.line("e.EndObject()")
}

// nilIsAbsent reports whether a field that is nil is not written.
func (f *field) nilIsAbsent() bool { return f.omitEmpty || f.omitZero }

// present returns the condition under which a field is written; empty if it always is.
func (f *field) present(v string) string {
	var all []string
	if f.omitEmpty {
		all = append(all, f.shape.notEmpty(v))
	}
	if f.omitZero {
		all = append(all, f.shape.notZero(v))
	}
	all = slices.DeleteFunc(slices.Compact(all), func(condition string) bool { return condition == "" })
	return strings.Join(all, " && ")
}

// notEmpty returns the condition that a value is not what omitempty leaves out; empty if there
// is no such value.
func (s *shape) notEmpty(v string) string {
	k := s.kind
	if k == foreign {
		k = s.under
	}
	switch k {
	case slice, object, raw:
		return "len(" + v + ") > 0"
	case structure:
		return ""
	case unread, foreign:
		return "!eventjson.IsEmpty(" + v + ")"
	default:
		return s.notZeroOf(k, v)
	}
}

// notZero returns the condition that a value is not what omitzero leaves out.
func (s *shape) notZero(v string) string {
	switch {
	case s.isZeroer:
		return "!" + v + ".IsZero()"
	case s.kind == structure, s.kind == foreign, s.kind == pointer && (s.elem.isZeroer || s.elem.kind == foreign):
		return "!eventjson.IsZero(" + v + ")"
	}
	return s.notZeroOf(s.kind, v)
}

func (s *shape) notZeroOf(k kind, v string) string {
	switch k {
	case text:
		return v + ` != ""`
	case boolean:
		return basic("bool", s, v)
	case integer, unsigned, float:
		return v + " != 0"
	default:
		return v + " != nil"
	}
}

func (w *writer) encodeItems(from string, s *shape) {
	w.begin("Array")
	switch {
	case s.elem.isScalar():
		w.line("for _, item := range %s {", plain(from))
		w.encode("item", s.elem, "")
	case s.elem.hasFunction():
		w.line("for i := range %s {", plain(from))
		w.line("%s(e, &%s[i])", w.function(s.elem, true), from)
	default:
		w.line("for i := range %s {", plain(from))
		w.line("item := &%s[i]", from)
		w.encode("(*item)", s.elem, "")
	}
	w.line("}")
	w.line("e.EndArray()")
}

func (w *writer) encodeEntries(from string, s *shape) {
	w.begin("Object")
	w.line("for _, name := range eventjson.Keys(%s) {", plain(from))
	w.line("e.Key(name)")
	switch entry := from + "[name]"; {
	case s.elem.kind == foreign:
		w.line("e.JSON(%s)", entry) // encoding/json does not take the address of an entry either
	case s.elem.isScalar():
		w.encode(entry, s.elem, "")
	default:
		w.line("item := %s", entry)
		w.encode("item", s.elem, "")
	}
	w.line("}")
	w.line("e.EndObject()")
}
