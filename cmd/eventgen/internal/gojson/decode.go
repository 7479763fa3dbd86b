package gojson

import (
	"strconv"
	"strings"
)

// decodeNamed writes the body of the function for a named type, whose variable is *v.
func (w *writer) decodeNamed(s *shape) {
	switch s.kind {
	case structure:
		w.decodeMembers("v", s)
	case slice:
		w.decodeSlice("(*v)", s)
	case object:
		w.decodeMap("(*v)", s)
	default:
		w.decode("(*v)", s, "")
	}
}

// decode writes statements that set the variable to from the value that d reads. hint is the
// string that it has as a rule.
func (w *writer) decode(to string, s *shape, hint string) {
	switch {
	case s.isScalar():
		w.line("%s = %s", plain(to), decoded(s, hint))
	case s.kind == raw:
		w.line("%[1]s = append(%[1]s[:0:0], d.Raw()...)", to)
	case s.kind == pointer && s.elem.isScalar():
		w.line("if %s = nil; !d.Null() {", plain(to))
		w.line("%s = new(%s)", plain(to), decoded(s.elem, hint))
		w.line("}")
	case s.kind == pointer:
		w.line("if eventjson.Pointer(d, %s) {", address(to))
		w.decodeFresh("(*"+to+")", s.elem, "")
		w.line("}")
	case s.hasFunction() && s.kind != structure:
		w.line("%s(d, %s)", w.function(s, false), address(to))
	case s.kind == slice:
		w.decodeSlice(to, s)
	case s.kind == object:
		w.decodeMap(to, s)
	default:
		w.line("eventjson.Zero(%s)", address(to))
		w.decodeFresh(to, s, hint)
	}
}

// decodeFresh is decode for a variable that is zero.
func (w *writer) decodeFresh(to string, s *shape, hint string) {
	switch {
	case s.hasFunction():
		w.line("%s(d, %s)", w.function(s, false), address(to))
	case s.kind == structure:
		w.decodeMembers(to, s)
	case s.kind == foreign:
		w.line("d.JSON(%s)", address(to))
	default:
		w.decode(to, s, hint)
	}
}

// decodeMembers decodes an object into a struct that is zero.
func (w *writer) decodeMembers(to string, s *shape) {
	w.line("for ok := d.Object(); ok; ok = d.NextMember() {")
	if len(s.fields) > 0 {
		w.line("switch string(d.Name()) {")
		for _, f := range s.fields {
			w.line("case %q:", f.name)
			w.decode(selected(to, f.goName), f.shape, f.texts.hint)
		}
		w.line("default:")
	}
	if s.rest == nil {
		w.line("d.Skip()")
	} else {
		rest := selected(to, s.rest.goName)
		w.line("if %s == nil {", rest)
		w.line("%s = %s{}", rest, s.rest.shape.text)
		w.line("}")
		w.decodeEntry(rest, s.rest.shape)
	}
	if len(s.fields) > 0 {
		w.line("}")
	}
	w.line("}")
}

func (w *writer) decodeSlice(to string, s *shape) {
	w.line("for ok := eventjson.Slice(d, %s); ok; ok = d.NextItem() {", address(to))
	switch {
	case s.elem.isScalar():
		w.line("%s = append(%s, %s)", plain(to), plain(to), decoded(s.elem, ""))
	case s.elem.hasFunction():
		w.line("%s(d, eventjson.Append(%s))", w.function(s.elem, false), address(to))
	default:
		w.line("item := eventjson.Append(%s)", address(to))
		w.decodeFresh("(*item)", s.elem, "")
	}
	w.line("}")
}

func (w *writer) decodeMap(to string, s *shape) {
	w.line("for ok := eventjson.Map(d, %s); ok; ok = d.NextMember() {", address(to))
	w.decodeEntry(to, s)
	w.line("}")
}

// decodeEntry decodes one member of an object into a map.
func (w *writer) decodeEntry(to string, s *shape) {
	w.line("name := string(d.Name())")
	if s.elem.isScalar() {
		w.line("%s[name] = %s", to, decoded(s.elem, ""))
		return
	}
	item := "item"
	if strings.HasPrefix(strings.TrimLeft(to, "(*"), item) {
		item = "entry" // item is the map, or contains it
	}
	w.line("%s := eventjson.Item(%s)", item, plain(to))
	w.decodeFresh(item, s.elem, "")
	w.line("%s[name] = %s", to, item)
}

// decoded returns the expression that reads a scalar.
func decoded(s *shape, hint string) string {
	switch s.kind {
	case text:
		if hint != "" {
			return converted(s, "string", "d.Const("+strconv.Quote(hint)+")")
		}
		return converted(s, "string", "d.String()")
	case boolean:
		return converted(s, "bool", "d.Bool()")
	case integer:
		return converted(s, "int64", "d.Int("+s.bits+")")
	case unsigned:
		return converted(s, "uint64", "d.Uint("+s.bits+")")
	case float:
		return converted(s, "float64", "d.Float("+s.bits+")")
	default:
		return "d.Any()" // an interface without methods needs no conversion
	}
}
