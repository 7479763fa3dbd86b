package eventjson_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/mixstream/mixstream/contract/eventjson"
)

// TestOmitted compares with what encoding/json leaves out.
func TestOmitted(t *testing.T) {
	omitted[bool](t, false, true)
	omitted(t, 0, 7)
	omitted[uint8](t, 0, 7)
	omitted(t, 0, 0.5)
	omitted(t, "", "x")
	omitted(t, nil, new(int))
	omitted(t, nil, []int{}, []int{1})
	omitted(t, nil, map[string]int{}, map[string]int{"": 1})
	omitted(t, [0]int{})
	omitted(t, [2]int{}, [2]int{0, 1})
	omitted(t, struct{ A int }{}, struct{ A int }{1})
	omitted(t, nil, new(time.Time), new(time.Unix(0, 0)))
	omitted(t, time.Time{}, time.Unix(0, 0), time.Time{}.Local())
	omitted(t, nines(9), nines(0))
	omitted(t, nil, new(nines(9)), new(nines(0)))
	omitted(t, nines2(9), nines2(0))
	omitted(t, nil, new(nines2(9)), new(nines2(0)))
	omitted(t, nil, list{}, list{"x"})
	if !eventjson.IsEmpty(nil) || !eventjson.IsZero(nil) {
		t.Error("nil is a value")
	}
}

func omitted[T any](t *testing.T, values ...T) {
	t.Helper()
	for _, v := range values {
		empty, _ := encoded(&struct {
			V T `json:",omitempty"`
		}{v})
		zero, _ := encoded(&struct {
			V T `json:",omitzero"`
		}{v})
		if eventjson.IsEmpty(v) != (empty == `{}`) || eventjson.IsZero(v) != (zero == `{}`) {
			t.Errorf("%s: got %v and %v, encoding/json writes %s and %s", fmt.Sprintf("%T %v", v, v), eventjson.IsEmpty(v), eventjson.IsZero(v), empty, zero)
		}
	}
}

// nines are zero at 9.
type nines int

func (n nines) IsZero() bool { return n == 9 }

type nines2 int

func (n *nines2) IsZero() bool { return *n == 9 }

// list is zero unless it is nil.
type list []string

func (l list) IsZero() bool { return l != nil }
