package main

import (
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// list returns what the generator sees in the document.
func (g *generator) list() (*listing, error) {
	l, err := g.makeList()
	return l, g.located(err)
}

func (g *generator) makeList() (*listing, error) {
	_, streams, sessions, err := g.read()
	if err != nil {
		return nil, err
	}
	own, err := g.ownPackage()
	if err != nil {
		return nil, err
	}
	plans, err := g.plan(own)
	if err != nil {
		return nil, err
	}
	l := &listing{}
	for i, s := range streams {
		l.Operations = append(l.Operations, listOperation(s, plans[i], sessions[i]))
	}
	l.Warnings = lines(g.p.warnings)
	return l, nil
}

func listOperation(s *stream, plan *streamPlan, of session) listedOperation {
	o := listedOperation{
		ID: s.ID, Method: s.Method, Path: s.Path, Place: s.Where.position(),
		GoName: plan.Var, Interface: plan.Interface, Request: plan.RequestType,
		Namespace: s.namespace(), Undecided: of.undecided, Position: s.Ext.Position,
		NameIn: s.NameIn, IDs: s.IDs,
	}
	if of.param != nil {
		o.Session = &listedParam{of.param.In, of.param.Name}
	}
	if roles := s.Ext.Control.roles(); len(roles) > 0 {
		o.Control = &listedControl{}
		for _, c := range roles {
			*map[string]*string{
				"Connected": &o.Control.Connected, "Heartbeat": &o.Control.Heartbeat, "Gap": &o.Control.Gap,
				"Created": &o.Control.Created, "Deleted": &o.Control.Deleted,
			}[c.Role] = c.Event
		}
	}
	if s.End.Data != "" || len(s.End.Events) > 0 {
		o.End = &listedEnd{s.End.Data, s.End.Events}
	}
	if s.Resume != nil {
		o.Resume = s.Resume.Operation
	}
	for i, e := range s.Events {
		o.AnyName = o.AnyName || e.AnyName
		listed := listedEvent{GoType: plan.Events[i].Type, Data: dataType(e), Text: e.Text, Place: e.Where.position()}
		if listed.Name = e.Names[0]; len(e.Names) > 1 {
			listed.Name, listed.Names = "", e.Names
		}
		if e.Data != nil {
			listed.Schema = e.Data.Ref
		}
		o.Events = append(o.Events, listed)
	}
	return o
}

// dataType returns the type of an event's data in a few kinds.
func dataType(e *event) string {
	if e.Text || e.Data == nil || e.Data.Value == nil {
		return "text"
	}
	return describe(e.Data)
}

func describe(ref *openapi3.SchemaRef) string {
	if name, ok := schemaName(ref.Ref); ok {
		return name
	}
	types := typesOf(ref.Value)
	kinds := make([]string, len(types))
	for i, t := range types {
		if kinds[i] = t; t == openapi3.TypeArray && ref.Value.Items != nil && ref.Value.Items.Value != nil {
			kinds[i] += " of " + describe(ref.Value.Items)
		}
	}
	switch shape := shapeOf(ref); {
	case len(shape.unions) > 0:
		return "union"
	case len(kinds) > 0:
		return strings.Join(kinds, " or ")
	case len(shape.properties) > 0:
		return openapi3.TypeObject
	}
	return "any JSON"
}
