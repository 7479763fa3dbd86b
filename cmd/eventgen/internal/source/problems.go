package source

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Problems collects the errors and warnings of a spec, so that one run reports all of them.
type Problems struct {
	Errors   []Problem
	Warnings []Problem
	Strict   bool // warnings are errors
	NoLines  bool // lines are unknown, because an overlay moved them
}

// Problem is one problem and its place.
type Problem struct {
	place Place
	Text  string
}

// String returns the problem on one line, whatever names the document contains.
func (p Problem) String() string { return oneLine.Replace(p.place.prefix() + p.Text) }

var oneLine = strings.NewReplacer("\n", `\n`, "\r", `\r`)

// Add records an error.
func (p *Problems) Add(pl Place, format string, args ...any) { p.record(&p.Errors, pl, format, args) }

// Warn records a warning.
func (p *Problems) Warn(pl Place, format string, args ...any) {
	if p.Strict {
		p.record(&p.Errors, pl, format, args)
		return
	}
	p.record(&p.Warnings, pl, format, args)
}

// record adds a problem to a list unless it is there: several operations may share an event.
func (p *Problems) record(list *[]Problem, pl Place, format string, args []any) {
	if p.NoLines {
		pl.At.Line = 0
	}
	found := Problem{pl, fmt.Sprintf(format, args...)}
	if !slices.ContainsFunc(*list, found.equal) {
		*list = append(*list, found)
	}
}

// equal reports whether two problems have the same text and place.
func (p Problem) equal(other Problem) bool {
	return p.Text == other.Text && p.place.Name == other.place.Name && p.place.Compare(other.place) == 0
}

// Err returns an error with a line for each error, in the order of the document; nil if there
// are none.
func (p *Problems) Err() error {
	all := Lines(p.Errors)
	errs := make([]error, len(all))
	for i, line := range all {
		errs[i] = errors.New(line)
	}
	return errors.Join(errs...)
}

// Lines returns a line for each problem, in the order of the document. It merges problems that
// differ only in the name of the element: a schema may belong to several events.
func Lines(list []Problem) []string {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b Problem) int { return a.place.Compare(b.place) })
	var order []Problem
	names := map[Problem][]string{} // by the problem without a name
	for _, p := range list {
		key := p
		key.place.Name, key.place.At.Name = "", ""
		if key.place.At.Line == 0 {
			key = p // nothing tells whether it is the same place
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

// several joins a few names, and adds the number of the others.
func several(names []string) string {
	const most = 3
	if len(names) <= most+1 {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d others", strings.Join(names[:most], ", "), len(names)-most)
}
