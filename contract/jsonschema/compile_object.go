package jsonschema

import (
	"fmt"
	"math"
)

func (c *compiler) objects(s *Schema, is *goType) *objects {
	rest := free
	if is.others != nil {
		rest = is.others
	}
	o := &objects{rest: c.rest(s, rest), least: s.MinProperties, most: math.MaxUint64}
	if s.MaxProperties != nil {
		o.most = *s.MaxProperties
	}
	if s.Names != nil {
		o.names = c.node(s.Names, free)
	}
	for i := range s.PatternProperties {
		p := &s.PatternProperties[i]
		o.patterns = append(o.patterns, pattern{p.Pattern, c.node(&p.Schema, rest)})
	}
	places := map[string]int{}
	add := func(name string) {
		if _, ok := places[name]; !ok {
			places[name] = len(o.members)
			o.members = append(o.members, member{name, c.member(s, name, is.member(name))})
		}
	}
	for _, f := range is.fields {
		add(f.name)
	}
	for i := range s.Properties {
		add(s.Properties[i].Name)
	}
	for _, name := range s.Required {
		add(name)
	}
	o.index()
	if len(s.Required) > 0 {
		o.required = make([]uint64, o.words)
	}
	for _, name := range s.Required {
		o.required[places[name]/64] |= 1 << (places[name] % 64)
	}
	return o
}

// rest returns the node of the members that a schema does not describe by their names.
func (c *compiler) rest(s *Schema, is *goType) *node {
	if s.Closed {
		return never
	}
	return c.node(s.Additional, is)
}

// member returns the node of the member called name.
func (c *compiler) member(s *Schema, name string, is *goType) *node {
	if s.Names != nil && (&checker{all: c.all}).check(s.Names, name, nil) != nil {
		return never
	}
	var each []*Schema
	for i := range s.Properties {
		if s.Properties[i].Name == name {
			each = append(each, &s.Properties[i].Schema)
		}
	}
	for i := range s.PatternProperties {
		if p := &s.PatternProperties[i]; p.Pattern.MatchString(name) {
			each = append(each, &p.Schema)
		}
	}
	switch len(each) {
	case 0:
		return c.rest(s, is)
	case 1:
		return c.node(each[0], is)
	}
	return c.node(c.join(each), is)
}

// join returns a schema for the values that fit all of some schemas.
func (c *compiler) join(each []*Schema) *Schema {
	key := fmt.Sprint(each) // the addresses
	if c.joined[key] == nil {
		all := &Schema{}
		for _, s := range each {
			all.AllOf = append(all.AllOf, *s)
		}
		c.joined[key] = all
	}
	return c.joined[key]
}
