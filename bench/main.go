// Command bench measures this project beside its peers, all in one run and in
// turn, and prints the tables of docs/benchmarks.md. It must run in its own
// directory.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

func main() {
	var names []string
	for _, t := range tables() {
		names = append(names, t.name)
	}
	which := flag.String("table", "", "the tables to print, separated by commas, of "+strings.Join(names, ", ")+"; by default all")
	asChild := flag.Bool("child", false, "measure on request, for the program itself")
	flag.Parse()
	var err error
	if *asChild {
		err = serveChild(os.Stdin, os.Stdout)
	} else {
		err = run(context.Background(), *which, names)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run prints the tables that which names, or all.
func run(ctx context.Context, which string, names []string) error {
	if experiment {
		return errors.New("run it without GOEXPERIMENT=jsonv2: it builds that variant itself")
	}
	chosen := names
	if which != "" {
		chosen = strings.Split(which, ",")
	}
	for _, name := range chosen {
		if !slices.Contains(names, name) {
			return fmt.Errorf("no table %q, only %s", name, strings.Join(names, ", "))
		}
	}
	began := time.Now()
	out := new(output)
	for _, t := range tables() {
		if !slices.Contains(chosen, t.name) {
			continue
		}
		fmt.Fprintf(&out.text, "### %s\n\n`go run . -table %s`\n\n", t.title, t.name)
		if err := t.write(ctx, out); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
		out.text.WriteString("\n")
		fmt.Print(out.text.String())
		out.text.Reset()
	}
	fmt.Fprintf(&out.text, "### Goals\n\n")
	out.writeGoals()
	fmt.Print(out.text.String())
	fmt.Fprintf(os.Stderr, "%s %s/%s, %d cores, %v\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), time.Since(began).Round(time.Second))
	return nil
}
