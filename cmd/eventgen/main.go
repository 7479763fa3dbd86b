// Command eventgen generates Go code from an OpenAPI document: all that oapi-codegen makes
// of it, and for each operation with a text/event-stream response a value that packages
// client and server of mixstream are generic over, with a sealed interface of its events and
// the type of its parameters. It writes one file, or nothing if anything is wrong.
//
//	go get -tool github.com/mixstream/mixstream/cmd/eventgen
//	go tool eventgen -o api openapi.yaml
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/generator"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
)

const usage = `Usage: eventgen -o <folder> [flags] <openapi.yaml>
       eventgen -list [-json] [flags] <openapi.yaml>

Generates one Go file from an OpenAPI document (3.0, 3.1 or 3.2): all that
oapi-codegen makes of it, and the typed events of every operation with a
text/event-stream response. The package needs github.com/mixstream/mixstream and
github.com/oapi-codegen/runtime.

With -list it writes no file, and prints what it sees: the streaming operations,
their events and data, and what each promises a reader.

The file is <folder>/api.gen.go, or has the base name of "output" in the
configuration. It changes in one step, and only if all of it is right: else the
exit status is 1, and standard error has a line for each problem. Lines that
begin with "eventgen: warning:" do not stop it.

An operation may have the extension x-mixstream, an object with session,
namespace, position, interface, types and control; docs/generator.md describes
them, and the Go names and types of what is generated.

Flags:
`

// options holds the command line.
type options struct {
	spec, dir, config, pkg string
	eventsOnly, strict     bool
	list, json             bool
}

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run runs the command with these arguments, and returns the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	var o options
	flags := flag.NewFlagSet("eventgen", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		_, _ = fmt.Fprint(flags.Output(), usage)
		flags.PrintDefaults()
	}
	flags.BoolVar(&o.list, "list", false, "print what the spec describes, and write nothing")
	flags.BoolVar(&o.json, "json", false, "print the list as JSON")
	flags.StringVar(&o.dir, "o", "", "the `folder` to write to (required without -list); it is made if it is not there")
	flags.StringVar(&o.config, "config", "", "oapi-codegen's configuration `file`; by default "+configName+" in the folder or beside the spec,\nif there is one, else models, client and std-http-server")
	flags.StringVar(&o.pkg, "package", "", "the `name` of the package; by default that of the configuration or of the folder")
	flags.BoolVar(&o.strict, "strict", false, "refuse a spec for which there is a warning")
	flags.BoolVar(&o.eventsOnly, "events-only", false, "write events.gen.go with the events alone, beside the output of oapi-codegen's own command")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	if (o.dir == "") != o.list || o.json && !o.list || flags.NArg() != 1 {
		flags.Usage()
		return 2
	}
	o.spec = flags.Arg(0)
	do := generateFile
	if o.list {
		do = func(o options) ([]source.Problem, error) { return printList(o, stdout) }
	}
	found, err := do(o)
	for _, w := range source.Lines(found) {
		_, _ = fmt.Fprintf(stderr, "eventgen: warning: %s\n", w)
	}
	if err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			_, _ = fmt.Fprintf(stderr, "eventgen: %s\n", line)
		}
		return 1
	}
	return 0
}

// newGenerator returns a generator with the configuration that the options name.
func newGenerator(o options) (*generator.Generator, error) {
	path := o.config
	if path == "" {
		path = findConfig(o.dir, o.spec)
	}
	cfg, err := loadConfig(path, o.dir, o.pkg)
	if err != nil {
		return nil, err
	}
	g := &generator.Generator{Spec: o.spec, Config: cfg.Configuration, EventsOnly: o.eventsOnly, Output: cfg.outputFile(o.dir, o.eventsOnly)}
	g.Problems.Strict = o.strict
	return g, nil
}

// printList prints what the generator sees in the spec.
func printList(o options, stdout io.Writer) (warnings []source.Problem, err error) {
	if o.pkg == "" {
		o.pkg = "api"
	}
	g, err := newGenerator(o)
	if err != nil {
		return nil, err
	}
	l, err := g.List()
	if err != nil {
		return g.Problems.Warnings, err
	}
	if o.json {
		return nil, l.WriteJSON(stdout)
	}
	return g.Problems.Warnings, l.WriteText(stdout)
}

// generateFile generates the code, and writes it if nothing is wrong with it.
func generateFile(o options) (warnings []source.Problem, err error) {
	g, err := newGenerator(o)
	if err != nil {
		return nil, err
	}
	code, err := g.Generate()
	if err != nil {
		return g.Problems.Warnings, err
	}
	if err := os.MkdirAll(o.dir, 0o755); err != nil { //nolint:gosec // source code is for all to read
		return g.Problems.Warnings, err
	}
	return g.Problems.Warnings, writeFile(g.Output, code)
}
