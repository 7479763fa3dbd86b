package jsonschema

import (
	"fmt"
	"strconv"
)

func (c *checker) checkArray(s *Schema, value []any, seen *evaluated) *misfit {
	switch {
	case uint64(len(value)) < s.MinItems:
		return &misfit{reason: fmt.Sprintf("must have at least %d items", s.MinItems)}
	case s.MaxItems != nil && uint64(len(value)) > *s.MaxItems:
		return &misfit{reason: fmt.Sprintf("must have at most %d items", *s.MaxItems)}
	}
	if s.Unique {
		if m := c.checkUnique(value); m != nil {
			return m
		}
	}
	for i, item := range value {
		schema := s.Items
		if i < len(s.PrefixItems) {
			schema = &s.PrefixItems[i]
		}
		if schema == nil {
			break
		}
		if m := c.check(schema, item, nil); m != nil {
			return m.within(strconv.Itoa(i))
		}
		seen.item(i)
	}
	return c.checkContains(s, value, seen)
}

func (c *checker) checkContains(s *Schema, value []any, seen *evaluated) *misfit {
	if s.Contains == nil {
		return nil
	}
	least := uint64(1)
	if s.MinContains != nil {
		least = *s.MinContains
	}
	fitting, first := uint64(0), ""
	for i, item := range value {
		m := c.check(s.Contains, item, nil)
		if m == nil {
			fitting++
			seen.item(i)
		} else if first == "" {
			first = ": " + m.within(strconv.Itoa(i)).text()
		}
	}
	switch {
	case fitting < least:
		return &misfit{reason: fmt.Sprintf("must contain at least %d matching items, not %d%s", least, fitting, first)}
	case s.MaxContains != nil && fitting > *s.MaxContains:
		return &misfit{reason: fmt.Sprintf("must contain at most %d matching items, not %d", *s.MaxContains, fitting)}
	}
	return nil
}
