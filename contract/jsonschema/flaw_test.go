package jsonschema_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/contract/jsonschema"
)

// everyRules are rules that see the members a, b and x in different ways.
var everyRules = map[string]*jsonschema.Rules{
	"nothing": {},
	"text":    {Type: (*json.RawMessage)(nil)},
	"map":     {Type: (*map[string]any)(nil)},
	"fields": {Type: (*struct {
		A any `json:"a"`
		X any `json:"x"`
	})(nil)},
	"properties": {Schema: "it", All: &jsonschema.Schemas{"it": new(object(nil, property("a", schema{}), property("x", schema{Items: &schema{Ref: "it"}})))}},
	"others":     {Schema: "it", All: &jsonschema.Schemas{"it": {Additional: &schema{}}}},
	"tree":       {Schema: "it", All: &jsonschema.Schemas{"it": {Not: &schema{Types: []string{"null"}}, Properties: []jsonschema.Property{property("a", schema{})}}}},
	"misfit":     {Schema: "it", All: &jsonschema.Schemas{"it": {Never: true}}},
}

// Text that readers would take for different things is refused, wherever it stands.
func TestFlaws(t *testing.T) {
	most := strings.Repeat(`[`, 10_000) + strings.Repeat(`]`, 10_000)
	for data, want := range map[string]string{
		`{"a":1,"a":2}`:                              `: the member "a" must come only once`,
		`{"a":1,"b":2,"c":3,"b":4}`:                  `: the member "b" must come only once`,
		`{"a":1,"\u0061":2}`:                         `: the member "a" must come only once`,
		`{"\u0062":1,"b":2}`:                         `: the member "b" must come only once`,
		`{"b":1,"\u0062":2}`:                         `: the member "b" must come only once`,
		`{"":1,"":2}`:                                `: the member "" must come only once`,
		`{"x":[0,{"y/~":{"é":1,"\u00E9":1}}]}`:       `/x/1/y~1~0: the member "é" must come only once`,
		`{"x":[{"a":{}},{"a":{"a":{"b":1,"b":2}}}]}`: `/x/1/a/a: the member "b" must come only once`,
		`{` + members(0, 100) + `,"m0":1}`:           `: the member "m0" must come only once`,
		`{` + members(0, 100) + `,"m99":1}`:          `: the member "m99" must come only once`,
		`{` + members(0, 100) + `,"\u006d23":1}`:     `: the member "m23" must come only once`,
		`{"x":{` + members(0, 30) + `,"y":{` + members(0, 30) + `}},"x":0}`: `: the member "x" must come only once`,
		"{\"a\":\"b\xff\"}":         `/a: must be valid UTF-8`,
		"\"\xc0\x80\"":              `: must be valid UTF-8`,
		"\"\xed\xa0\x80\"":          `: must be valid UTF-8`,
		"\"\\n\xf4\x90\x80\x80\"":   `: must be valid UTF-8`,
		"{\"x\":{\"\xff\":1}}":      `/x: the name of a member must be valid UTF-8`,
		`["\ud83d\ude00","\ud83d"]`: `/1: must not have a lone surrogate`,
		`{"a":"\uDE00\uD83D"}`:      `/a: must not have a lone surrogate`,
		`"\ud83d\n\ude00"`:          `: must not have a lone surrogate`,
		`"\ud83dude00"`:             `: must not have a lone surrogate`,
		`{"\udfff":1}`:              `: the name of a member must not have a lone surrogate`,
		`{"a":1,"a":2`:              `: unexpected end of JSON input`,
		`["\ud800",]`:               `: invalid character ']' looking for beginning of value (byte 11)`,
		"\"\n\"":                    `: invalid character '\n' in string literal (byte 2)`,
		"\ufeff{}":                  `: invalid character 'ï' looking for beginning of value (byte 1)`,
		`[` + most + `]`:            `: must not be nested deeper than 10000 levels (byte 10001)`,
	} {
		for name, rules := range everyRules {
			for what, check := range map[string]func([]byte) error{"Check": rules.Check, "CheckType": rules.CheckType} {
				if err := check([]byte(data)); err == nil || err.Error() != "data"+want {
					t.Errorf("%s, %s: %.60s: got %v, want %s", what, name, data, err, want)
				}
			}
		}
	}
	for _, data := range []string{
		`{"a":{"b":1},"b":{"b":1}}`, `{"a":1,"A":1}`, `[{"a":1},{"a":1}]`, `{"a":{"a":{"a":{}}}}`,
		`{` + members(0, 100) + `}`, `{"x":[{` + members(0, 30) + `},{` + members(0, 30) + `}]}`,
		`"\ud83d\ude00"`, `"\\ud800"`, `"\\\\\ud83d\ude00"`, `"\u0000"`, "\"\u2028\x7f\"", `{"\u0000":1,"\u0001":2,"":3}`, most,
	} {
		for name, rules := range everyRules {
			if name == "misfit" {
				continue
			}
			if err := rules.Check([]byte(data)); err != nil && !strings.Contains(err.Error(), "type object") {
				t.Errorf("%s: %.200s: %v", name, data, err)
			}
		}
	}
}

// members returns the text of the members m0, m1 and so on.
func members(from, to int) string {
	var all []string
	for i := from; i < to; i++ {
		all = append(all, fmt.Sprintf(`"m%d":%d`, i, i))
	}
	return strings.Join(all, ",")
}
