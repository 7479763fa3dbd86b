package gen_test

import (
	"math/rand/v2"
	"testing"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/samejson"
)

// FuzzDecode compares the generated decoders with encoding/json.
func FuzzDecode(f *testing.F) {
	names := gen.StreamEvents.Names()
	r := rand.New(rand.NewPCG(1, 2))
	for i, name := range names {
		f.Add(uint8(i), samejson.Text(gen.StreamEvents, name, r))
	}
	f.Fuzz(func(t *testing.T, event uint8, data []byte) {
		if err := samejson.Decode(gen.StreamEvents, names[int(event)%len(names)], data); err != nil {
			t.Error(err)
		}
	})
}

// FuzzEncode compares the generated encoders with encoding/json. The fuzzer chooses the random
// values that are encoded.
func FuzzEncode(f *testing.F) {
	names := gen.StreamEvents.Names()
	for i := range names {
		f.Add(uint8(i), uint64(1), uint64(2))
	}
	f.Fuzz(func(t *testing.T, event uint8, seed1, seed2 uint64) {
		if err := samejson.Encode(gen.StreamEvents, names[int(event)%len(names)], rand.New(rand.NewPCG(seed1, seed2))); err != nil {
			t.Error(err)
		}
	})
}
