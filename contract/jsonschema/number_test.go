package jsonschema_test

import (
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/contract/jsonschema"
)

// Numbers that become the same float64 are different numbers.
func TestNumbersAreExact(t *testing.T) {
	type schema = jsonschema.Schema
	for _, test := range []struct {
		data string
		schema
		fits bool
	}{
		{"9007199254740993", schema{Maximum: "9007199254740992"}, false},
		{"9007199254740993", schema{Maximum: "9007199254740993"}, true},
		{"9223372036854775807", schema{Maximum: "9223372036854775807"}, true},
		{"9223372036854775808", schema{Maximum: "9223372036854775807"}, false},
		{"18446744073709551616", schema{ExclusiveMinimum: "18446744073709551615"}, true},
		{"-9223372036854775809", schema{Minimum: "-9223372036854775808"}, false},
		{"9223372036854775807", schema{Enum: []any{jsonschema.Number("9223372036854775807")}}, true},
		{"9223372036854775806", schema{Enum: []any{jsonschema.Number("9223372036854775807")}}, false},
		{"9223372036854775807.0", schema{Enum: []any{jsonschema.Number("9223372036854775807")}}, true},
		{`{"a":[9007199254740993]}`, schema{Enum: []any{map[string]any{"a": []any{jsonschema.Number("9007199254740993")}}}}, true},
		{`{"a":[9007199254740992]}`, schema{Enum: []any{map[string]any{"a": []any{jsonschema.Number("9007199254740993")}}}}, false},
		{`["9007199254740993"]`, schema{Enum: []any{[]any{jsonschema.Number("9007199254740993")}}}, false},
		{"1e400", schema{}, true},
		{"1e400", schema{Maximum: "1e399"}, false},
		{"1e400", schema{Types: []string{"integer"}, Minimum: "10e398", MultipleOf: "7e2"}, false},
		{"7e400", schema{MultipleOf: "7e2"}, true},
		{"1e-400", schema{ExclusiveMinimum: "0"}, true},
		{"-0.0", schema{Enum: []any{jsonschema.Number("0")}}, true},
		{"-0", schema{Minimum: "0"}, true},
		{"0.1", schema{MultipleOf: "0.01"}, true},
		{"0.3", schema{MultipleOf: "0.1"}, true},
		{"0.1000000000000000055", schema{MultipleOf: "0.1"}, false},
		{"0.1000000000000000055", schema{Maximum: "0.1"}, false},
		{"9007199254740993", schema{MultipleOf: "2"}, false},
		{"0", schema{MultipleOf: "7"}, true},
		{"1.5e1", schema{Types: []string{"integer"}}, true},
		{"9007199254740992.5", schema{Types: []string{"integer"}}, false},
		{"[9007199254740992,9007199254740993]", schema{Unique: true}, true},
		{"[100,1e2]", schema{Unique: true}, false},
		{`["1",1]`, schema{Unique: true}, true},
	} {
		err := check(&test.schema, test.data)
		if (err == nil) != test.fits {
			t.Errorf("%s with %+v: %v", test.data, test.schema, err)
		}
	}
}

// Arithmetic on numbers of any size and form agrees with that of math/big.
func TestNumbersAgainstBig(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		value, limit := numberText(random), numberText(random)
		v, l := rational(t, value), rational(t, limit)
		fits := func(s jsonschema.Schema) bool {
			return check(&s, value) == nil
		}
		compared := v.Cmp(l)
		n := jsonschema.Number(limit)
		if fits(jsonschema.Schema{Minimum: n}) != (compared >= 0) || fits(jsonschema.Schema{Maximum: n}) != (compared <= 0) ||
			fits(jsonschema.Schema{ExclusiveMinimum: n}) != (compared > 0) || fits(jsonschema.Schema{ExclusiveMaximum: n}) != (compared < 0) ||
			fits(jsonschema.Schema{Enum: []any{n}}) != (compared == 0) {
			t.Fatalf("%s is compared wrongly with %s", value, limit)
		}
		if fits(jsonschema.Schema{Types: []string{"integer"}}) != v.IsInt() {
			t.Fatalf("%s: an integer is %v", value, v.IsInt())
		}
		if l.Sign() > 0 {
			if want := new(big.Rat).Quo(v, l).IsInt(); fits(jsonschema.Schema{MultipleOf: n}) != want {
				t.Fatalf("%s is a multiple of %s: %v", value, limit, want)
			}
		}
	}
}

