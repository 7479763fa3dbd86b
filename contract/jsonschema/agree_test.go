package jsonschema_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/mixstream/mixstream/contract/jsonschema"
)

// TestAgreement checks random values by random schemas and Go types in one pass, and by the
// tree and the decoder of the type.
func TestAgreement(t *testing.T) {
	var total agreement
	for seed := range uint64(1500) {
		total.add(t, seed)
	}
	t.Logf("%+v", total)
	if total.fit < total.checks/10 || total.fit > total.checks*9/10 {
		t.Errorf("the values say little: %+v", total)
	}
}

// FuzzAgreement is TestAgreement for any seed.
func FuzzAgreement(f *testing.F) {
	f.Add(uint64(1 << 40))
	f.Add(uint64(1099511628452)) // an allOf of properties that refer to each other
	f.Fuzz(func(t *testing.T, seed uint64) { new(agreement).add(t, seed) })
}

// agreement counts the comparisons.
type agreement struct{ checks, fit, undecided int }

func (total *agreement) add(t *testing.T, seed uint64) {
	t.Helper()
	m := &maker{Rand: rand.New(rand.NewPCG(seed, 19))}
	all, is := m.schemas(), m.goType(3)
	free := &jsonschema.Rules{All: &all, Schema: "it"}
	typed := &jsonschema.Rules{All: &all, Schema: "it", Type: reflect.Zero(reflect.PointerTo(is)).Interface()}
	for range 10 {
		total.compare(t, seed, m, free, m.text(m.value(4)))
		total.compare(t, seed, m, typed, m.text(m.valueOf(is, 4)))
	}
}

func (total *agreement) compare(t *testing.T, seed uint64, m *maker, rules *jsonschema.Rules, data string) {
	t.Helper()
	want := jsonschema.FitsTree(rules, []byte(data))
	if want == nil {
		want = jsonschema.Decodes(rules, []byte(data))
	}
	if total.checks++; want == nil {
		total.fit++
	}
	if pass := jsonschema.FitsPass(rules, []byte(data)); pass != (want == nil) {
		if pass || m.pattern == 0 {
			t.Fatalf("seed %d: %T from %s: one pass says %t, the tree %v\n%+v", seed, rules.Type, data, pass, want, (*rules.All)["it"])
		}
		total.undecided++
	}
	if got := rules.Check([]byte(data)); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("seed %d: %T from %s: got %v, want %v", seed, rules.Type, data, got, want)
	}
}
