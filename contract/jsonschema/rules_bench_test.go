package jsonschema_test

import (
	"testing"
	"time"

	"github.com/mixstream/mixstream/contract/jsonschema"
)

type schema = jsonschema.Schema

func object(required []string, properties ...jsonschema.Property) schema {
	return schema{Types: []string{"object"}, Required: required, Properties: properties}
}

func property(name string, s schema) jsonschema.Property {
	return jsonschema.Property{Name: name, Schema: s}
}

var (
	aText   = schema{Types: []string{"string"}}
	aNumber = schema{Types: []string{"number"}, Minimum: "0", ExclusiveMaximum: "1000"}
	aCount  = schema{Types: []string{"integer"}, Minimum: "0"}
)

func oneOf(values ...any) schema { return schema{Types: []string{"string"}, Enum: values} }

// token is an event of a few words, as a language model streams them.
type token struct {
	AssistantMessageID *string `json:"assistantMessageId,omitempty"`
	Content            string  `json:"content"`
	Type               string  `json:"type"`
}

// notification is an event with eleven members.
type notification struct {
	Actor     string            `json:"actor"`
	Attempt   int32             `json:"attempt"`
	Body      string            `json:"body"`
	CreatedAt time.Time         `json:"createdAt"`
	ID        string            `json:"id"`
	Labels    map[string]string `json:"labels"`
	Link      *string           `json:"link,omitempty"`
	Priority  string            `json:"priority"`
	Score     float64           `json:"score"`
	Tags      []string          `json:"tags"`
	Unread    bool              `json:"unread"`
}

// order is an event with items.
type order struct {
	ID    string `json:"id"`
	Lines []struct {
		Count int64   `json:"count"`
		Price float64 `json:"price"`
		SKU   string  `json:"sku"`
	} `json:"lines"`
	Note string `json:"note"`
	Paid bool   `json:"paid"`
}

var events = []struct {
	name  string
	pools bool // the check takes memory from a pool
	rules *jsonschema.Rules
	data  string
}{
	{"token", false, &jsonschema.Rules{Schema: "it", Type: (*token)(nil), All: &jsonschema.Schemas{"it": new(object([]string{"content", "type"},
		property("assistantMessageId", aText), property("content", aText), property("type", oneOf("content"))))}},
		`{"type":"content","content":" and then the","assistantMessageId":"msg_01J9ZC2V7Q"}`},
	{"notification", true, &jsonschema.Rules{Schema: "it", Type: (*notification)(nil), All: &jsonschema.Schemas{"it": new(object([]string{"id", "actor", "createdAt", "priority"},
		property("actor", schema{Types: []string{"string"}, MaxLength: new(uint64(100))}), property("attempt", aCount), property("body", aText), property("createdAt", aText), property("id", aText),
		property("labels", schema{Types: []string{"object"}, Additional: &aText}), property("link", aText), property("priority", oneOf("low", "normal", "high")), property("score", aNumber),
		property("tags", schema{Types: []string{"array"}, Items: &aText, MaxItems: new(uint64(10))}), property("unread", schema{Types: []string{"boolean"}})))}},
		`{"actor":"mia","attempt":1,"body":"Mia mentioned you in \"Release plan\": can you take the second half?","createdAt":"2026-03-04T05:06:07.089Z","id":"ntf_8f3c1d","labels":{"team":"docs","kind":"mention"},"link":"https://example.com/boards/7#c12","priority":"normal","score":0.75,"tags":["mention","board"],"unread":true}`},
	{"order", false, &jsonschema.Rules{Schema: "it", Type: (*order)(nil), All: &jsonschema.Schemas{"it": new(object([]string{"id", "lines"},
		property("id", aText), property("note", aText), property("paid", schema{Types: []string{"boolean"}}),
		property("lines", schema{Types: []string{"array"}, Items: new(object([]string{"sku"}, property("count", aCount), property("price", aNumber), property("sku", aText)))})))}},
		`{"id":"order-7","note":"Leave it at the door, please","paid":true,"lines":[{"sku":"a-1","count":3,"price":17.5},{"sku":"b-2","count":1,"price":9.99},{"sku":"c-3","count":12,"price":0.5}]}`},
	{"free", true, &jsonschema.Rules{},
		`{"tool":"search","arguments":{"query":"streams","limit":10,"filters":[{"field":"lang","value":"go"},{"field":"year","value":2026}],"id":1234567890123456789}}`},
}

// BenchmarkCheck checks data of the size of usual events.
func BenchmarkCheck(b *testing.B) {
	for _, event := range events {
		b.Run(event.name, func(b *testing.B) {
			data := []byte(event.data)
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if err := event.rules.Check(data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkTree does the same by reading the data twice: into a tree, which it compares with
// the schema, and into the Go type by encoding/json.
func BenchmarkTree(b *testing.B) {
	for _, event := range events {
		b.Run(event.name, func(b *testing.B) {
			data := []byte(event.data)
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if err := jsonschema.CheckTree(event.rules, data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
