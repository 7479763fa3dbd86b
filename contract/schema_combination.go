package contract

import "strings"

// checkSchemas checks a value by the keywords that apply other schemas to the same value.
func (s *Schema) checkSchemas(all Schemas, value any, seen *evaluated) *misfit {
	for i := range s.AllOf {
		if m := s.AllOf[i].check(all, value, seen); m != nil {
			return m
		}
	}
	if len(s.AnyOf) > 0 {
		if fitting, m := checkEach(all, s.AnyOf, value, seen); fitting == 0 {
			return m
		}
	}
	if len(s.OneOf) > 0 {
		switch fitting, m := checkEach(all, s.OneOf, value, seen); {
		case fitting == 0:
			return m
		case fitting > 1:
			return &misfit{reason: "must fit exactly one of its alternatives"}
		}
	}
	if s.Not != nil && s.Not.check(all, value, nil) == nil {
		return &misfit{reason: "must not fit the schema of not"}
	}
	if s.If == nil {
		return nil
	}
	then := s.Then
	if s.If.try(all, value, seen) != nil {
		then = s.Else
	}
	if then == nil {
		return nil
	}
	return then.check(all, value, seen)
}

// checkEach returns how many of the schemas a value fits, and the misfits of the others as
// one.
func checkEach(all Schemas, each []Schema, value any, seen *evaluated) (fitting int, why *misfit) {
	var reasons []string
	for i := range each {
		if m := each[i].try(all, value, seen); m != nil {
			reasons = append(reasons, m.text())
		} else {
			fitting++
		}
	}
	return fitting, &misfit{reason: strings.Join(reasons, ", or ")}
}

// try is check for a schema that the value may fail: only if it fits, try adds to seen.
func (s *Schema) try(all Schemas, value any, seen *evaluated) *misfit {
	if seen == nil {
		return s.check(all, value, nil)
	}
	own := &evaluated{}
	m := s.check(all, value, own)
	if m == nil {
		seen.add(own)
	}
	return m
}
