package contract

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/big"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Schemas are schemas by their names in the spec.
type Schemas map[string]*Schema

// Check reports where data is not JSON that fits the schema of this name, as the data of the
// event called event. The error is an *InvalidEventError.
func (all Schemas) Check(event string, data []byte, schema string) error {
	var value any
	if err := json.Unmarshal(data, &value); err != nil {
		return &InvalidEventError{Event: event, Reason: whyMisfit(err), Err: err}
	}
	if m := all[schema].check(all, value); m != nil {
		return &InvalidEventError{Event: event, Path: m.path, Reason: m.reason}
	}
	return nil
}

// Schema is what is checked of a schema (JSON Schema 2020-12). A zero field checks nothing.
type Schema struct {
	Ref   string // the name of the schema that this one stands for
	Types []string
	Enum  []any // the values that are allowed, as json.Unmarshal makes them

	Pattern   *regexp.Regexp
	MinLength uint64 // in characters
	MaxLength *uint64

	Minimum, Maximum                   *float64
	ExclusiveMinimum, ExclusiveMaximum *float64
	MultipleOf                         *float64

	Items    *Schema
	MinItems uint64
	MaxItems *uint64
	Unique   bool // no two items are the same

	Required      []string
	Properties    []Property
	Closed        bool // no other properties
	Additional    *Schema
	MinProperties uint64
	MaxProperties *uint64

	AllOf, AnyOf, OneOf []Schema
	Not                 *Schema
}

// Property is one property of an object.
type Property struct {
	Name   string
	Schema Schema
}

// misfit says where a value does not fit, and why.
type misfit struct{ path, reason string }

