package jsonschema_test

import (
	"strings"
	"testing"

	"github.com/mixstream/mixstream/contract/eventjson"
	"github.com/mixstream/mixstream/contract/jsonschema"
)

// Accept consumes the value within a text that Check accepts, and no other.
func TestAccept(t *testing.T) {
	all := jsonschema.Schemas{
		"text":  {Types: []string{"string"}, MinLength: 2},
		"union": {AnyOf: []jsonschema.Schema{{Types: []string{"string"}}, {Types: []string{"object"}, Required: []string{"a"}}}},
	}
	for _, row := range []struct {
		schema string
		is     any
		value  string
		typed  bool // whether AcceptType accepts it
		full   bool // whether Accept does
	}{
		{"text", (*string)(nil), `"ab"`, true, true},
		{"text", (*string)(nil), ` "a\u00e4"  `, true, true},
		{"text", (*string)(nil), `"a"`, true, false},
		{"text", (*string)(nil), `7`, false, false},
		{"text", (*string)(nil), `"a\ud800"`, false, false},
		{"text", (*string)(nil), `"ab\x"`, false, false},
		{"union", nil, `{"a":[{"b":1}]}`, true, true},
		{"union", nil, `{"b":1}`, true, false},
		{"union", nil, `{"a":1,"a":2}`, false, false},
		{"union", nil, `{"a":nonsense}`, false, false},
		{"", (*struct{ N int8 })(nil), `{"N":1e2}`, true, true},
		{"", (*struct{ N int8 })(nil), `{"N":1e3}`, false, false},
	} {
		rules := &jsonschema.Rules{All: &all, Schema: row.schema, Type: row.is}
		for name, accept := range map[string]struct {
			does func(*eventjson.Decoder) bool
			want bool
		}{"Accept": {rules.Accept, row.full}, "AcceptType": {rules.AcceptType, row.typed}} {
			d := eventjson.NewDecoder([]byte(`[` + row.value + `,"next"]`))
			d.Array()
			begin := d.Offset()
			if got := accept.does(&d); got != accept.want {
				t.Errorf("%s of %s: %t", name, row.value, got)
			}
			switch consumed := string(d.From(begin)); {
			case d.Failed():
				t.Errorf("%s of %s spoils the decoder", name, row.value)
			case !accept.want:
				if consumed != "" {
					t.Errorf("%s of %s consumes %s", name, row.value, consumed)
				}
			case consumed != strings.TrimSpace(row.value) || !d.NextItem() || d.String() != "next":
				t.Errorf("%s of %s consumes %s", name, row.value, consumed)
			}
		}
	}
}
