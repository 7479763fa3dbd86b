package gen_test

import (
	"testing"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/samejson"
)

// TestSameJSON compares the generated decoders and encoders with encoding/json.
func TestSameJSON(t *testing.T) { samejson.Test(t, gen.StreamEvents, 1, 1000) }
