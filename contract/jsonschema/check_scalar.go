package jsonschema

import (
	"cmp"
	"fmt"
	"unicode/utf8"
)

func (s *Schema) checkString(value string) *misfit {
	if s.Pattern != nil && !s.Pattern.MatchString(value) {
		return &misfit{reason: "must match " + cmp.Or(s.PatternText, s.Pattern.String())}
	}
	if s.MinLength == 0 && s.MaxLength == nil {
		return nil
	}
	switch length := uint64(utf8.RuneCountInString(value)); { //nolint:gosec // a count is not negative
	case length < s.MinLength:
		return &misfit{reason: fmt.Sprintf("must have at least %d characters", s.MinLength)}
	case s.MaxLength != nil && length > *s.MaxLength:
		return &misfit{reason: fmt.Sprintf("must have at most %d characters", *s.MaxLength)}
	}
	return nil
}

func (s *Schema) checkNumber(value Number) *misfit {
	switch {
	case s.Minimum != "" && value.Compare(s.Minimum) < 0:
		return &misfit{reason: "must be at least " + string(s.Minimum)}
	case s.Maximum != "" && value.Compare(s.Maximum) > 0:
		return &misfit{reason: "must be at most " + string(s.Maximum)}
	case s.ExclusiveMinimum != "" && value.Compare(s.ExclusiveMinimum) <= 0:
		return &misfit{reason: "must be more than " + string(s.ExclusiveMinimum)}
	case s.ExclusiveMaximum != "" && value.Compare(s.ExclusiveMaximum) >= 0:
		return &misfit{reason: "must be less than " + string(s.ExclusiveMaximum)}
	case s.MultipleOf != "" && !value.isMultipleOf(s.MultipleOf):
		return &misfit{reason: "must be a multiple of " + string(s.MultipleOf)}
	}
	return nil
}
