package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// problems collects what is wrong with a spec, so that one run reports all of it.
type problems struct {
	errs     []problem
	warnings []problem
	strict   bool // a warning is an error
	noLines  bool // the lines are those of a document that nobody can look at
}

// problem is one thing that is wrong, and where.
type problem struct {
	place place
	text  string
}

// String returns the problem on one line, whatever names the document has.
func (p problem) String() string { return oneLine.Replace(p.place.prefix() + p.text) }

var oneLine = strings.NewReplacer("\n", `\n`, "\r", `\r`)

// add records a problem of an element.
func (p *problems) add(pl place, format string, args ...any) { p.record(&p.errs, pl, format, args) }

// warn records what the user should know of an element.
func (p *problems) warn(pl place, format string, args ...any) {
	if p.strict {
		p.record(&p.errs, pl, format, args)
		return
	}
	p.record(&p.warnings, pl, format, args)
}

// record adds a problem to a list. An event of two operations has its problems twice, and
// the list has them once.
func (p *problems) record(list *[]problem, pl place, format string, args []any) {
	if p.noLines {
		pl.at.Line = 0
	}
	found := problem{pl, fmt.Sprintf(format, args...)}
	if !slices.ContainsFunc(*list, func(other problem) bool { return other.String() == found.String() }) {
		*list = append(*list, found)
	}
}

// err returns the errors as one with a line for each, in the order of the document; nil if
// there are none.
func (p *problems) err() error {
	errs := make([]error, len(p.errs))
	for i, line := range lines(p.errs) {
		errs[i] = errors.New(line)
	}
	return errors.Join(errs...)
}

// lines returns a line for each problem, in the order of the document.
func lines(list []problem) []string {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b problem) int { return a.place.compare(b.place) })
	all := make([]string, len(list))
	for i, p := range list {
		all[i] = p.String()
	}
	return all
}