// numberText makes a number near a limit of some Go type, in one of the forms of JSON.
func numberText(random *rand.Rand) string {
	whole := []string{"0", "1", "2", "7", "10", "100", "9007199254740992", "9007199254740993", "9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616"}
	text := whole[random.IntN(len(whole))]
	if random.IntN(3) == 0 {
		text += []string{".0", ".5", ".10", ".01", ".0000000000000000001"}[random.IntN(5)]
	}
	if random.IntN(3) == 0 {
		text += []string{"e0", "E1", "e-1", "e+2", "e-20", "e30", "e-02"}[random.IntN(7)]
	}
	if random.IntN(4) == 0 {
		text = "-" + text
	}
	return text
}

func rational(t *testing.T, text string) *big.Rat {
	t.Helper()
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		t.Fatalf("%s is no number", text)
	}
	return r
}

// A number of a few bytes whose digits would fill the memory is checked at once.
func TestHugeExponents(t *testing.T) {
	it := &jsonschema.Schema{MultipleOf: "0.7", Minimum: "-1e999999999999999999999", Types: []string{"integer"}, Enum: []any{jsonschema.Number("7e999999999")}}
	for data, fits := range map[string]bool{"7e999999999": true, "7e999999998": false, "1e999999999": false, "7e-999999999": false, "-1e99999999999999999999": false, "1e-99999999999999999999": false, "1e" + strings.Repeat("9", 1<<20): false} {
		if err := check(it, data); (err == nil) != fits {
			t.Errorf("%.30s: %v", data, err)
		}
	}
}

// A number of many digits is checked in time that their number bounds.
func TestLongNumbers(t *testing.T) {
	sevens := strings.Repeat("7", 1<<20)
	for step, fits := range map[jsonschema.Number]bool{"7": true, "0.07": true, "2": false, "7777777777777777777777777777777777777777777777777777777777777777": true, "70": false} {
		if err := check(&jsonschema.Schema{MultipleOf: step}, sevens); (err == nil) != fits {
			t.Errorf("%s: %.100v", step, err)
		}
	}
}

// parse reads what encoding/json reads, except that numbers stay exact.
func TestDataIsReadAsJSON(t *testing.T) {
	for data, value := range map[string]any{
		" [ 1 , \"a\" , [ ] , { } , null , true , false ] ":       []any{jsonschema.Number("1"), "a", []any{}, map[string]any{}, nil, true, false},
		"{\"a\" : {\"b\":[-1.5e+3,0]} ,\"a\\u00e9\\\"\":\"\\n\"}": map[string]any{"a": map[string]any{"b": []any{jsonschema.Number("-1.5e+3"), jsonschema.Number("0")}}, "aé\"": "\n"},
		`"\ud83d\ude00\\\""`: "😀\\\"",
		"\t7\n":              jsonschema.Number("7"),
		`"é"`:                "é",
	} {
		if err := check(&jsonschema.Schema{Enum: []any{value}}, data); err != nil {
			t.Errorf("%s: %v", data, err)
		}
		if err := check(&jsonschema.Schema{Enum: []any{"another"}}, data); err == nil {
			t.Errorf("%s fits", data)
		}
	}
	for _, data := range []string{"", " ", "{", "[1,]", "1 2", "01", "tru", `{"a"}`, `"\x"`, "\"\n\"", strings.Repeat("[", 20000)} {
		if err := check(&jsonschema.Schema{}, data); err == nil {
			t.Errorf("%.30s fits", data)
		}
	}
}
