package gojson

import (
	"slices"
	"strings"
)

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
