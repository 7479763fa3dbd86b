package mixstream_test

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/gen"
)

// TestCheckEvents compares what is generated with a validator of JSON Schema, on
// data that is made from each schema, and then spoilt in one to three places.
func TestCheckEvents(t *testing.T) {
	spec := loadSpec(t)
	schemas := compileSchemas(t, spec)
	for _, name := range gen.StreamEvents.Names() {
		schema := spec.eventDataName(name)
		t.Run(name, func(t *testing.T) {
			valid, invalid := 0, 0
			for seed := range uint64(2000) {
				m := maker{spec: spec, Rand: rand.New(rand.NewPCG(seed, 1))}
				value := m.value(spec.schema(schema))
				for range m.IntN(4) {
					value = m.spoil(value)
				}
				text, err := json.Marshal(value)
				if err != nil {
					t.Fatal(err)
				}
				err = gen.StreamEvents.Check(name, text)
				want := isValid(t, schemas[schema], text)
				if strconv.IntSize == 32 && want { // the times of the maker are beyond an int
					want = gen.StreamEvents.CheckType(name, text) == nil
				}
				if (err == nil) != want {
					t.Fatalf("%s\nfits: %v, and is told: %v", text, want, err)
				}
				if err == nil {
					valid++
				} else {
					invalid++
				}
			}
			// Of what was added to the spec nobody knows how much can fit.
			if tabled := strings.Contains(eventContract, "\n"+name+" "); tabled && (valid < 200 || invalid < 200) {
				t.Errorf("%d fit, and %d do not", valid, invalid)
			}
		})
	}
}

func isValid(t *testing.T, schema *jsonschema.Schema, text []byte) bool {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(value) == nil
}

// maker makes JSON values.
type maker struct {
	spec document
	*rand.Rand
	plain bool // what the generated Go type encodes as it was
}

// value returns a value that fits the schema, as far as its keywords are known here.
func (m maker) value(schema object) any {
	if ref, ok := schema["$ref"]; ok {
		return m.value(m.spec.schema(schemaName(ref)))
	}
	if enum, ok := schema["enum"].([]any); ok {
		return enum[m.IntN(len(enum))]
	}
	if anyOf, ok := schema["anyOf"].([]any); ok {
		return m.value(anyOf[m.IntN(len(anyOf))].(object))
	}
	if _, ok := schema["pattern"]; ok {
		return "server_tool"
	}
	switch schema["type"] {
	case "object":
		required, _ := schema["required"].([]any)
		value := object{}
		properties := child(schema, "properties")
		for _, name := range slices.Sorted(maps.Keys(properties)) {
			if slices.Contains(required, any(name)) || m.plain || m.IntN(2) == 0 {
				value[name] = m.value(properties[name].(object))
			}
		}
		if !m.plain && m.IntN(4) == 0 {
			value["unknown"] = m.any()
		}
		return value
	case "array":
		value := []any{}
		for range m.IntN(3) {
			value = append(value, m.value(child(schema, "items")))
		}
		return value
	case "string":
		return []string{"", "text", "Bash", "täxt\n"}[m.IntN(4)]
	case "boolean":
		return m.IntN(2) == 0
	}
	if m.plain {
		return float64(1)
	}
	return []any{0, -1, int64(1763942400000), json.Number("2.0"), json.Number("1e3")}[m.IntN(5)]
}

// any returns a value of any kind.
func (m maker) any() any {
	return []any{nil, true, "x", "Bash", "a-b_c", "info", 1, json.Number("1.5"), json.Number("1.0"), []any{}, []any{"x", 1}, object{}, object{"content": 1}}[m.IntN(13)]
}

// spoil returns a value with one place of it changed, which may make it unfit.
func (m maker) spoil(value any) any {
	switch value := value.(type) {
	case object:
		names := slices.Sorted(maps.Keys(value))
		if len(names) == 0 || m.IntN(20) == 0 {
			return m.any()
		}
		name := names[m.IntN(len(names))]
		switch m.IntN(4) {
		case 0:
			delete(value, name)
		case 1:
			value[strings.ToUpper(name)] = value[name]
			delete(value, name)
		default:
			value[name] = m.spoil(value[name])
		}
		return value
	case []any:
		if len(value) == 0 || m.IntN(3) == 0 {
			return m.any()
		}
		value[m.IntN(len(value))] = m.any()
		return value
	}
	return m.any()
}

// TestValidate checks the same by way of Go values.
func TestCheckEvent(t *testing.T) {
	notification := gen.NotificationData{NotificationType: "info", ResponseType: "text"}
	if err := gen.StreamEvents.CheckEvent(&notification); err != nil {
		t.Error(err)
	}
	notification.ResponseType = "shout"
	if err := gen.StreamEvents.CheckEvent(&notification); err == nil || err.Error() != `"notification": data/responseType: must be one of acknowledge, text, choice` {
		t.Error(err)
	}
	permission := gen.PermissionData{ToolName: "a-b"}
	if err := gen.StreamEvents.CheckEvent(&permission); err == nil || !strings.HasPrefix(err.Error(), `"permission": data/toolName: must be one of Bash, `) {
		t.Error(err)
	}
	permission.ToolName, permission.Params = "a_b", map[string]any{"f": func() {}}
	if err := gen.StreamEvents.CheckEvent(&permission); err == nil {
		t.Error("what cannot be JSON is valid")
	}
	if err := gen.StreamEvents.Check("content", []byte(`{"type":1e400}`)); err == nil {
		t.Error("a number that no float64 can hold is valid")
	}
}

// What an error says of a name, a path or a value of any length is its beginning.
func TestInvalidEventErrorIsBounded(t *testing.T) {
	huge := strings.Repeat("é", 1<<20)
	for what, err := range map[string]error{
		"name":   gen.StreamEvents.Check(huge, []byte(`{}`)),
		"number": gen.StreamEvents.Check("content", []byte(`{"type":"","content":`+strings.Repeat("9", 1<<20)+`}`)),
		"enum":   gen.StreamEvents.Check("notification", []byte(`{"createdAt":1,"id":"","message":"","notificationType":"`+huge+`","responseType":"text","sessionId":"","timeout":1,"title":"","type":""}`)),
		"path":   &contract.InvalidEventError{Event: "content", Path: "/" + huge, Reason: "must be one of a, b"},
		"reason": &contract.InvalidEventError{Event: "content", Reason: huge},
	} {
		if err == nil || len(err.Error()) > 2<<10 || !utf8.ValidString(err.Error()) || what != "enum" && what != "number" && !strings.Contains(err.Error(), " bytes)") {
			t.Errorf("%s: %.300v", what, err)
		}
	}
	if got, want := (&contract.InvalidEventError{Event: "content", Path: "/type", Reason: "must be one of a, b"}).Error(), `"content": data/type: must be one of a, b`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
