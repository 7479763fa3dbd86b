package gen_test

import (
	"testing"

	"github.com/mixstream/mixstream/gen"
)

// TestAllocations decodes a token, which allocates the event and its text, and encodes it.
func TestAllocations(t *testing.T) {
	data := []byte(`{"type":"content","content":"a few words"}`)
	if n := testing.AllocsPerRun(100, func() { _ = gen.StreamEvents.Decode("content", data) }); n > 2 {
		t.Errorf("decoding allocates %v times", n)
	}
	event := gen.StreamEvents.Decode("content", data)
	b := make([]byte, 0, 100)
	if n := testing.AllocsPerRun(100, func() { _, _, _ = gen.StreamEvents.Events.Encode(b, event) }); n > 0 {
		t.Errorf("encoding allocates %v times", n)
	}
}
