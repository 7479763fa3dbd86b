package main

import (
	"bytes"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"

	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
	"go.yaml.in/yaml/v3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/generator"
)

// configName is the name of the configuration file that is used if it is there.
const configName = "oapi-codegen.yaml"

// config holds oapi-codegen's configuration, as its file and the flags set it.
type config struct {
	codegen.Configuration `yaml:",inline"`

	// Output is the file that oapi-codegen's command writes. Only its base name counts.
	Output string `yaml:"output"`
}

// findConfig returns the path of the configuration file in dir or beside the spec; empty
// if neither has one.
func findConfig(dir, spec string) string {
	for _, d := range []string{dir, filepath.Dir(spec)} {
		if path := filepath.Join(d, configName); isFile(path) {
			return path
		}
	}
	return ""
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}

// loadConfig reads a configuration file of oapi-codegen, as its command does. Without a
// file it returns the defaults. The package is pkg if that is not empty, and by default
// that of dir.
func loadConfig(path, dir, pkg string) (config, error) {
	cfg := defaultConfig()
	if path != "" {
		cfg = config{}
		data, err := os.ReadFile(path)
		if err != nil {
			return cfg, err
		}
		decoder := yaml.NewDecoder(bytes.NewReader(data))
		decoder.KnownFields(true)
		if err := decoder.Decode(&cfg); err != nil {
			return cfg, fmt.Errorf("%s: %w", path, err)
		}
	}
	if pkg != "" {
		cfg.PackageName = pkg
	}
	if cfg.PackageName == "" {
		name, err := packageOf(dir)
		if err != nil {
			return cfg, err
		}
		cfg.PackageName = name
	}
	if !token.IsIdentifier(cfg.PackageName) {
		return cfg, fmt.Errorf("%q is not the name of a Go package", cfg.PackageName)
	}
	cfg.Configuration = cfg.UpdateDefaults()
	if err := errors.Join(cfg.Validate(), supported(cfg.Configuration)); err != nil {
		if path == "" {
			return cfg, err
		}
		return cfg, fmt.Errorf("%s: %w", path, err)
	}
	return cfg, nil
}

// defaultConfig is used without a configuration file.
func defaultConfig() config {
	var cfg config
	cfg.Generate = codegen.GenerateOptions{Models: true, Client: true, StdHTTPServer: true}
	cfg.Compatibility.AlwaysPrefixEnumValues = true
	cfg.OutputOptions.NameNormalizer = string(codegen.NameNormalizerFunctionToCamelCaseWithInitialisms)
	cfg.OutputOptions.PreferSkipOptionalPointerOnContainerTypes = true
	cfg.OutputOptions.SkipPrune = true
	cfg.OutputOptions.TypeMapping = generator.Float64Numbers
	return cfg
}

// packageOf returns the name of the package in dir, or the one that Go programmers
// expect there.
func packageOf(dir string) (string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return "", err
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		if f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.PackageClauseOnly); err == nil {
			return f.Name.Name, nil
		}
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	name := filepath.Base(abs)
	if !token.IsIdentifier(name) {
		return "", fmt.Errorf("the name of the folder %s is not that of a Go package: set one with -package", dir)
	}
	return name, nil
}

// outputFile returns the path of the file to write in dir.
func (cfg *config) outputFile(dir string, eventsOnly bool) string {
	name := "api.gen.go"
	if base := filepath.Base(cfg.Output); cfg.Output != "" && strings.HasSuffix(base, ".go") {
		name = base
	}
	if eventsOnly {
		name = "events.gen.go"
	}
	return filepath.Join(dir, name)
}

// supported returns an error if the events cannot stand in one package with what
// oapi-codegen makes with this configuration.
func supported(cfg codegen.Configuration) error {
	switch {
	case !cfg.Generate.Models:
		return errors.New("generate.models must be true: the events are decoded into the models")
	case cfg.OutputOptions.NameNormalizer != "" && codegen.NameNormalizers[codegen.NameNormalizerFunction(cfg.OutputOptions.NameNormalizer)] == nil:
		return fmt.Errorf("output-options.name-normalizer is %q, and must be one of %q", cfg.OutputOptions.NameNormalizer, codegen.NameNormalizers.Options()[1:])
	case cfg.OutputOptions.ResolveTypeNameCollisions:
		return errors.New("output-options.resolve-type-name-collisions must be false: the Go name of a schema would depend on the rest of the document")
	}
	return nil
}
