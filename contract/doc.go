// Package contract describes a streaming operation of an OpenAPI document: how to make its
// request, which parameter names its session, which events it has, and how to decode, encode
// and check them.
//
// The command eventgen writes one [Operation] value for each streaming operation of a spec.
// Packages client and server are generic over that value:
//
//	c, err := client.New(api.OrderEvents, "https://orders.example.com/v2")
//	s, err := server.New(api.OrderEvents)
//
// Applications pass the value to those packages and call its methods. Generated code uses the
// rest of this package, package eventjson to decode and encode events, and package jsonschema
// to check them. The three import little beside the standard library and each other.
package contract
