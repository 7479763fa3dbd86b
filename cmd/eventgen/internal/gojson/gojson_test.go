package gojson_test

import (
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/gojson"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/oapi"
)

const head = "package p\n\nimport \"encoding/json\"\n\n"

// typesOf returns the types of a package. methods and taken are those of other files.
func typesOf(t *testing.T, code string, methods gojson.Methods, taken ...string) *gojson.Types {
	t.Helper()
	pkg, err := oapi.ParsePackage(head + code)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, name := range taken {
		names[name] = true
	}
	return gojson.New(methods, names, pkg)
}

// TestField reads and writes a field of each type that has a rule of its own.
func TestField(t *testing.T) {
	for _, test := range []struct{ field, decode, encode string }{
		{"F string `json:\"f\"`", `v.F = d.String()`, "e.StringMember(`\"f\":`, v.F)"},
		{"F string", `case "F":`, "e.StringMember(`\"F\":`, v.F)"},
		{"F string `json:\",omitempty\"`", `case "F":`, `if v.F != "" {`},
		{"F string `json:\"-,\"`", `case "-":`, "e.StringMember(`\"-\":`, v.F)"},
		{"F string `json:\"\\\"f\"`", `case "F":`, "e.StringMember(`\"F\":`, v.F)"},
		{"F N `json:\"f,omitempty\"`\n}\ntype N string\ntype more struct {", `v.F = N(d.String())`, "if v.F != \"\" {\ne.StringMember(`\"f\":`, string(v.F))\n}"},
		{"F A `json:\"f\"`\n}\ntype A = string\ntype more struct {", `v.F = d.String()`, "e.StringMember(`\"f\":`, v.F)"},
		{"F bool `json:\"f,omitempty\"`", `v.F = d.Bool()`, "if v.F {"},
		{"F uint8 `json:\"f,omitempty,omitzero\"`", `v.F = uint8(d.Uint(8))`, "if v.F != 0 {\ne.Name(`\"f\":`)\ne.Uint(uint64(v.F))\n}"},
		{"F rune `json:\"f\"`", `v.F = rune(d.Int(32))`, "e.Int(int64(v.F))"},
		{"F int `json:\"f\"`", `v.F = int(d.Int(0))`, "e.Int(int64(v.F))"},
		{"F float32 `json:\"f\"`", `v.F = float32(d.Float(32))`, "e.Float(float64(v.F), 32)"},
		{"F *string `json:\"f,omitempty\"`", "if v.F = nil; !d.Null() {\nv.F = new(d.String())\n}", "if v.F != nil {\ne.StringMember(`\"f\":`, *v.F)\n}"},
		{"F *string `json:\"f\"`", "", "if v.F == nil {\ne.Null()\n} else {\ne.String(*v.F)\n}"},
		{"F **string `json:\"f\"`", "if eventjson.Pointer(d, &v.F) {\nif *v.F = nil; !d.Null() {\n*v.F = new(d.String())\n}\n}", ""},
		{"F interface{} `json:\"f,omitempty\"`", `v.F = d.Any()`, "if v.F != nil {\ne.Name(`\"f\":`)\ne.Any(v.F)\n}"},
		{"F any `json:\"f\"`", `v.F = d.Any()`, "e.Any(v.F)"},
		{"F json.RawMessage `json:\"f,omitempty\"`", `v.F = append(v.F[:0:0], d.Raw()...)`, "if len(v.F) > 0 {\ne.Name(`\"f\":`)\ne.Raw(v.F)\n}"},
		{"F []string `json:\"f,omitempty\"`", "for ok := eventjson.Slice(d, &v.F); ok; ok = d.NextItem() {\nv.F = append(v.F, d.String())\n}", "if len(v.F) > 0 {"},
		{"F []string `json:\"f,omitzero\"`", "", "if v.F != nil {\ne.Name(`\"f\":`)\ne.Array()\nfor _, item := range v.F {\ne.String(item)\n}\ne.EndArray()\n}"},
		{"F []T `json:\"f\"`", "decodeT(d, eventjson.Append(&v.F))", "if v.F == nil {\ne.Null()\n} else {\nif !e.Array() {\nreturn\n}\nfor i := range v.F {\nencodeT(e, &v.F[i])\n}\ne.EndArray()\n}"},
		{"F [][]bool `json:\"f\"`", "item := eventjson.Append(&v.F)\nfor ok := eventjson.Slice(d, item); ok; ok = d.NextItem() {\n*item = append(*item, d.Bool())\n}", "for _, item := range *item {"},
		{"F []byte `json:\"f,omitempty\"`", "eventjson.Zero(&v.F)\nd.JSON(&v.F)", "if len(v.F) > 0 {\ne.Name(`\"f\":`)\ne.JSON(&v.F)\n}"},
		{"F []time.Time `json:\"f\"`", "d.JSON(&v.F)", "e.JSON(&v.F)"},
		{"F map[string]bool `json:\"f\"`", "for ok := eventjson.Map(d, &v.F); ok; ok = d.NextMember() {\nname := string(d.Name())\nv.F[name] = d.Bool()\n}", "for _, name := range eventjson.Keys(v.F) {\ne.Key(name)\ne.Bool(v.F[name])\n}"},
		{"F map[string]*T `json:\"f\"`", "item := eventjson.Item(v.F)\nif eventjson.Pointer(d, &item) {\ndecodeT(d, item)\n}\nv.F[name] = item", ""},
		{"F map[string]map[string]map[string]any `json:\"f\"`", "item := eventjson.Item(v.F)\nfor ok := eventjson.Map(d, &item); ok; ok = d.NextMember() {\nname := string(d.Name())\nentry := eventjson.Item(item)\nfor ok := eventjson.Map(d, &entry); ok; ok = d.NextMember() {\nname := string(d.Name())\nentry[name] = d.Any()\n}\nitem[name] = entry\n}\nv.F[name] = item", ""},
		{"F []map[string]*string `json:\"f\"`", "for ok := eventjson.Map(d, item); ok; ok = d.NextMember() {\nname := string(d.Name())\nentry := eventjson.Item(*item)\nif entry = nil; !d.Null() {\nentry = new(d.String())\n}\n(*item)[name] = entry", ""},
		{"F map[string]struct{ A map[string]*string } `json:\"f\"`", "entry := eventjson.Item(item.A)\nif entry = nil; !d.Null() {\nentry = new(d.String())\n}\nitem.A[name] = entry", ""},
		{"F map[string]time.Time `json:\"f\"`", "d.JSON(&item)", "e.JSON(v.F[name])"},
		{"F map[int]bool `json:\"f,omitempty\"`", "d.JSON(&v.F)", "if len(v.F) > 0 {\ne.Name(`\"f\":`)\ne.JSON(&v.F)\n}"},
		{"F [2]int `json:\"f,omitempty\"`", "d.JSON(&v.F)", "if !eventjson.IsEmpty(v.F) {"},
		{"F chan int `json:\"f\"`", "d.JSON(&v.F)", "e.JSON(&v.F)"},
		{"F time.Time `json:\"f,omitempty\"`", "eventjson.Zero(&v.F)\nd.JSON(&v.F)", "if !eventjson.IsEmpty(v.F) {\ne.Name(`\"f\":`)\ne.JSON(&v.F)\n}"},
		{"F *time.Time `json:\"f,omitempty\"`", "if eventjson.Pointer(d, &v.F) {\nd.JSON(v.F)\n}", "if v.F != nil {\ne.Name(`\"f\":`)\ne.JSON(v.F)\n}"},
		{"F *time.Time `json:\"f,omitzero\"`", "", "if !eventjson.IsZero(v.F) {"},
		{"F struct{ A, B string } `json:\"f,omitempty\"`", "eventjson.Zero(&v.F)\nfor ok := d.Object(); ok; ok = d.NextMember() {\nswitch string(d.Name()) {\ncase \"A\":\nv.F.A = d.String()", "e.Name(`\"f\":`)\ne.Object()\ne.StringMember(`\"A\":`, v.F.A)"},
		{"F struct{} `json:\"f,omitzero\"`", "for ok := d.Object(); ok; ok = d.NextMember() {\nd.Skip()\n}", "if !eventjson.IsZero(v.F) {"},
		{"F *struct{ A bool } `json:\"f\"`", "if eventjson.Pointer(d, &v.F) {\nfor ok := d.Object(); ok; ok = d.NextMember() {\nswitch string(d.Name()) {\ncase \"A\":\nv.F.A = d.Bool()", "e.Bool(v.F.A)"},
		{"F []struct{ A bool } `json:\"f\"`", "item := eventjson.Append(&v.F)\nfor ok := d.Object(); ok; ok = d.NextMember() {\nswitch string(d.Name()) {\ncase \"A\":\nitem.A = d.Bool()", "item := &v.F[i]\ne.Object()\ne.Name(`\"A\":`)\ne.Bool(item.A)"},
		{"F L `json:\"f,omitempty\"`\n}\ntype L []L\ntype more struct {", "decodeL(d, &v.F)", "if len(v.F) > 0 {\ne.Name(`\"f\":`)\nencodeL(e, &v.F)\n}"},
		{"F U `json:\"f,omitempty\"`\n}\ntype U uint8\ntype more struct { G []U", "v.F = U(d.Uint(8))", "if v.F != 0 {"},
		{"G []U\n}\ntype U uint8\ntype more struct {", "d.JSON(&v.G)", "e.JSON(&v.G)"},
		{"F X `json:\"f,omitempty\"`\n}\ntype X struct{ union json.RawMessage }\nfunc (x X) MarshalJSON() ([]byte, error)\nfunc (x *X) UnmarshalJSON([]byte) error\ntype more struct {", "eventjson.Zero(&v.F)\nd.JSON(&v.F)", "e.Name(`\"f\":`)\ne.JSON(&v.F)"},
		{"F []X\n}\ntype X struct{ union json.RawMessage }\nfunc (x *X) UnmarshalJSON([]byte) error\ntype more struct {", "item := eventjson.Append(&v.F)\nd.JSON(item)", "e.JSON(item)"},
		{"F Z `json:\"f,omitzero\"`\n}\ntype Z struct{ a int }\nfunc (z *Z) IsZero() bool\ntype more struct {", "decodeZ(d, &v.F)", "if !v.F.IsZero() {"},
		{"F I\n}\ntype I interface{ M() }\ntype more struct {", "d.JSON(&v.F)", "e.JSON(&v.F)"},
		{"F Elsewhere `json:\"f,omitempty\"`", "d.JSON(&v.F)", "if !eventjson.IsEmpty(v.F) {"},
		{"F big.Int `json:\"-\"`\n f int", "for ok := d.Object(); ok; ok = d.NextMember() {\nd.Skip()\n}", "e.Object()\ne.EndObject()"},
	} {
		types := typesOf(t, "type T struct {\n"+test.field+"\n}", nil)
		data := types.Named("T")
		if decode, encode := data.Decode("d", "v"), data.Encode("e", "v"); decode != "decodeT(&d, v)" || encode != "encodeT(&e, v)" {
			t.Errorf("%s: %s, %s", test.field, decode, encode)
		}
		decode, encode, ok := strings.Cut(types.Source(), "func encode")
		if !ok || !strings.Contains(decode, test.decode) || !strings.Contains(encode, test.encode) {
			t.Errorf("%s: got\n%s\nfunc encode%s\nwant\n%s\nand\n%s", test.field, decode, encode, test.decode, test.encode)
		}
	}
}

