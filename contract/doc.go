// Package contract describes a streaming operation of an OpenAPI document: how a request
// for it is made, which parameter names its session, which events it has, and how each is
// decoded, encoded and checked.
//
// The command eventgen writes one [Operation] value for each streaming operation of a
// spec. Packages client and server are generic over that value:
//
//	c, err := client.New(api.OrderEvents, "https://orders.example.com/v2")
//	s, err := server.New(api.OrderEvents)
//
// Applications pass the value on, and use its methods. The rest of this package is for
// generated code. It imports the standard library only.
package contract
