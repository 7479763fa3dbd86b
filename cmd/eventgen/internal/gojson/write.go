package gojson

import (
	"fmt"
	"strconv"
	"strings"
)

// writer writes the body of a function.
type writer struct {
	types *Types
	b     strings.Builder

	mayContainItself bool // the value that the function encodes
}

func (w *writer) line(format string, args ...any) {
	fmt.Fprintf(&w.b, format+"\n", args...)
}

// function returns the name of a function of a type that has them.
func (w *writer) function(s *shape, encode bool) string {
	return w.types.nameOf(function{of: s.name, encode: encode})
}

// address returns an expression for the address of a variable.
func address(v string) string {
	if target, ok := strings.CutPrefix(v, "(*"); ok && strings.HasSuffix(target, ")") {
		return strings.TrimSuffix(target, ")")
	}
	return "&" + v
}

// selected returns an expression for a field of a struct.
func selected(v, field string) string {
	if target, ok := strings.CutPrefix(v, "(*"); ok && strings.HasSuffix(target, ")") {
		v = strings.TrimSuffix(target, ")")
	}
	return v + "." + field
}

// plain returns an expression without the parentheses around it.
func plain(v string) string {
	if target, ok := strings.CutPrefix(v, "("); ok && strings.HasSuffix(target, ")") {
		return strings.TrimSuffix(target, ")")
	}
	return v
}

// converted returns an expression of a basic type as one of a type.
func converted(s *shape, basic, e string) string {
	if s.text == basic {
		return e
	}
	return s.text + "(" + e + ")"
}

// quotedName returns the name of a member, quoted and with a colon, as a Go string.
func quotedName(name string) string { return "`" + strconv.Quote(name) + ":`" }
