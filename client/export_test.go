package client

// DefaultHTTPClient is the HTTP client of a client that is given none.
var DefaultHTTPClient = defaultHTTPClient

// StringMember finds the name of an event in its data.
var StringMember = stringMember

// ScalarAt returns the text of a value at a JSON pointer.
var ScalarAt = scalarAt
