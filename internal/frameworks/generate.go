// Package frameworks tests the server inside applications that oapi-codegen makes for the
// routers of others: net/http, chi, gin and echo, strict and not. It is a module of its own, so
// that none of them is a dependency of the project.
package frameworks

//go:generate go run -C ../.. ./cmd/eventgen -o internal/frameworks/stdapi internal/frameworks/openapi.yaml
//go:generate go run -C ../.. ./cmd/eventgen -o internal/frameworks/chiapi internal/frameworks/openapi.yaml
//go:generate go run -C ../.. ./cmd/eventgen -o internal/frameworks/ginapi internal/frameworks/openapi.yaml
//go:generate go run -C ../.. ./cmd/eventgen -o internal/frameworks/echoapi internal/frameworks/openapi.yaml
