package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
	"go.yaml.in/yaml/v3"
)

// loadConfig reads a configuration file of oapi-codegen, as its command does.
func loadConfig(path string) (codegen.Configuration, error) {
	var cfg struct {
		codegen.Configuration `yaml:",inline"`

		// Output is the command's own, and of no use here.
		Output string `yaml:"output"`
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return cfg.Configuration, err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(&cfg); err != nil {
		return cfg.Configuration, fmt.Errorf("%s: %w", path, err)
	}
	cfg.Configuration = cfg.UpdateDefaults()
	if err := errors.Join(cfg.Validate(), supported(cfg.Configuration)); err != nil {
		return cfg.Configuration, fmt.Errorf("%s: %w", path, err)
	}
	return cfg.Configuration, nil
}

// supported returns an error if the generated file could not compile beside what
// oapi-codegen makes with this configuration.
func supported(cfg codegen.Configuration) error {
	switch {
	case !cfg.Generate.Models:
		return errors.New("generate.models must be true: the events are decoded into the models")
	case !cfg.Generate.Strict:
		return errors.New("generate.strict-server must be true: UnimplementedServer implements its interface")
	case cfg.OutputOptions.ResolveTypeNameCollisions:
		return errors.New("output-options.resolve-type-name-collisions must be false: a schema's Go name would depend on the rest of the document")
	}
	return nil
}
