// Command bench measures this project beside its peers, all in one run and in turn, and prints
// the tables of docs/benchmarks.md. It must run in its own directory.
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
	which := flag.String("table", "", "the tables to print, separated by commas, of "+strings.Join(namesOf(tables()), ", ")+" and, of servers under load, "+strings.Join(namesOf(loadTables()), ", "))
	load := flag.Bool("load", false, "print the tables of servers under load instead of the others")
	plotFile := flag.String("plot", "", "with -load: write CPU and memory against the readers to this file, as SVG")
	flag.StringVar(&profileDir, "profile", "", "with -load: write CPU profiles of the servers into this folder")
	flag.BoolVar(&peersLeftOut, "no-peers", false, "with -load: measure this project and the floors only")
	flag.BoolVar(&quick, "quick", false, "measure everything once and under a small load: the figures mean nothing, but that all works")
	asChild := flag.Bool("child", false, "measure on request, for the program itself")
	asServer := flag.String("serve", "", "serve on request, for the program itself")
	asClient := flag.Bool("read", false, "read streams on request, for the program itself")
	flag.Parse()
	var err error
	switch {
	case *asChild:
		err = serveChild(os.Stdin, os.Stdout)
	case *asServer != "":
		err = serveLoad(*asServer, os.Stdin, os.Stdout)
	case *asClient:
		err = clientLoad(os.Stdin, os.Stdout)
	default:
		err = run(context.Background(), *which, *load, *plotFile)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func namesOf(list []table) []string {
	names := make([]string, len(list))
	for i, t := range list {
		names[i] = t.name
	}
	return names
}

// run prints the tables in which, or by default all tables under load, or all others.
func run(ctx context.Context, which string, load bool, plotFile string) error {
	if experiment {
		return errors.New("run it without GOEXPERIMENT=jsonv2: it builds that variant itself")
	}
	chosen := namesOf(tables())
	if load {
		chosen = namesOf(loadTables())
	}
	all := slices.Concat(tables(), loadTables())
	if which != "" {
		chosen = strings.Split(which, ",")
	}
	for _, name := range chosen {
		if !slices.Contains(namesOf(all), name) {
			return fmt.Errorf("no table %q, only %s", name, strings.Join(namesOf(all), ", "))
		}
	}
	began := time.Now()
	out := new(output)
	for _, t := range all {
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
	if plotFile != "" {
		if err := out.plot.write(plotFile); err != nil {
			return err
		}
	}
	fmt.Fprintf(&out.text, "### Goals\n\n")
	out.writeGoals()
	fmt.Print(out.text.String())
	fmt.Fprintf(os.Stderr, "%s %s/%s, %d cores, %v\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), time.Since(began).Round(time.Second))
	return nil
}
