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
	noLines  bool // lines are not known: an overlay has moved them
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

// record adds a problem to a list. Several operations may have one event, and its problems
// are told once.
func (p *problems) record(list *[]problem, pl place, format string, args []any) {
	if p.noLines {
		pl.at.Line = 0
	}
	found := problem{pl, fmt.Sprintf(format, args...)}
	if !slices.ContainsFunc(*list, found.equal) {
		*list = append(*list, found)
	}
}

// equal reports whether two problems would be told alike.
func (p problem) equal(other problem) bool {
	return p.text == other.text && p.place.name == other.place.name && p.place.compare(other.place) == 0
}

// err returns the errors as one with a line for each, in the order of the document; nil if
// there are none.
func (p *problems) err() error {
	all := lines(p.errs)
	errs := make([]error, len(all))
	for i, line := range all {
		errs[i] = errors.New(line)
	}
	return errors.Join(errs...)
}

// lines returns a line for each problem, in the order of the document. Problems that differ
// only in the name of what has them are one: a schema may be part of several events.
func lines(list []problem) []string {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b problem) int { return a.place.compare(b.place) })
	var order []problem
	names := map[problem][]string{} // by the problem without a name
	for _, p := range list {
		key := p
		key.place.name, key.place.at.Name = "", ""
		if key.place.at.Line == 0 {
			key = p // nothing says that it is the same place
		}
		if names[key] == nil {
			order = append(order, key)
		}
		names[key] = append(names[key], p.place.name)
	}
	all := make([]string, len(order))
	for i, p := range order {
		p.place.name = several(names[p])
		all[i] = p.String()
	}
	return all
}

// several returns a few names, and how many there are beside them.
func several(names []string) string {
	const most = 3
	if len(names) <= most+1 {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d others", strings.Join(names[:most], ", "), len(names)-most)
}
