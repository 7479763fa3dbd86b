package jsonschema_test

import (
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/mixstream/mixstream/contract/jsonschema"
)

// The rules of one spec are compiled once for all events, and forgotten with them.
func TestRulesShareWhatTheyCompile(t *testing.T) {
	all := jsonschema.Schemas{"it": {Types: []string{"string"}}, "list": {Items: &schema{Ref: "it"}}}
	var events sync.WaitGroup
	for range 10 {
		events.Go(func() {
			a, b := &jsonschema.Rules{All: &all, Schema: "it", Type: (*level)(nil)}, &jsonschema.Rules{All: &all, Schema: "list", Type: (*[]level)(nil)}
			if a.Check([]byte(`"x"`)) != nil || b.Check([]byte(`["x"]`)) != nil || b.Check([]byte(`[7]`)) == nil {
				t.Error("the check is wrong")
			}
			if !jsonschema.Share(a, b) {
				t.Error("each has its own")
			}
		})
	}
	events.Wait()
	for jsonschema.Shared(all) {
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
}
