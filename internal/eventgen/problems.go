package main

import (
	"errors"
	"fmt"
)

// problems collects what is wrong with a spec, so that one run reports all of it.
type problems []error

// add records a problem of the schema or operation called where.
func (p *problems) add(where, format string, args ...any) {
	*p = append(*p, fmt.Errorf("%s: %s", where, fmt.Sprintf(format, args...)))
}

// err returns the problems as one error with a line for each, nil if there are
// none. An event that two operations share has its problems twice, and is
// reported once.
func (p problems) err() error {
	var (
		unique []error
		seen   = map[string]bool{}
	)
	for _, err := range p {
		if !seen[err.Error()] {
			seen[err.Error()] = true
			unique = append(unique, err)
		}
	}
	return errors.Join(unique...)
}
