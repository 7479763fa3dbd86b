// Package mix is the client and the server of this repository's own contract, openapi.yaml:
// the stream of an agent's session, as Mix documents it.
//
//	c, err := mix.NewClient("https://agents.example.com")
//	...
//	stream, err := c.StreamEvents(ctx, "session-1", nil)
//	...
//	defer stream.Close()
//	for event, err := range stream.All() {
//		...
//		switch data := event.Data.(type) {
//		case *gen.ContentData:
//			fmt.Print(data.Content)
//		case *gen.UnknownEvent:
//			log.Printf("unknown event %q", data.Name)
//		}
//	}
//
// [Client] and [Server] are thin: they name the generated types of package gen, and read and
// write the errors of the contract. Packages client and server document the rest, and have
// the options.
package mix
