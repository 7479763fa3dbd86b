package mixstream

//go:generate go run ./cmd/eventgen -config gen/oapi-codegen.yaml -o gen openapi.yaml
