package jsonschema

import "strings"

// checkSchemas checks a value by the keywords that apply other schemas to the same value.
func (c *checker) checkSchemas(s *Schema, value any, seen *evaluated) *misfit {
	for i := range s.AllOf {
		if m := c.check(&s.AllOf[i], value, seen); m != nil {
			return m
		}
	}
	if len(s.AnyOf) > 0 {
		if fitting, m := c.checkEach(s.AnyOf, value, seen); fitting == 0 {
			return m
		}
	}
	if len(s.OneOf) > 0 {
		switch fitting, m := c.checkEach(s.OneOf, value, seen); {
		case fitting == 0:
			return m
		case fitting > 1:
			return &misfit{reason: "must fit exactly one of its alternatives"}
		}
	}
	if s.Not != nil && c.check(s.Not, value, nil) == nil {
		return &misfit{reason: "must not fit the schema of not"}
	}
	if s.If == nil {
		return nil
	}
	then := s.Then
	if c.try(s.If, value, seen) != nil {
		then = s.Else
	}
	if then == nil {
		return nil
	}
	return c.check(then, value, seen)
}

// checkEach returns how many of the schemas a value fits, and the misfits of the others as
// one, unless these are many.
func (c *checker) checkEach(each []Schema, value any, seen *evaluated) (fitting int, why *misfit) {
	var reasons []string
	length := 0
	for i := range each {
		m := c.try(&each[i], value, seen)
		if m == nil {
			fitting++
		} else if length <= maxReason {
			reasons = append(reasons, m.text())
			length += len(reasons[len(reasons)-1])
		}
	}
	return fitting, &misfit{reason: strings.Join(reasons, ", or ")}
}

// try is check for a schema that the value may fail: only if it fits, try adds to seen.
func (c *checker) try(s *Schema, value any, seen *evaluated) *misfit {
	if seen == nil {
		return c.check(s, value, nil)
	}
	own := &evaluated{}
	m := c.check(s, value, own)
	if m == nil {
		seen.add(own)
	}
	return m
}
