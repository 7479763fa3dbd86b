// Package mixstream holds the contract of the project, openapi.yaml, and the directives with
// which go generate makes the code in gen/. Programs import the packages client, server and
// sse beside it.
package mixstream

import _ "embed"

// Spec is the OpenAPI document of the API, in YAML, as openapi.yaml has it. The
// bytes are shared: do not change them.
//
//go:embed openapi.yaml
var Spec []byte
