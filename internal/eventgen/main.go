// Command eventgen generates the typed event layer beside oapi-codegen's output:
// for every operation with a text/event-stream response a sealed interface of
// its events, their names, a decoder and a validator; the list of all operations;
// and a server that answers each of them with an error, to be embedded.
//
// It reads the OpenAPI document and oapi-codegen's own configuration, and takes
// every Go name from what oapi-codegen makes of the two. A spec of which it
// cannot make correct code is refused, with the name of the schema or operation
// and the reason.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

const usage = `Usage: eventgen -config <file> [-o <file>] <openapi.yaml>

Generates the typed event layer of an OpenAPI 3.1 document, to stand in one
package with the code that oapi-codegen makes of the same document.

Each operation with a text/event-stream response needs a oneOf of event schemas
with a discriminator and its mapping. Each event is an allOf in which "event" is
a $ref to a named enum with a const beside it, and "data" a $ref to a named
schema of type object. Each value of the enum names an event. Where there are
several such operations, x-go-event-prefix on an operation starts the names of
what is generated for it.

The generated validator checks type, enum, const, pattern, required, properties,
additionalProperties, items, allOf, anyOf, oneOf, and the minimum and maximum of
a number, of a length and of a count of items. Another keyword that constrains
the data of an event is refused.

The exit status is 1 where the document is refused, and nothing is written.

Flags:
`

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run is the command with its arguments and streams; it returns the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("eventgen", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		_, _ = fmt.Fprint(flags.Output(), usage)
		flags.PrintDefaults()
	}
	config := flags.String("config", "", "oapi-codegen's configuration `file` (required)")
	output := flags.String("o", "", "the `file` to write; written only if it changes; standard output by default")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	if *config == "" || flags.NArg() != 1 {
		flags.Usage()
		return 2
	}
	code, err := generate(flags.Arg(0), *config)
	if err == nil {
		if *output == "" {
			_, err = stdout.Write(code)
		} else {
			err = writeFile(*output, code)
		}
	}
	if err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			_, _ = fmt.Fprintf(stderr, "eventgen: %s\n", line)
		}
		return 1
	}
	return 0
}

// generate returns the generated file for the spec and the oapi-codegen
// configuration at these paths. Its error has one line for each problem.
func generate(spec, config string) ([]byte, error) {
	cfg, err := loadConfig(config)
	if err != nil {
		return nil, err
	}
	doc, err := loadSpec(spec, cfg)
	if err != nil {
		return nil, err
	}
	a, err := readAPI(doc)
	if err != nil {
		return nil, err
	}
	var p problems
	data := readSchemas(doc, a, &p)
	if err := p.err(); err != nil {
		return nil, err
	}
	// oapi-codegen changes the document that it is given.
	own, err := loadSpec(spec, cfg)
	if err != nil {
		return nil, err
	}
	pkg, err := generatePackage(own, cfg)
	if err != nil {
		return nil, err
	}
	if err := nameAPI(a, doc, pkg); err != nil {
		return nil, err
	}
	return render(file{Spec: filepath.Base(spec), Package: cfg.PackageName, API: a, Schemas: data.literal(doc)})
}
