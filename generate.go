package mixstream

//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen -config gen/oapi-codegen.yaml openapi.yaml
//go:generate go run ./internal/eventgen -config gen/oapi-codegen.yaml -o gen/events.gen.go openapi.yaml
