package contract

import (
	"fmt"
	"strconv"
)

func (s *Schema) checkArray(all Schemas, value []any, seen *evaluated) *misfit {
	switch {
	case uint64(len(value)) < s.MinItems:
		return &misfit{reason: fmt.Sprintf("must have at least %d items", s.MinItems)}
	case s.MaxItems != nil && uint64(len(value)) > *s.MaxItems:
		return &misfit{reason: fmt.Sprintf("must have at most %d items", *s.MaxItems)}
	}
	if s.Unique {
		if m := checkUnique(value); m != nil {
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
		if m := schema.check(all, item, nil); m != nil {
			return m.within(strconv.Itoa(i))
		}
		seen.item(i)
	}
	return s.checkContains(all, value, seen)
}

// checkUnique compares items by a text that is equal for equal JSON only.
func checkUnique(items []any) *misfit {
	places := make(map[string]int, len(items))
	for i, item := range items {
		key := string(appendKey(nil, item))
		if j, ok := places[key]; ok {
			return &misfit{reason: fmt.Sprintf("must not repeat an item: item %d equals item %d", i, j)}
		}
		places[key] = i
	}
	return nil
}

func (s *Schema) checkContains(all Schemas, value []any, seen *evaluated) *misfit {
	if s.Contains == nil {
		return nil
	}
	least := uint64(1)
	if s.MinContains != nil {
		least = *s.MinContains
	}
	fitting, first := uint64(0), ""
	for i, item := range value {
		m := s.Contains.check(all, item, nil)
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
