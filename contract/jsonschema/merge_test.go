package jsonschema_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/contract/jsonschema"
)

// What an allOf joins is checked in one pass if one schema expresses it.
func TestAllOf(t *testing.T) {
	closed := schema{Closed: true, Properties: []jsonschema.Property{property("a", schema{})}}
	more := schema{Properties: []jsonschema.Property{property("b", schema{Types: []string{"string"}})}, Required: []string{"b"}}
	null := schema{Types: []string{"null"}}
	for _, test := range []struct {
		name    string
		schema  schema
		onePass bool
		fits    string // texts between spaces
		misfits string
	}{
		{"properties", schema{AllOf: []schema{more, {Required: []string{"a"}, MaxProperties: new(uint64(2))}}, MinProperties: 1}, true, `{"a":1,"b":"x"}`, `{"a":1} {"b":"x"} {"a":1,"b":1} {"a":1,"b":"x","c":1}`},
		{"one property", schema{AllOf: []schema{more, {Properties: []jsonschema.Property{property("b", schema{MaxLength: new(uint64(1))})}}}}, true, `{"b":"x"}`, `{"b":"xy"} {"b":1} {}`},
		{"one property alike", schema{AllOf: []schema{more, {Properties: []jsonschema.Property{property("b", schema{}), property("a", schema{Ref: "leaf"})}}, {Properties: []jsonschema.Property{property("a", schema{Ref: "leaf"})}}}}, true, `{"b":"x","a":"y"}`, `{"b":"x","a":7} {"b":7}`},
		{"closed beside it", schema{Closed: true, AllOf: []schema{more}}, false, ``, `{"b":"x"} {}`},
		{"closed within", schema{AllOf: []schema{closed, {MinProperties: 1}}}, true, `{"a":1}`, `{"b":1} {}`},
		{"closed and more", schema{AllOf: []schema{closed, more}}, false, ``, `{"a":1,"b":"x"} {"b":"x"}`},
		{"more and closed", schema{AllOf: []schema{more, closed}}, false, ``, `{"a":1,"b":"x"} {"b":"x"}`},
		{"patterns", schema{AllOf: []schema{{Types: []string{"object"}}, {PatternProperties: []jsonschema.PatternProperty{{Pattern: regexp.MustCompile("a"), Schema: null}}}}}, false, `{"a":null,"b":1}`, `{"a":1} []`},
		{"types", schema{AllOf: []schema{{Types: []string{"string", "null", "array"}}, {Types: []string{"object", "string", "null"}}}}, true, `"a" null`, `[] {} 7`},
		{"number and integer", schema{AllOf: []schema{{Types: []string{"number", "string"}}, {Types: []string{"integer", "string"}}}}, false, `"a" 1 1.0`, `1.5 null`},
		{"numbers", schema{Types: []string{"integer"}, AllOf: []schema{{Minimum: "1"}, {Types: []string{"integer", "null"}}}}, true, `1 2.0`, `0 null 1.5`},
		{"bounds", schema{AllOf: []schema{{Minimum: "1"}, {Maximum: "2"}}}, false, `1 2 "x"`, `0 3`},
		{"values", schema{Types: []string{"string"}, AllOf: []schema{{Enum: []any{"a", "bc", nil}}, {MaxLength: new(uint64(1))}}}, true, `"a"`, `"bc" null "d"`},
		{"items", schema{AllOf: []schema{{Items: &null}, {Types: []string{"array"}}}}, true, `[] [null]`, `[1] 7`},
		{"items twice", schema{AllOf: []schema{{Items: &null}, {MinItems: 1}}}, false, `[null]`, `[] [1]`},
		{"never", schema{AllOf: []schema{{Never: true}, {}}}, false, ``, `1 {}`},
		{"two circles", schema{AllOf: []schema{{Ref: "left"}, {Ref: "right"}}}, false, `{"next":{"next":{"r":"x"}}}`, `{"next":{"l":1}} {"next":{"next":{"r":1}}}`},
		{"null within null", schema{AnyOf: []schema{null, {AnyOf: []schema{{Ref: "leaf"}, null}}}}, true, `null "a"`, `7`},
		{"null or more null", schema{OneOf: []schema{null, {AnyOf: []schema{{Ref: "leaf"}, null}}}}, false, `"a"`, `7`},
	} {
		rules := &jsonschema.Rules{Schema: "it", All: &jsonschema.Schemas{
			"it": &test.schema, "leaf": {Types: []string{"string"}},
			"left":  {Properties: []jsonschema.Property{property("next", schema{Ref: "left"}), property("l", schema{Types: []string{"string"}})}},
			"right": {Properties: []jsonschema.Property{property("next", schema{Ref: "right"}), property("r", schema{Types: []string{"string"}})}},
		}}
		if got := jsonschema.OnePass(rules); got != test.onePass {
			t.Errorf("%s: one pass tells all: %t", test.name, got)
		}
		for data := range strings.FieldsSeq(test.fits) {
			if err := rules.Check([]byte(data)); err != nil || !jsonschema.FitsPass(rules, []byte(data)) {
				t.Errorf("%s: %s: %v", test.name, data, err)
			}
		}
		for data := range strings.FieldsSeq(test.misfits) {
			if err := rules.Check([]byte(data)); err == nil {
				t.Errorf("%s: %s fits", test.name, data)
			}
		}
	}
}

// A check that visits many schemas still sees which members they cover.
func TestManyVisits(t *testing.T) {
	rules := &jsonschema.Rules{Schema: "it", All: &jsonschema.Schemas{
		"it":   {Unique: true, Items: &schema{AllOf: []schema{{Ref: "item"}}, UnevaluatedProperties: &schema{Never: true}}},
		"item": {Properties: []jsonschema.Property{property("n", schema{})}},
	}}
	items := strings.Split(members(0, 3000), ",")
	for i := range items {
		_, n, _ := strings.Cut(items[i], ":")
		items[i] = `{"n":` + n + `}`
	}
	if err := rules.Check([]byte("[" + strings.Join(items, ",") + "]")); err != nil {
		t.Errorf("got %v", err)
	}
	items[2999] = `{"n":1,"m":2}`
	if err := rules.Check([]byte("[" + strings.Join(items, ",") + "]")); err == nil || err.Error() != "data/2999/m: must be absent" {
		t.Errorf("got %v", err)
	}
}
