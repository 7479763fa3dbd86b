package contract_test

import (
	"testing"

	"github.com/mixstream/mixstream/contract"
)

// BenchmarkCheck checks data of the size of a usual event, without and with bounds.
func BenchmarkCheck(b *testing.B) {
	type schema = contract.Schema
	text := schema{Types: []string{"string"}}
	order := func(count, price schema) contract.Schemas {
		line := schema{Types: []string{"object"}, Required: []string{"sku"}, Properties: []contract.Property{{Name: "count", Schema: count}, {Name: "price", Schema: price}, {Name: "sku", Schema: text}}}
		return contract.Schemas{"order": {Types: []string{"object"}, Required: []string{"id", "lines"}, Properties: []contract.Property{
			{Name: "id", Schema: text}, {Name: "note", Schema: text}, {Name: "paid", Schema: schema{Types: []string{"boolean"}}},
			{Name: "lines", Schema: schema{Types: []string{"array"}, Items: &line}},
		}}}
	}
	data := []byte(`{"id":"order-7","note":"Leave it at the door, please","paid":true,"lines":[{"sku":"a-1","count":3,"price":17.5},{"sku":"b-2","count":1,"price":9.99},{"sku":"c-3","count":12,"price":0.5}]}`)
	for _, bench := range []struct {
		name string
		all  contract.Schemas
	}{
		{"unbounded", order(schema{Types: []string{"integer"}}, schema{Types: []string{"number"}})},
		{"bounded", order(bounded("integer"), bounded("number"))},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if err := bench.all.Check("order", data, "order"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func bounded(kind string) contract.Schema {
	return contract.Schema{Types: []string{kind}, Minimum: "0", ExclusiveMaximum: "1000"}
}
