// Package jsonschema checks the data of events against the schemas of a spec, as JSON Schema
// 2020-12 defines them, and against the Go types that generated code decodes the data into.
//
// Generated code declares the schemas of its events as [Schemas], and for each event the
// [Rules] that pair one of them with a Go type. Applications check events with the methods of
// contract.Operation.
//
// # What is checked
//
// A text must be JSON (RFC 8259) of at most 10,000 levels. It must also keep the
// rules of I-JSON (RFC 7493) for what readers understand differently: a member comes once in an
// object, text is UTF-8, and each half of a surrogate pair has the other half. Names are compared
// after unescaping, to the letter. U+0000 and U+2028 are characters like others.
//
// Numbers are exact. 1.0 and 1e2 are integers, to the schema and to the Go type. A number must
// be in the range of its Go type; one without a Go type may be of any size.
//
// # How
//
// Rules compile a schema and a Go type into one graph of nodes, and check a text by the nodes
// in one pass, which builds no values. A value whose schema applies several schemas to it, or
// compares its items, is read as a tree in addition. The pass only accepts. If it does not,
// the text is read again to find out what is wrong: first as JSON, then by the schema, then by
// the Go type. So the reason does not depend on how the pass works.
//
// The package imports the standard library and other packages of contract only.
package jsonschema
