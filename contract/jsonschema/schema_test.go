package jsonschema_test

import (
	"errors"
	"regexp"
	"testing"

	"github.com/mixstream/mixstream/contract/eventjson"
	"github.com/mixstream/mixstream/contract/jsonschema"
)

func ptr[T any](v T) *T { return &v }

// A value fits a schema, or the error tells where it does not, and why.
func TestSchemas(t *testing.T) {
	type schema = jsonschema.Schema
	for _, test := range []struct {
		name      string
		schema    schema
		fits      []string
		misfits   []string
		complaint string // of the first misfit
	}{
		{"nothing", schema{}, []string{`null`, `{}`, `7`, `[1]`}, []string{`{`, ``, `1 2`}, "data: unexpected end of JSON input"},
		{"type", schema{Types: []string{"string", "null"}}, []string{`"a"`, `null`}, []string{`7`, `{}`, `[]`, `true`}, "data: must be of type string or null, not number"},
		{"integer", schema{Types: []string{"integer"}}, []string{`7`, `-0`, `7.0`, `1e3`}, []string{`7.5`, `"7"`}, "data: must be of type integer, not number"},
		{"number", schema{Types: []string{"number"}}, []string{`7`, `7.5`}, []string{`null`}, "data: must be of type number, not null"},
		{"enum", schema{Enum: []any{"a", jsonschema.Number("1"), nil, true, []any{"x"}}}, []string{`"a"`, `1`, `1.0`, `null`, `true`, `["x"]`}, []string{`"b"`, `false`, `{}`, `["y"]`}, "data: must be one of a, 1, null, true, [x]"},
		{"pattern", schema{Pattern: regexp.MustCompile("^a+$")}, []string{`"aa"`, `7`}, []string{`"ab"`}, "data: must match ^a+$"},
		{"length", schema{MinLength: 2, MaxLength: ptr(uint64(3))}, []string{`"ää"`, `"äää"`, `7`}, []string{`"ä"`, `"ääää"`}, "data: must have at least 2 characters"},
		{"bounds", schema{Minimum: "1", Maximum: "2"}, []string{`1`, `2`, `"x"`}, []string{`0.9`, `2.1`}, "data: must be at least 1"},
		{"open bounds", schema{ExclusiveMinimum: "1", ExclusiveMaximum: "2"}, []string{`1.5`}, []string{`1`, `2`}, "data: must be more than 1"},
		{"multiple", schema{MultipleOf: "0.1"}, []string{`0.3`, `7`, `-0.7`}, []string{`0.35`}, "data: must be a multiple of 0.1"},
		{"items", schema{Items: &schema{Types: []string{"string"}}, MinItems: 1, MaxItems: ptr(uint64(2))}, []string{`["a"]`, `["a","b"]`, `7`}, []string{`["a",7]`, `[]`, `["a","b","c"]`}, "data/1: must be of type string, not number"},
		{"unique", schema{Unique: true}, []string{`[1,"1",{"a":1,"b":2}]`}, []string{`[{"a":1,"b":2},1,{"b":2,"a":1}]`}, "data: must not repeat an item: item 2 equals item 0"},
		{"required", schema{Required: []string{"a"}}, []string{`{"a":null}`, `7`}, []string{`{"A":1}`, `{}`}, `data: "a" is required`},
		{"properties", schema{Properties: []jsonschema.Property{{Name: "a/b~c", Schema: schema{Types: []string{"string"}}}}}, []string{`{"a/b~c":"x","more":1}`}, []string{`{"a/b~c":1}`}, "data/a~1b~0c: must be of type string, not number"},
		{"closed", schema{Closed: true, Properties: []jsonschema.Property{{Name: "a"}}}, []string{`{"a":1}`, `{}`}, []string{`{"a":1,"b":2}`, `{"A":1}`}, `data: "b" is not an allowed member`},
		{"additional", schema{Additional: &schema{Types: []string{"string"}}, Properties: []jsonschema.Property{{Name: "a"}}}, []string{`{"a":1,"b":"x"}`}, []string{`{"b":1}`}, "data/b: must be of type string, not number"},
		{"members", schema{MinProperties: 1, MaxProperties: ptr(uint64(2))}, []string{`{"a":1}`}, []string{`{}`, `{"a":1,"b":2,"c":3}`}, "data: must have at least 1 members"},
		{"allOf", schema{AllOf: []schema{{Required: []string{"a"}}, {Required: []string{"b"}}}}, []string{`{"a":1,"b":2}`}, []string{`{"a":1}`}, `data: "b" is required`},
		{"anyOf", schema{AnyOf: []schema{{Types: []string{"string"}}, {Required: []string{"a"}}}}, []string{`"x"`, `{"a":1}`}, []string{`{}`}, `data: must be of type string, not object, or "a" is required`},
		{"oneOf", schema{OneOf: []schema{{Required: []string{"a"}}, {Required: []string{"b"}}}}, []string{`{"a":1}`}, []string{`{"a":1,"b":2}`, `{}`}, "data: must fit exactly one of its alternatives"},
		{"not", schema{Not: &schema{Types: []string{"string"}}}, []string{`7`}, []string{`"x"`}, "data: must not fit the schema of not"},
		{"never", schema{Properties: []jsonschema.Property{{Name: "a", Schema: schema{Never: true}}}}, []string{`{}`, `{"b":1}`}, []string{`{"a":null}`}, "data/a: must be absent"},
		{"pattern of a spec", schema{Pattern: regexp.MustCompile(`^[^\n]$`), PatternText: "^.$"}, []string{`"a"`}, []string{`"\n"`}, "data: must match ^.$"},
		{"prefix", schema{PrefixItems: []schema{{Types: []string{"string"}}, {Types: []string{"integer"}}}, Items: &schema{Types: []string{"null"}}}, []string{`[]`, `["a"]`, `["a",1,null,null]`}, []string{`["a","b"]`, `[1]`, `["a",1,2]`}, "data/1: must be of type integer, not string"},
		{"prefix alone", schema{PrefixItems: []schema{{Types: []string{"string"}}}}, []string{`["a",1]`}, []string{`[1]`}, "data/0: must be of type string, not number"},
		{"contains", schema{Contains: &schema{Minimum: "2"}}, []string{`[1,2]`, `["x"]`, `{}`}, []string{`[1]`, `[]`}, "data: must contain at least 1 matching items, not 0: /0 must be at least 2"},
		{"contains many", schema{Contains: &schema{Minimum: "2"}, MinContains: ptr(uint64(2)), MaxContains: ptr(uint64(3))}, []string{`[2,1,3]`, `[2,3,4]`}, []string{`[2,3,4,5]`, `[2,1]`}, "data: must contain at most 3 matching items, not 4"},
		{"contains none", schema{Contains: &schema{Minimum: "2"}, MinContains: ptr(uint64(0)), MaxContains: ptr(uint64(1))}, []string{`[]`, `[1]`, `[2]`}, []string{`[2,2]`}, "data: must contain at most 1 matching items, not 2"},
		{"pattern properties", schema{PatternProperties: []jsonschema.PatternProperty{{Pattern: regexp.MustCompile("^x-"), Schema: schema{Types: []string{"string"}}}}, Properties: []jsonschema.Property{{Name: "a"}, {Name: "x-a", Schema: schema{MinLength: 2}}}, Closed: true}, []string{`{"a":1,"x-b":"c","x-a":"de"}`}, []string{`{"x-b":1}`, `{"b":1}`, `{"x-a":"d"}`, `{"x-a":77}`}, "data/x-b: must be of type string, not number"},
		{"names", schema{Names: &schema{MaxLength: ptr(uint64(2))}}, []string{`{"ab":1}`, `{}`, `"abc"`}, []string{`{"abc":1}`}, `data: "abc" is not an allowed name of a member: must have at most 2 characters`},
		{"dependents", schema{Dependents: []jsonschema.Property{{Name: "a", Schema: schema{Required: []string{"b"}}}, {Name: "c", Schema: schema{Properties: []jsonschema.Property{{Name: "d", Schema: schema{Never: true}}}}}}}, []string{`{"a":1,"b":1}`, `{"b":1}`, `{"c":1}`}, []string{`{"a":1}`, `{"c":1,"d":1}`}, `data: "b" is required, because "a" is present`},
		{"dependents within", schema{Dependents: []jsonschema.Property{{Name: "a", Schema: schema{Dependents: []jsonschema.Property{{Name: "c", Schema: schema{Properties: []jsonschema.Property{{Name: "d", Schema: schema{Never: true}}}}}}}}}}, []string{`{"a":1}`, `{"c":1,"d":1}`}, []string{`{"a":1,"c":1,"d":1}`}, `data/d: must be absent, because "c" is present, because "a" is present`},
		{"if", schema{If: &schema{Types: []string{"string"}}, Then: &schema{MinLength: 2}, Else: &schema{Minimum: "2"}}, []string{`"ab"`, `2`, `null`}, []string{`1`, `"a"`}, "data: must be at least 2"},
		{"if alone", schema{If: &schema{Types: []string{"string"}}}, []string{`"ab"`, `2`}, []string{`{`}, "data: unexpected end of JSON input"},
		{"unevaluated properties", schema{
			Properties:            []jsonschema.Property{{Name: "a"}},
			AllOf:                 []schema{{Properties: []jsonschema.Property{{Name: "b"}}}},
			AnyOf:                 []schema{{Properties: []jsonschema.Property{{Name: "c", Schema: schema{Types: []string{"string"}}}}}, {Properties: []jsonschema.Property{{Name: "d"}}, Required: []string{"d"}}},
			If:                    &schema{Properties: []jsonschema.Property{{Name: "e"}}, Required: []string{"e"}},
			Then:                  &schema{PatternProperties: []jsonschema.PatternProperty{{Pattern: regexp.MustCompile("^f"), Schema: schema{}}}},
			Dependents:            []jsonschema.Property{{Name: "a", Schema: schema{Properties: []jsonschema.Property{{Name: "g"}}}}},
			Not:                   &schema{Properties: []jsonschema.Property{{Name: "h"}}, Required: []string{"h"}},
			UnevaluatedProperties: &schema{Types: []string{"null"}},
		}, []string{`{"a":1,"b":1,"c":"x","d":1,"e":1,"ff":1,"g":1}`, `{"z":null}`}, []string{`{"f":1}`, `{"c":1,"d":1}`, `{"g":1}`, `{"z":1}`, `{"i":1,"a":1}`}, "data/f: must be of type null, not number"},
		{"unevaluated after if", schema{If: &schema{Properties: []jsonschema.Property{{Name: "a"}, {Name: "b", Schema: schema{Types: []string{"string"}}}}}, UnevaluatedProperties: &schema{Never: true}}, []string{`{"a":1,"b":"x"}`, `{}`}, []string{`{"a":1,"b":1}`}, "data/a: must be absent"},
		{"unevaluated within", schema{AllOf: []schema{{UnevaluatedProperties: &schema{Types: []string{"string"}}}}, UnevaluatedProperties: &schema{Never: true}}, []string{`{"a":"x"}`, `[]`}, []string{`{"a":1}`}, "data/a: must be of type string, not number"},
		{"unevaluated items", schema{
			PrefixItems:      []schema{{Types: []string{"string"}}},
			Contains:         &schema{Types: []string{"boolean"}},
			AnyOf:            []schema{{PrefixItems: []schema{{}, {Types: []string{"integer"}}}}, {}},
			UnevaluatedItems: &schema{Never: true},
		}, []string{`["a",1,true]`, `["a",true]`, `["a",true,true]`, `7`}, []string{`["a",1,true,2]`, `["a",null,true]`}, "data/3: must be absent"},
		{"reference", schema{Ref: "other"}, []string{`{"next":{"next":{}}}`}, []string{`{"next":{"next":7}}`}, "data/next/next: must be of type object, not number"},
	} {
		all := jsonschema.Schemas{"it": &test.schema, "other": {Types: []string{"object"}, Properties: []jsonschema.Property{{Name: "next", Schema: schema{Ref: "other"}}}}}
		rules := &jsonschema.Rules{All: &all, Schema: "it"}
		for _, data := range test.fits {
			if err := rules.Check([]byte(data)); err != nil {
				t.Errorf("%s: %s: %v", test.name, data, err)
			}
		}
		for i, data := range test.misfits {
			err := rules.Check([]byte(data))
			if misfit, ok := errors.AsType[*eventjson.Error](err); !ok {
				t.Errorf("%s: %s: %v", test.name, data, err)
			} else if got := "data" + misfit.Path + ": " + misfit.Reason; i == 0 && got != test.complaint {
				t.Errorf("%s: %s: got %s, want %s", test.name, data, got, test.complaint)
			}
		}
	}
}

// check checks data by one schema.
func check(it *jsonschema.Schema, data string) error {
	return (&jsonschema.Rules{All: &jsonschema.Schemas{"it": it}, Schema: "it"}).Check([]byte(data))
}
