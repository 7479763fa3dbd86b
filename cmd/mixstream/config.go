package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"github.com/mixstream/mixstream/internal/excerpt"
)

// configFlag is the name of the flag for the configuration file.
const configFlag = "config"

// configHelp describes the configuration in the help of a command.
const configHelp = `An environment variable can set each flag, too: MIXSTREAM_ and the name of the flag in
capitals, with _ for -. So can a key of the YAML file that --config names; the key is
the name of the flag. A flag takes precedence over the environment, the environment
over the file, and the file over the default. A repeatable flag is a list in the file,
and a text with commas in the environment.`

// config records the sources of the flags' values.
type config struct {
	flags   *pflag.FlagSet
	sources map[string]string // by the name of a flag that is not on the command line
}

// setting is the value of a flag in a file.
type setting struct {
	source string
	values []string
}

// variable returns the name of the environment variable for a flag.
func variable(flag string) string {
	return "MIXSTREAM_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// configure sets the flags that the command line omits, from the environment and from the file
// that --config names. The error has one line for each problem.
func configure(flags *pflag.FlagSet) (*config, error) {
	c := &config{flags: flags, sources: make(map[string]string)}
	var all []error
	if err := c.fromEnvironment(flags.Lookup(configFlag)); err != nil {
		return c, asUsage(err)
	}
	var file map[string]setting
	if flags.Changed(configFlag) {
		var errs []error
		file, errs = c.read(flags.Lookup(configFlag).Value.String())
		all = append(all, errs...)
	}
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Changed || !configurable(f) {
			return
		}
		if err := c.fromEnvironment(f); err != nil {
			all = append(all, err)
			return
		}
		if s, ok := file[f.Name]; ok && !f.Changed {
			all = append(all, c.set(f, s.source, s.values))
		}
	})
	return c, asUsage(errors.Join(all...))
}

// configurable reports whether a file and the environment can set a flag.
func configurable(f *pflag.Flag) bool { return f.Name != "help" && f.Name != configFlag }

func (c *config) fromEnvironment(f *pflag.Flag) error {
	value, ok := os.LookupEnv(variable(f.Name))
	if !ok || f.Changed {
		return nil
	}
	values := []string{value}
	if _, ok := f.Value.(pflag.SliceValue); ok {
		values = strings.Split(value, ",")
	}
	return c.set(f, variable(f.Name), values)
}

// set sets a flag. It refuses an empty value, which is more likely a mistake than intended.
func (c *config) set(f *pflag.Flag, source string, values []string) error {
	for _, value := range values {
		value = strings.TrimSpace(value)
		if value == "" {
			return fmt.Errorf("%s: --%s is empty: set it to %s, or omit it", source, f.Name, rightValue(f))
		}
		if err := c.flags.Set(f.Name, value); err != nil {
			return fmt.Errorf("%s: --%s %s: must be %s", source, f.Name, excerpt.Quote(value), rightValue(f))
		}
	}
	c.sources[f.Name] = source
	return nil
}

// rightValue describes the values of a flag.
func rightValue(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "bool":
		return "true or false"
	case "int", "int64":
		return "a whole number"
	case "duration":
		return "a duration, such as 90s or 1h30m"
	case "string", "stringArray":
		return f.Usage
	}
	return f.Value.Type()
}

// read reads the settings of a file.
func (c *config) read(path string) (map[string]setting, []error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, []error{fmt.Errorf("--%s: %w", configFlag, err)}
	}
	defer f.Close() //nolint:errcheck // the file was only read
	var document yaml.Node
	in := yaml.NewDecoder(f)
	if err := in.Decode(&document); errors.Is(err, io.EOF) {
		return nil, nil // an empty file
	} else if err != nil {
		return nil, []error{fmt.Errorf("%s: %w", path, err)}
	}
	if err := in.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, []error{fmt.Errorf("%s: more than one YAML document", path)}
	}
	top := document.Content[0]
	if top.Kind != yaml.MappingNode {
		return nil, []error{fmt.Errorf("%s: must be lines of a flag's name, a colon and its value", path)}
	}
	settings := make(map[string]setting)
	var errs []error
	for i := 0; i+1 < len(top.Content); i += 2 {
		key, value := top.Content[i], top.Content[i+1]
		source := fmt.Sprintf("%s:%d", path, key.Line)
		if first, ok := settings[key.Value]; ok {
			errs = append(errs, fmt.Errorf("%s: key %s is already set at %s", source, excerpt.Quote(key.Value), first.source))
			continue
		}
		values, err := c.values(key.Value, value)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", source, err))
			continue
		}
		settings[key.Value] = setting{source, values}
	}
	return settings, errs
}

// values returns the values of a key in a file.
func (c *config) values(key string, node *yaml.Node) ([]string, error) {
	f := c.flags.Lookup(key)
	if f == nil || !configurable(f) {
		name := strings.ToLower(strings.ReplaceAll(key, "_", "-"))
		if f = c.flags.Lookup(name); f != nil && configurable(f) {
			return nil, fmt.Errorf("unknown key %s: must be %q", excerpt.Quote(key), name)
		}
		return nil, fmt.Errorf("unknown key %s: must be the name of a flag, such as listen; mixstream serve --help lists them", excerpt.Quote(key))
	}
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	_, repeatable := f.Value.(pflag.SliceValue)
	switch {
	case node.Kind == yaml.ScalarNode && node.Tag == "!!null":
		return []string{""}, nil
	case node.Kind == yaml.ScalarNode:
		return []string{node.Value}, nil
	case node.Kind != yaml.SequenceNode || !repeatable:
		return nil, fmt.Errorf("--%s: must be one value: %s", key, rightValue(f))
	}
	var values []string
	for _, item := range node.Content {
		if item.Kind != yaml.ScalarNode {
			return nil, fmt.Errorf("--%s: must be a list of values, each %s", key, rightValue(f))
		}
		values = append(values, item.Value)
	}
	return values, nil
}

// flagName finds the flags that an error mentions.
var flagName = regexp.MustCompile(`--([a-z-]+)`)

// locate adds the source of a flag's value to an error about it.
func (c *config) locate(err error) error {
	if err == nil || c == nil {
		return err
	}
	if name := flagName.FindStringSubmatch(err.Error()); name != nil {
		if source := c.sources[name[1]]; source != "" {
			return fmt.Errorf("%w (set by %s)", err, source)
		}
	}
	return err
}
