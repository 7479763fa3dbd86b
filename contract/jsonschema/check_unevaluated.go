package jsonschema

import (
	"maps"
	"slices"
	"strconv"
)

// evaluated holds the parts of one value that the schemas which it fits cover, for
// unevaluatedProperties and unevaluatedItems (JSON Schema 2020-12, core, section 11). It is
// nil where no schema needs it.
type evaluated struct {
	members map[string]bool
	items   map[int]bool
}

func (e *evaluated) member(name string) {
	if e == nil {
		return
	}
	if e.members == nil {
		e.members = map[string]bool{}
	}
	e.members[name] = true
}

func (e *evaluated) item(i int) {
	if e == nil {
		return
	}
	if e.items == nil {
		e.items = map[int]bool{}
	}
	e.items[i] = true
}

// add adds the parts that another schema covers.
func (e *evaluated) add(other *evaluated) {
	for name := range other.members {
		e.member(name)
	}
	for i := range other.items {
		e.item(i)
	}
}

// checkUnevaluated checks the parts of a value that own lacks, and adds them.
func (c *checker) checkUnevaluated(s *Schema, value any, own *evaluated) *misfit {
	switch value := value.(type) {
	case []any:
		for i, item := range value {
			if s.UnevaluatedItems == nil || own.items[i] {
				continue
			}
			if m := c.check(s.UnevaluatedItems, item, nil); m != nil {
				return m.within(strconv.Itoa(i))
			}
			own.item(i)
		}
	case map[string]any:
		if s.UnevaluatedProperties == nil {
			return nil
		}
		for _, name := range slices.Sorted(maps.Keys(value)) {
			if own.members[name] {
				continue
			}
			if m := c.check(s.UnevaluatedProperties, value[name], nil); m != nil {
				return m.within(name)
			}
			own.member(name)
		}
	}
	return nil
}