// within returns the misfit as one of the value that has it at key.
func (m *misfit) within(key string) *misfit {
	return &misfit{"/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(key) + m.path, m.reason}
}

// check returns where a value as json.Unmarshal makes it does not fit; nil if it fits.
func (s *Schema) check(all Schemas, value any) *misfit {
	if s.Ref != "" {
		return all[s.Ref].check(all, value)
	}
	if m := s.checkType(value); m != nil {
		return m
	}
	if len(s.Enum) > 0 && !slices.ContainsFunc(s.Enum, func(v any) bool { return reflect.DeepEqual(v, value) }) {
		return &misfit{reason: "must be one of " + oneLine(s.Enum)}
	}
	var m *misfit
	switch value := value.(type) {
	case string:
		m = s.checkString(value)
	case float64:
		m = s.checkNumber(value)
	case []any:
		m = s.checkArray(all, value)
	case map[string]any:
		m = s.checkObject(all, value)
	}
	if m != nil {
		return m
	}
	return s.checkSchemas(all, value)
}

func (s *Schema) checkType(value any) *misfit {
	var is string
	switch value := value.(type) {
	case nil:
		is = "null"
	case bool:
		is = "boolean"
	case string:
		is = "string"
	case float64:
		if is = "number"; value == math.Trunc(value) && slices.Contains(s.Types, "integer") {
			is = "integer"
		}
	case []any:
		is = "array"
	case map[string]any:
		is = "object"
	}
	if len(s.Types) == 0 || slices.Contains(s.Types, is) {
		return nil
	}
	return &misfit{reason: "must be of type " + strings.Join(s.Types, " or ") + ", and is of type " + is}
}

func (s *Schema) checkString(value string) *misfit {
	length := uint64(utf8.RuneCountInString(value)) //nolint:gosec // a count is not negative
	switch {
	case s.Pattern != nil && !s.Pattern.MatchString(value):
		return &misfit{reason: "must match " + s.Pattern.String()}
	case length < s.MinLength:
		return &misfit{reason: fmt.Sprintf("must have %d characters or more", s.MinLength)}
	case s.MaxLength != nil && length > *s.MaxLength:
		return &misfit{reason: fmt.Sprintf("must have %d characters or less", *s.MaxLength)}
	}
	return nil
}

func (s *Schema) checkNumber(value float64) *misfit {
	switch {
	case s.Minimum != nil && value < *s.Minimum:
		return &misfit{reason: fmt.Sprintf("must be %v or more", *s.Minimum)}
	case s.Maximum != nil && value > *s.Maximum:
		return &misfit{reason: fmt.Sprintf("must be %v or less", *s.Maximum)}
	case s.ExclusiveMinimum != nil && value <= *s.ExclusiveMinimum:
		return &misfit{reason: fmt.Sprintf("must be more than %v", *s.ExclusiveMinimum)}
	case s.ExclusiveMaximum != nil && value >= *s.ExclusiveMaximum:
		return &misfit{reason: fmt.Sprintf("must be less than %v", *s.ExclusiveMaximum)}
	case s.MultipleOf != nil && !isMultiple(value, *s.MultipleOf):
		return &misfit{reason: fmt.Sprintf("must be a multiple of %v", *s.MultipleOf)}
	}
	return nil
}

// isMultiple reports whether value is a multiple of step, in the decimal digits in which
// JSON has both: 0.3 is one of 0.1.
func isMultiple(value, step float64) bool {
	v, ok := new(big.Rat).SetString(strconv.FormatFloat(value, 'g', -1, 64))
	s, also := new(big.Rat).SetString(strconv.FormatFloat(step, 'g', -1, 64))
	return ok && also && s.Sign() != 0 && v.Quo(v, s).IsInt()
}

func (s *Schema) checkArray(all Schemas, value []any) *misfit {
	switch {
	case uint64(len(value)) < s.MinItems:
		return &misfit{reason: fmt.Sprintf("must have %d items or more", s.MinItems)}
	case s.MaxItems != nil && uint64(len(value)) > *s.MaxItems:
		return &misfit{reason: fmt.Sprintf("must have %d items or less", *s.MaxItems)}
	}
	if s.Unique {
		if m := checkUnique(value); m != nil {
			return m
		}
	}
	if s.Items == nil {
		return nil
	}
	for i, item := range value {
		if m := s.Items.check(all, item); m != nil {
			return m.within(strconv.Itoa(i))
		}
	}
	return nil
}

// checkUnique compares items by their JSON, in which the members of objects are sorted.
func checkUnique(items []any) *misfit {
	places := make(map[string]int, len(items))
	for i, item := range items {
		text, err := json.Marshal(item)
		if err != nil {
			return &misfit{path: "/" + strconv.Itoa(i), reason: err.Error()}
		}
		if j, ok := places[string(text)]; ok {
			return &misfit{reason: fmt.Sprintf("must have no item twice, and item %d is the same as item %d", i, j)}
		}
		places[string(text)] = i
	}
	return nil
}

func (s *Schema) checkObject(all Schemas, value map[string]any) *misfit {
	switch count := uint64(len(value)); {
	case count < s.MinProperties:
		return &misfit{reason: fmt.Sprintf("must have %d members or more", s.MinProperties)}
	case s.MaxProperties != nil && count > *s.MaxProperties:
		return &misfit{reason: fmt.Sprintf("must have %d members or less", *s.MaxProperties)}
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
		if m := p.Schema.check(all, member); m != nil {
			return m.within(p.Name)
		}
	}
	if named == len(value) || !s.Closed && s.Additional == nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(value)) {
		if slices.ContainsFunc(s.Properties, func(p Property) bool { return p.Name == name }) {
			continue
		}
		if s.Closed {
			return &misfit{reason: quoted(name) + " is not a member that it may have"}
		}
		if m := s.Additional.check(all, value[name]); m != nil {
			return m.within(name)
		}
	}
	return nil
}

func (s *Schema) checkSchemas(all Schemas, value any) *misfit {
	for i := range s.AllOf {
		if m := s.AllOf[i].check(all, value); m != nil {
			return m
		}
	}
	if len(s.AnyOf) > 0 {
		if fitting, m := checkEach(all, s.AnyOf, value); fitting == 0 {
			return m
		}
	}
	if len(s.OneOf) > 0 {
		switch fitting, m := checkEach(all, s.OneOf, value); {
		case fitting == 0:
			return m
		case fitting > 1:
			return &misfit{reason: "must fit one of its alternatives only"}
		}
	}
	if s.Not != nil && s.Not.check(all, value) == nil {
		return &misfit{reason: "must not fit what is excluded"}
	}
	return nil
}

// checkEach returns how many of the schemas a value fits, and why it fits none.
func checkEach(all Schemas, each []Schema, value any) (fitting int, why *misfit) {
	var reasons []string
	for i := range each {
		m := each[i].check(all, value)
		if m == nil {
			fitting++
			continue
		}
		if m.path != "" {
			m.reason = m.path + " " + m.reason
		}
		reasons = append(reasons, m.reason)
	}
	return fitting, &misfit{reason: strings.Join(reasons, ", or ")}
}

// oneLine returns the values of an enum, for a person.
func oneLine(values []any) string {
	words := make([]string, len(values))
	for i, value := range values {
		words[i] = fmt.Sprint(value)
	}
	return strings.Join(words, ", ")
}
