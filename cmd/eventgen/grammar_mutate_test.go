package main

import (
	"maps"
	"slices"
)

// holder is a value of a document, with functions to change it.
type holder struct {
	get func() any
	set func(any)
	cut func() // removes it from its parent
}

// holders returns all values within a value, outer ones first.
func holders(value any) (all []holder) {
	switch value := value.(type) {
	case object:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			all = append(all, holder{
				func() any { return value[name] },
				func(v any) { value[name] = v },
				func() { delete(value, name) },
			})
			all = append(all, holders(value[name])...)
		}
	case []any:
		for i := range value {
			all = append(all, holder{
				func() any { return value[i] },
				func(v any) { value[i] = v },
				nil,
			})
			all = append(all, holders(value[i])...)
		}
	}
	return all
}

// cloned returns a copy of a value of a document.
func cloned(value any) any {
	switch value := value.(type) {
	case object:
		c := object{}
		for name, v := range value {
			c[name] = cloned(v)
		}
		return c
	case []any:
		c := make([]any, len(value))
		for i, v := range value {
			c[i] = cloned(v)
		}
		return c
	}
	return value
}

// mutate makes one part of a document wrong or unusual.
func mutate(c *choices, document object) {
	all := holders(document)
	h := all[(c.n(256)*256+c.n(256))%len(all)]
	switch c.n(8) {
	case 0:
		if h.cut != nil {
			h.cut()
		}
	case 1:
		h.set(choose[any](c, "text", number("7"), nil, true, []any{}, object{}, "", number("1e999"), []any{object{}}))
	case 2: // an unknown keyword
		if v, ok := h.get().(object); ok {
			v[choose(c, "requird", "propertes", "Type", "nullabel", "oneof")] = choose[any](c, "x", []any{"x"}, true, object{"type": "string"})
		}
	case 3:
		if v, ok := h.get().(string); ok {
			h.set(v + choose(c, "x", "/", " ", "#", "\n"))
		}
	case 4: // a copy of a part of the document elsewhere
		h.set(cloned(all[(c.n(256)*256+c.n(256))%len(all)].get()))
	case 5:
		h.set(object{"$ref": choose(c, "#/components/schemas/Nowhere", "#/paths/~1x", "nowhere.yaml#/a", "#/", "", "#/info", "#/components/schemas", "https://127.0.0.1:1/x.yaml")})
	case 6:
		if v, ok := h.get().(object); ok {
			maps.Copy(v, choose(c,
				object{"x-go-name": "Foo"}, object{"x-go-name": "not a name"}, object{"x-go-type": "int"}, object{"const": number("1")}, object{"const": nil},
				object{"enum": []any{}}, object{"enum": []any{nil, number("1"), "a"}}, object{"pattern": "("}, object{"type": "sting"}, object{"type": []any{}},
				object{"required": []any{"nowhere"}}, object{"items": object{}}, object{"additionalProperties": false}, object{"not": object{}},
				object{"prefixItems": []any{object{"type": "string"}}}, object{"if": object{}, "then": object{"type": "string"}}, object{"$dynamicRef": "#a"},
				object{"discriminator": object{"propertyName": "nowhere"}}, object{"allOf": []any{}}, object{"oneOf": []any{}}, object{"nullable": true},
				object{"minimum": number("99999999999999999999999")}, object{"maxLength": number("-1")}, object{"multipleOf": number("0")},
				object{"x-mixstream": object{"control": object{"connected": object{"event": "made1"}}}}, object{"x-go-type-skip-optional-pointer": true},
			))
		}
	case 7:
		if v, ok := h.get().(object); ok {
			for _, name := range slices.Sorted(maps.Keys(v)) {
				other := v[name]
				delete(v, name)
				v[name+choose(c, "s", "_", " ", "/", "")] = other
				break
			}
		}
	}
}

// minimized removes parts of a document while it still fails, within a limited number of
// tries.
func minimized(document object, tries int, fails func(object) bool) object {
	for again := true; again && tries > 0; {
		again = false
		for i := 0; i < len(holders(document)) && tries > 0; {
			next, _ := cloned(document).(object)
			if h := holders(next)[i]; h.cut != nil {
				h.cut()
			} else {
				next = withoutItem(next, i)
			}
			if tries--; fails(next) {
				document, again = next, true
			} else {
				i++
			}
		}
	}
	return document
}

// withoutItem returns a document without the value with this number, an item of an array.
func withoutItem(document object, number int) object {
	i := -1
	var without func(value any) any
	without = func(value any) any {
		switch value := value.(type) {
		case object:
			for _, name := range slices.Sorted(maps.Keys(value)) {
				i++
				value[name] = without(value[name])
			}
		case []any:
			var kept []any
			for _, item := range value {
				i++
				is := i == number
				if item = without(item); !is {
					kept = append(kept, item)
				}
			}
			if kept == nil {
				kept = []any{}
			}
			return kept
		}
		return value
	}
	without(document)
	return document
}
