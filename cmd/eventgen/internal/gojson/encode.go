package gojson

import "strings"

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
		w.encodeMember(v, f, constant, condition != "" && f.nilIsAbsent())
		if condition != "" {
			w.line("}")
		}
	}
	w.line("e.EndObject()")
}

// encodeMember writes the name and the value of a member. present tells that it is not nil.
func (w *writer) encodeMember(v string, f *field, constant string, present bool) {
	switch name := quotedName(f.name); {
	case f.shape.kind == text && constant == "":
		w.line("e.StringMember(%s, %s)", name, basic("string", f.shape, v))
	case present && f.shape.kind == pointer && f.shape.elem.kind == text:
		w.line("e.StringMember(%s, %s)", name, basic("string", f.shape.elem, "*"+v))
	case present:
		w.line("e.Name(%s)", name)
		w.encodePresent(v, f.shape, constant)
	default:
		w.line("e.Name(%s)", name)
		w.encode(v, f.shape, constant)
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
	if s.elem.text == "interface{}" || s.elem.text == "any" {
		if from = plain(from); !strings.HasPrefix(s.text, "map[") {
			from = "map[string]any(" + from + ")"
		}
		w.line("e.Any(%s)", from)
		return
	}
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
