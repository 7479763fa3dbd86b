// Command eventgen generates Go code from an OpenAPI document. The code contains everything
// that oapi-codegen makes. For each operation with a text/event-stream response it adds a
// value for the packages client and server of mixstream. It also adds a sealed interface of
// the operation's events, and the type of its parameters. eventgen writes one file, or none if
// it finds an error.
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

Generates one Go file from an OpenAPI document (3.0, 3.1 or 3.2): everything
that oapi-codegen makes, and the typed events of every operation with a
text/event-stream response. The package needs github.com/mixstream/mixstream and
github.com/oapi-codegen/runtime.

With -list it writes no file. It prints the streaming operations that it finds,
their events and data, and what each promises a reader.

The file is <folder>/api.gen.go, or has the base name of "output" in the
configuration. eventgen replaces it in one step. If it finds an error, it keeps
the old file, prints a line for each problem to standard error, and exits with
status 1. Lines that begin with "eventgen: warning:" do not stop it.

An operation may have the extension x-mixstream, an object with session,
namespace, position, interface, types, control, end and resume. docs/generator.md
describes them, and the Go names and types of the generated code.

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
	flags.BoolVar(&o.list, "list", false, "print the streams of the spec, and write no file")
	flags.BoolVar(&o.json, "json", false, "print the list as JSON")
	flags.StringVar(&o.dir, "o", "", "the `folder` to write to (required without -list); eventgen creates it")
	flags.StringVar(&o.config, "config", "", "oapi-codegen's configuration `file`; by default "+configName+" in the folder or beside the spec,\nor else models, client and std-http-server")
	flags.StringVar(&o.pkg, "package", "", "the `name` of the package; by default from the configuration or the folder")
	flags.BoolVar(&o.strict, "strict", false, "treat warnings as errors")
	flags.BoolVar(&o.eventsOnly, "events-only", false, "write only the events, to events.gen.go, beside the output of oapi-codegen's own command")
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

// newGenerator returns a generator with the configuration that the options select.
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

// printList prints what the generator finds in the spec.
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

// generateFile generates the code, and writes it if there is no error.
func generateFile(o options) (warnings []source.Problem, err error) {
	g, err := newGenerator(o)
	if err != nil {
		return nil, err
	}
	code, err := g.Generate()
	if err != nil {
		return g.Problems.Warnings, err
	}
	if err := os.MkdirAll(o.dir, 0o755); err != nil { //nolint:gosec // everybody may read source code
		return g.Problems.Warnings, err
	}
	return g.Problems.Warnings, writeFile(g.Output, code)
}
