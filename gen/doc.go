// Package gen is generated from openapi.yaml by the command eventgen: oapi-codegen's models,
// client and server, and [StreamEvents], which describes the one streaming operation.
//
// A pointer to each type whose name ends in Data that an event carries implements [Event].
// The methods of [StreamEvents] decode, encode and check events: Decode returns an
// [*UnknownEvent] for what the spec does not name, and Check reports whether data fits the
// schema of its event. Both come from the schemas, so a changed spec changes them.
//
// Packages client and server are generic over [StreamEvents]; package mix has both for this
// contract. [Client] makes bare requests: it neither resumes nor reads a stream.
package gen
