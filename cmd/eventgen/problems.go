package main

import (
	"errors"
	"fmt"
	"slices"
)

// problems collects what is wrong with a spec, so that one run reports all of it.
type problems struct {
	errs     []error
	warnings []string
}

// add records a problem of the schema or operation called where.
func (p *problems) add(where, format string, args ...any) {
	p.errs = append(p.errs, fmt.Errorf("%s: %s", where, fmt.Sprintf(format, args...)))
}

// warn records what the user should know of the schema or operation called where.
func (p *problems) warn(where, format string, args ...any) {
	if w := where + ": " + fmt.Sprintf(format, args...); !slices.Contains(p.warnings, w) {
		p.warnings = append(p.warnings, w)
	}
}

// err returns the problems as one error with a line for each, nil if there are none.
// An event of two operations has its problems twice, and err reports them once.
func (p *problems) err() error {
	var unique []error
	seen := map[string]bool{}
	for _, err := range p.errs {
		if !seen[err.Error()] {
			seen[err.Error()] = true
			unique = append(unique, err)
		}
	}
	return errors.Join(unique...)
}
