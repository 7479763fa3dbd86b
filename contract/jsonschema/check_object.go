package jsonschema

import (
	"fmt"
	"maps"
	"slices"

	"github.com/mixstream/mixstream/internal/excerpt"
)

func (c *checker) checkObject(s *Schema, value map[string]any, seen *evaluated) *misfit {
	switch count := uint64(len(value)); {
	case count < s.MinProperties:
		return &misfit{reason: fmt.Sprintf("must have at least %d members", s.MinProperties)}
	case s.MaxProperties != nil && count > *s.MaxProperties:
		return &misfit{reason: fmt.Sprintf("must have at most %d members", *s.MaxProperties)}
	}
	for _, name := range s.Required {
		if _, ok := value[name]; !ok {
			return &misfit{reason: fmt.Sprintf("%q is required", name)}
		}
	}
	named := 0
	for i := range s.Properties {
		p := &s.Properties[i]
		member, ok := value[p.Name]
		if !ok {
			continue
		}
		named++
		if m := c.check(&p.Schema, member, nil); m != nil {
			return m.within(p.Name)
		}
		seen.member(p.Name)
	}
	if len(s.PatternProperties) > 0 || s.Names != nil || named < len(value) && (s.Closed || s.Additional != nil) {
		if m := c.checkMembers(s, value, seen); m != nil {
			return m
		}
	}
	for i := range s.Dependents {
		d := &s.Dependents[i]
		if _, ok := value[d.Name]; !ok {
			continue
		}
		if m := c.check(&d.Schema, value, seen); m != nil {
			return m.because(excerpt.Quote(d.Name) + " is present")
		}
	}
	return nil
}

// checkMembers checks each member by its name.
func (c *checker) checkMembers(s *Schema, value map[string]any, seen *evaluated) *misfit {
	for _, name := range slices.Sorted(maps.Keys(value)) {
		if s.Names != nil {
			if m := c.check(s.Names, name, nil); m != nil {
				return &misfit{reason: excerpt.Quote(name) + " is not an allowed name of a member: " + m.text()}
			}
		}
		known := slices.ContainsFunc(s.Properties, func(p Property) bool { return p.Name == name })
		for i := range s.PatternProperties {
			p := &s.PatternProperties[i]
			if !p.Pattern.MatchString(name) {
				continue
			}
			known = true
			if m := c.check(&p.Schema, value[name], nil); m != nil {
				return m.within(name)
			}
			seen.member(name)
		}
		switch {
		case known:
		case s.Closed:
			return &misfit{reason: excerpt.Quote(name) + " is not an allowed member"}
		case s.Additional != nil:
			if m := c.check(s.Additional, value[name], nil); m != nil {
				return m.within(name)
			}
			seen.member(name)
		}
	}
	return nil
}
