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

// configName is the configuration file that eventgen reads if it exists.
const configName = "oapi-codegen.yaml"

// config is oapi-codegen's configuration, as its file and the flags set it.
type config struct {
	codegen.Configuration `yaml:",inline"`

	// Output is the file that oapi-codegen's command writes. Only its base name counts here.
	Output string `yaml:"output"`
}

// findConfig returns the path of the configuration file in dir, or else beside the spec. It is
// empty if neither exists.
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

// loadConfig reads a configuration file of oapi-codegen, as its command does. With an empty
// path it returns the defaults. pkg, if not empty, sets the package; otherwise it defaults to
// the package in dir.
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
		return cfg, fmt.Errorf("%q is not a valid name of a Go package", cfg.PackageName)
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

// defaultConfig returns the configuration to use without a file.
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

// packageOf returns the name of the package in dir. In an empty folder it returns the folder's
// name, as Go programmers expect.
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
		return "", fmt.Errorf("the folder name %s is not a valid name of a Go package: set one with -package", dir)
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

// supported returns an error if the events and oapi-codegen's output for this configuration
// cannot share a package.
func supported(cfg codegen.Configuration) error {
	switch {
	case !cfg.Generate.Models:
		return errors.New("generate.models must be true: the events are decoded into the models")
	case cfg.OutputOptions.NameNormalizer != "" && codegen.NameNormalizers[codegen.NameNormalizerFunction(cfg.OutputOptions.NameNormalizer)] == nil:
		return fmt.Errorf("output-options.name-normalizer is %q: it must be one of %q", cfg.OutputOptions.NameNormalizer, codegen.NameNormalizers.Options()[1:])
	case cfg.OutputOptions.ResolveTypeNameCollisions:
		return errors.New("output-options.resolve-type-name-collisions must be false: otherwise the Go name of a schema depends on the rest of the document")
	}
	return nil
}
