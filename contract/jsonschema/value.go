package jsonschema

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// parse returns the value of a text that is valid JSON: nil, a bool, a string, a Number, a
// []any or a map[string]any. It keeps numbers exact.
func parse(data []byte) any {
	p := parser{text: string(data)}
	return p.value()
}

// parser reads a text that is valid JSON. It returns slices of the text.
type parser struct {
	text string
	at   int
}

// next returns the next byte that is not white space, and does not consume it.
func (p *parser) next() byte {
	for {
		switch c := p.text[p.at]; c {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return c
		}
	}
}

func (p *parser) value() any {
	switch p.next() {
	case '{':
		return p.object()
	case '[':
		return p.array()
	case '"':
		return p.string()
	case 't':
		p.at += len("true")
		return true
	case 'f':
		p.at += len("false")
		return false
	case 'n':
		p.at += len("null")
		return nil
	}
	begin := p.at
	for p.at < len(p.text) && strings.IndexByte("+-.0123456789Ee", p.text[p.at]) >= 0 {
		p.at++
	}
	return Number(p.text[begin:p.at])
}

// more consumes the next comma or closing bracket, and reports whether another item follows.
// The caller has consumed the opening bracket.
func (p *parser) more(closing byte) bool {
	switch p.next() {
	case closing:
		p.at++
		return false
	case ',':
		p.at++
	}
	return true
}

func (p *parser) object() any {
	members := map[string]any{}
	for p.at++; p.more('}'); {
		p.next()
		name := p.string()
		p.next()
		p.at++ // the colon
		members[name] = p.value()
	}
	return members
}

func (p *parser) array() any {
	items := []any{}
	for p.at++; p.more(']'); {
		items = append(items, p.value())
	}
	return items
}

func (p *parser) string() string {
	begin, plain := p.at, true
	for p.at++; p.text[p.at] != '"'; p.at++ {
		if p.text[p.at] == '\\' {
			plain = false
			p.at++
		}
	}
	p.at++
	if s := p.text[begin+1 : p.at-1]; plain && utf8.ValidString(s) {
		return s
	}
	var s string
	_ = json.Unmarshal([]byte(p.text[begin:p.at]), &s) // the text is valid
	return s
}

// same reports whether two values are the same JSON: 1.0 equals 1.
func same(a, b any) bool {
	switch a := a.(type) {
	case nil:
		return b == nil
	case bool:
		b, ok := b.(bool)
		return ok && a == b
	case string:
		b, ok := b.(string)
		return ok && a == b
	case Number:
		b, ok := b.(Number)
		return ok && (a == b || a.Compare(b) == 0)
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, same)
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && maps.EqualFunc(a, b, same)
	}
	return false
}