// TestForeign leaves types to encoding/json.
func TestForeign(t *testing.T) {
	for _, code := range []string{
		"type T struct{ S }\ntype S struct{}",
		"type T struct{ A int `json:\",string\"` }",
		"type T struct{ A int `json:\"a\"`; B int `json:\"a\"` }",
		"type T[E any] struct{ A E }",
		"type T [2]int",
		"type T time.Time",
		"type T json.RawMessage", // it has lost its methods
		"type T struct{}\nfunc (T) MarshalJSON() ([]byte, error)",
		"type T struct{}\nfunc (*T) UnmarshalText([]byte) error",
		"type T struct{ A int; AdditionalProperties map[string]int `json:\"-\"`; union json.RawMessage }\nfunc (T) MarshalJSON() ([]byte, error)\nfunc (*T) UnmarshalJSON([]byte) error",
		"var T int",
	} {
		types := typesOf(t, code, nil)
		data := types.Named("T")
		if decode, encode := data.Decode("d", "v"), data.Encode("e", "v"); decode != "d.JSON(v)" || encode != "e.JSON(v)" || types.Source() != "" {
			t.Errorf("%s: %s, %s, %s", code, decode, encode, types.Source())
		}
	}
	for _, method := range []string{"MarshalJSON", "UnmarshalJSON", "MarshalText", "UnmarshalText"} {
		types := typesOf(t, "type T struct{ A S }\ntype S string", gojson.Methods{"S": {method: true}})
		if data := types.Named("T"); data.Decode("d", "v") != "decodeT(&d, v)" || !strings.Contains(types.Source(), "d.JSON(&v.A)") {
			t.Errorf("%s by hand:\n%s", method, types.Source())
		}
		if data := types.Named("S"); data.Decode("d", "v") != "d.JSON(v)" {
			t.Errorf("%s by hand: %s", method, data.Decode("d", "v"))
		}
	}
}

