package jsonschema

import "math"

func (c *compiler) lists(s *Schema, is *goType) *lists {
	items := free
	if is.kind == list {
		items = is.others
	}
	l := &lists{rest: c.node(s.Items, items), least: s.MinItems, most: math.MaxUint64}
	if s.MaxItems != nil {
		l.most = *s.MaxItems
	}
	for i := range s.PrefixItems {
		l.prefix = append(l.prefix, c.node(&s.PrefixItems[i], items))
	}
	return l
}
