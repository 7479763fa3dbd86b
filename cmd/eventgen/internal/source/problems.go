package source

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Problems collects what is wrong with a spec, so that one run reports all of it.
type Problems struct {
	Errors   []Problem
	Warnings []Problem
	Strict   bool // a warning is an error
	NoLines  bool // lines are not known: an overlay has moved them
}

// Problem is one thing that is wrong, and where.
type Problem struct {
	place Place
	Text  string
}

// String returns the problem on one line, whatever names the document has.
func (p Problem) String() string { return oneLine.Replace(p.place.prefix() + p.Text) }

var oneLine = strings.NewReplacer("\n", `\n`, "\r", `\r`)

// Add records a problem of an element.
func (p *Problems) Add(pl Place, format string, args ...any) { p.record(&p.Errors, pl, format, args) }

// Warn records what the user should know of an element.
func (p *Problems) Warn(pl Place, format string, args ...any) {
	if p.Strict {
		p.record(&p.Errors, pl, format, args)
		return
	}
	p.record(&p.Warnings, pl, format, args)
}

// record adds a problem to a list. Several operations may have one event, and its problems
// are told once.
func (p *Problems) record(list *[]Problem, pl Place, format string, args []any) {
	if p.NoLines {
		pl.At.Line = 0
	}
	found := Problem{pl, fmt.Sprintf(format, args...)}
	if !slices.ContainsFunc(*list, found.equal) {
		*list = append(*list, found)
	}
}

// equal reports whether two problems would be told alike.
func (p Problem) equal(other Problem) bool {
	return p.Text == other.Text && p.place.Name == other.place.Name && p.place.Compare(other.place) == 0
}

// Err returns the errors as one with a line for each, in the order of the document; nil if
// there are none.
func (p *Problems) Err() error {
	all := Lines(p.Errors)
	errs := make([]error, len(all))
	for i, line := range all {
		errs[i] = errors.New(line)
	}
	return errors.Join(errs...)
}

// Lines returns a line for each problem, in the order of the document. Problems that differ
// only in the name of what has them are one: a schema may be part of several events.
func Lines(list []Problem) []string {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b Problem) int { return a.place.Compare(b.place) })
	var order []Problem
	names := map[Problem][]string{} // by the problem without a name
	for _, p := range list {
		key := p
		key.place.Name, key.place.At.Name = "", ""
		if key.place.At.Line == 0 {
			key = p // nothing says that it is the same place
		}
		if names[key] == nil {
			order = append(order, key)
		}
		names[key] = append(names[key], p.place.Name)
	}
	all := make([]string, len(order))
	for i, p := range order {
		p.place.Name = several(names[p])
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
