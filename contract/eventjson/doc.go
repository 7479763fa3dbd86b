// Package eventjson reads and writes the JSON of events (RFC 8259). It is for generated code,
// which knows the type of each value: a generated function calls one method of a [Decoder] or
// an [Encoder] for each value, so it needs no reflection. A program that publishes or receives
// events needs nothing of this package but the fields of [Error].
//
// # Reading
//
//   - Syntax: exactly RFC 8259. A byte order mark is an error (section 8.1).
//   - Depth: at most 10,000 objects and arrays inside each other, as in encoding/json (section
//     9 of RFC 8259 allows a limit).
//   - Names: compared to the letter after unescaping (section 8.3). Unlike in encoding/json,
//     "Content" is not "content".
//   - Duplicates: the last member of a name wins (section 4). Generated code replaces the value
//     of the first one entirely, where encoding/json merges the two. Both values must be of
//     the member's type. RFC 7493, section 2.3, forbids such texts, and the check of a
//     publication refuses them.
//   - Null: gives the zero value.
//   - Numbers: exact (section 6). An integer may have a fraction or an exponent, if its value
//     is an integer: 1.0, 1e2 and -0 are. A number out of range of its Go type is an error.
//     Free-form values keep their digits as [encoding/json.Number], because many integers are
//     no float64 (RFC 7493, section 2.2).
//   - Text: a byte that is not UTF-8 and a surrogate without its other half become U+FFFD, as
//     in encoding/json (section 8.2; RFC 7493, section 2.1, forbids them). U+0000 is a
//     character like any other.
//
// # Writing
//
// The bytes are those of an [encoding/json.Encoder] after SetEscapeHTML(false), without the
// newline: U+2028 and U+2029 are escaped, names of maps are sorted, nil slices and maps are
// null. NaN and infinities are errors. There are two differences:
//
//   - Text: a string or a name that is not UTF-8 is an error. encoding/json would replace bytes
//     by U+FFFD. That still happens inside of a value that encoding/json writes ([Encoder.JSON]).
//   - Depth: a value that is nested deeper than 10,000 levels is an error, because no Decoder
//     would read it. A value that contains itself is such a value.
package eventjson
