package jsonschema

import (
	"math"
	"regexp"
	"slices"
	"unicode/utf8"
)

// texts tells which strings fit.
type texts struct {
	enum        []string // empty: any
	pattern     *regexp.Regexp
	least, most uint64 // characters
}

// newTexts returns which strings fit a schema; nil if all do.
func newTexts(s *Schema) *texts {
	t := &texts{pattern: s.Pattern, least: s.MinLength, most: math.MaxUint64}
	if s.MaxLength != nil {
		t.most = *s.MaxLength
	}
	for _, value := range s.Enum {
		if text, ok := value.(string); ok {
			t.enum = append(t.enum, text)
		}
	}
	if len(t.enum) == 0 && t.pattern == nil && t.least == 0 && s.MaxLength == nil {
		return nil
	}
	return t
}

// fit reports whether a string, as UTF-8, fits.
func (t *texts) fit(s []byte) bool {
	if len(t.enum) > 0 && !slices.ContainsFunc(t.enum, func(value string) bool { return value == string(s) }) {
		return false
	}
	if t.pattern != nil && !t.pattern.Match(s) {
		return false
	}
	// A character has one to four bytes, so few strings must be counted.
	size := uint64(len(s))
	if size <= t.most && size/utf8.UTFMax >= t.least {
		return true
	}
	length := uint64(utf8.RuneCount(s)) //nolint:gosec // a count is not negative
	return t.least <= length && length <= t.most
}
