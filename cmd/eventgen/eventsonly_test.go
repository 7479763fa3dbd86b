package main

import (
	"os"
	"testing"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/document"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/generator"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/oapi"
)

const ownConfig = "generate: {models: true, client: true, std-http-server: true}\n"

// ownOutput returns what oapi-codegen's own command makes of a spec.
func ownOutput(t *testing.T, spec, pkg, options string) string {
	t.Helper()
	path := t.TempDir() + "/oapi-codegen.yaml"
	if err := os.WriteFile(path, []byte("package: "+pkg+"\n"+ownConfig+options), 0o644); err != nil {
		t.Fatal(err)
	}
	cfg, err := loadConfig(path, "", "")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := document.Load(spec, cfg.Configuration)
	if err != nil {
		t.Fatal(err)
	}
	own, err := oapi.Run(doc, cfg.Configuration)
	if err != nil {
		t.Fatal(err)
	}
	code, err := generator.Merge(spec, pkg, own.Imports(), []string{own.Body()})
	if err != nil {
		t.Fatal(err)
	}
	return string(code)
}
