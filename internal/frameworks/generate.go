// Package frameworks tests the server inside applications that oapi-codegen makes for several
// routers: net/http, chi, gin and echo, strict and not. It is a separate module, so that the
// project does not depend on those routers.
package frameworks

//go:generate go run -C ../.. ./cmd/eventgen -o internal/frameworks/stdapi internal/frameworks/openapi.yaml
//go:generate go run -C ../.. ./cmd/eventgen -o internal/frameworks/chiapi internal/frameworks/openapi.yaml
//go:generate go run -C ../.. ./cmd/eventgen -o internal/frameworks/ginapi internal/frameworks/openapi.yaml
//go:generate go run -C ../.. ./cmd/eventgen -o internal/frameworks/echoapi internal/frameworks/openapi.yaml