// TestRest reads the additional properties of oapi-codegen's structs, whose own methods write
// them.
func TestRest(t *testing.T) {
	types := typesOf(t, "type T struct{ A S `json:\"a\"`; AdditionalProperties map[string]interface{} `json:\"-\"` }\ntype S string\n"+
		"func (T) MarshalJSON() ([]byte, error)\nfunc (*T) UnmarshalJSON([]byte) error", nil)
	data := types.Named("T")
	data.Compare(&openapi3.SchemaRef{Value: &openapi3.Schema{Required: []string{"a"}, Properties: openapi3.Schemas{"a": {Value: &openapi3.Schema{Const: "x"}}}}})
	_, _ = data.Decode("d", "v"), data.Encode("e", "v")
	for _, want := range []string{
		"default:\nif v.AdditionalProperties == nil {\nv.AdditionalProperties = map[string]interface{}{}\n}\nname := string(d.Name())\nv.AdditionalProperties[name] = d.Any()\n",
		"item := *v\nif item.A == \"\" {\nitem.A = \"x\"\n}\ne.JSON(&item)\n",
	} {
		if !strings.Contains(types.Source(), want) {
			t.Errorf("got\n%s\nwant\n%s", types.Source(), want)
		}
	}
}

// TestNames gives functions names that are free.
func TestNames(t *testing.T) {
	types := typesOf(t, "type Order struct{ A order; B DecodeOrder; C decodeOrder }\ntype order []string\ntype DecodeOrder struct{}\ntype decodeOrder struct{}\nfunc encodeOrder()", nil, "encodeOrder2", "encodeorder")
	data := types.Named("Order")
	if decode, encode := data.Decode("d", "v"), data.Encode("e", "v"); decode != "decodeOrder2(&d, v)" || encode != "encodeOrder3(&e, v)" {
		t.Errorf("%s, %s", decode, encode)
	}
	for _, want := range []string{
		"func decodeOrder2(d *eventjson.Decoder, v *Order) {", "func decodeorder(d *eventjson.Decoder, v *order) {",
		"func decodeDecodeOrder(d *eventjson.Decoder, v *DecodeOrder) {", "func decodedecodeOrder(d *eventjson.Decoder, v *decodeOrder) {",
		"func encodeOrder3(", "func encodeorder2(",
	} {
		if !strings.Contains(types.Source(), want) {
			t.Errorf("got\n%s\nwant\n%s", types.Source(), want)
		}
	}
}
