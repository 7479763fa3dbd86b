package gen_test

import (
	"errors"
	"fmt"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/gen"
)

// One type switch takes every event, also one that this version of the spec does not
// name.
func Example_decode() {
	for _, e := range []struct{ name, data string }{
		{"content", `{"type":"content","content":"Hello"}`},
		{"weather", `{"sky":"blue"}`},
		{"content", `{"type":"content","content":7}`},
	} {
		switch data := gen.StreamEvents.Decode(e.name, []byte(e.data)).(type) {
		case *gen.ContentData:
			fmt.Println("content:", data.Content)
		case *gen.UnknownEvent:
			fmt.Printf("unknown: %s %s: %v\n", data.Name, data.Data, data.Err)
		}
	}
	// Output:
	// content: Hello
	// unknown: weather {"sky":"blue"}: <nil>
	// unknown: content {"type":"content","content":7}: "content": data/content: must be of type string, not number
}

func Example_check() {
	fmt.Println(gen.StreamEvents.Check("content", []byte(`{"type":"content","content":"Hello"}`)))

	err := gen.StreamEvents.Check("content", []byte(`{"type":"content"}`))
	var invalid *contract.InvalidEventError
	if errors.As(err, &invalid) {
		fmt.Printf("%s: %s\n", invalid.Event, invalid.Reason)
	}
	// Output:
	// <nil>
	// content: "content" is required
}
