package client

// DefaultHTTPClient is the HTTP client of a client that is given none.
var DefaultHTTPClient = defaultHTTPClient
