package jsonschema_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/contract/jsonschema"
)

// These tests end soon, or not at all: the schemas and the data are such that a simple check
// takes time that is exponential in the depth, or quadratic in the size.

// both returns a schema that applies to the member next of an object in two ways.
func both(how func(a, b schema) schema) jsonschema.Schemas {
	next := object(nil, property("next", schema{Ref: "it"}))
	all := how(next, next)
	return jsonschema.Schemas{"it": &all}
}

func TestDeepUnions(t *testing.T) {
	leaf := schema{Types: []string{"string"}}
	for name, all := range map[string]jsonschema.Schemas{
		"anyOf": both(func(a, b schema) schema { return schema{AnyOf: []schema{a, b, leaf}} }),
		"oneOf": both(func(a, b schema) schema { return schema{OneOf: []schema{a, b, leaf}} }),
		"allOf": both(func(a, b schema) schema { return schema{AllOf: []schema{a, b}} }),
		"both":  both(func(a, b schema) schema { a.AllOf = []schema{b}; return a }),
		"not":   both(func(a, b schema) schema { return schema{Not: new(schema{AllOf: []schema{a, b}})} }),
		"if":    both(func(a, b schema) schema { return schema{If: &a, Then: &b, Else: &leaf} }),
		"dependents": both(func(a, b schema) schema {
			return schema{AllOf: []schema{a}, Dependents: []jsonschema.Property{property("next", b)}}
		}),
		"pattern": {"it": new(schema{Types: []string{"object"}, Properties: []jsonschema.Property{property("next", schema{Ref: "it"})}, PatternProperties: []jsonschema.PatternProperty{
			{Pattern: regexp.MustCompile("^n"), Schema: schema{Ref: "it"}}, {Pattern: regexp.MustCompile("t$"), Schema: schema{Ref: "it"}}}})},
		"patterns": {"it": new(schema{Types: []string{"object"}, PatternProperties: []jsonschema.PatternProperty{
			{Pattern: regexp.MustCompile("^n"), Schema: schema{Ref: "it"}}, {Pattern: regexp.MustCompile("t$"), Schema: schema{Ref: "it"}}}})},
	} {
		rules := &jsonschema.Rules{All: &all, Schema: "it"}
		for _, end := range []string{`"x"`, `7`, `[]`} {
			err := rules.Check([]byte(strings.Repeat(`{"next":`, 2_000) + end + strings.Repeat("}", 2_000)))
			if err != nil && len(err.Error()) > 2000 {
				t.Errorf("%s: the error has %d bytes", name, len(err.Error()))
			}
		}
	}
}

func TestDeepItems(t *testing.T) {
	all := jsonschema.Schemas{"it": {Types: []string{"array"}, Items: &schema{Ref: "it"}, Contains: &schema{Ref: "it"}, MinContains: new(uint64(0)), Unique: true}}
	rules := &jsonschema.Rules{All: &all, Schema: "it"}
	if err := rules.Check([]byte(strings.Repeat(`[[],`, 9_000) + `[[]]` + strings.Repeat("]", 9_000))); err != nil {
		t.Errorf("got %.300v", err)
	}
}

func TestManyMembers(t *testing.T) {
	data := []byte(`{"x":{` + members(0, 50_000) + `}}`)
	twice := []byte(`{"x":{` + members(0, 50_000) + `,"m49999":1}}`)
	for name, rules := range everyRules {
		if err := rules.Check(data); (err == nil) != (name != "misfit") {
			t.Errorf("%s: %v", name, err)
		}
		if err := rules.Check(twice); err == nil || err.Error() != `data/x: the member "m49999" must come only once` {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A schema of many properties has a table of its own to find them.
func TestManyProperties(t *testing.T) {
	all := schema{Closed: true}
	for name := range strings.SplitSeq(members(0, 1000), ",") {
		name, _, _ = strings.Cut(name, ":")
		all.Properties = append(all.Properties, property(strings.Trim(name, `"`), schema{Types: []string{"integer"}}))
		all.Required = append(all.Required, strings.Trim(name, `"`))
	}
	rules := &jsonschema.Rules{Schema: "it", All: &jsonschema.Schemas{"it": &all}}
	for data, want := range map[string]string{
		`{` + members(0, 1000) + `}`:                           "",
		`{` + members(500, 1000) + `,` + members(0, 500) + `}`: "",
		`{` + members(0, 1000) + `,"m7":7}`:                    `data: the member "m7" must come only once`,
		`{` + members(0, 1001) + `}`:                           `data: "m1000" is not an allowed member`,
		`{` + members(0, 321) + `,` + members(322, 1000) + `}`: `data: "m321" is required`,
		`{` + members(0, 353) + `,` + members(354, 1000) + `}`: `data: "m353" is required`,
		`{` + members(0, 999) + `}`:                            `data: "m999" is required`,
	} {
		if err := rules.Check([]byte(data)); (err == nil) != (want == "") || err != nil && err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// A usual event is checked without memory from the heap.
func TestAllocations(t *testing.T) {
	for _, event := range events {
		if event.pools {
			continue // the race detector makes a sync.Pool forget
		}
		data := []byte(event.data)
		if n := testing.AllocsPerRun(100, func() { _ = event.rules.Check(data) }); n > 0 {
			t.Errorf("%s: %v allocations", event.name, n)
		}
	}
}
