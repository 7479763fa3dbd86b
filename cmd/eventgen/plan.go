package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
)

// kind says how the Go type of an event comes about.
type kind int

const (
	kindModel   kind = iota // the event is a model: oapi-codegen makes the type
	kindHoisted             // inline data gets a name, and oapi-codegen makes the type
	kindDefined             // a type that is defined by the model of the data
	kindValue               // a struct with the field Value, for data that is no struct
)

// streamPlan has the Go names of a stream.
type streamPlan struct {
	Op          string // oapi-codegen's name of the operation
	Var         string // the descriptor
	Interface   string
	RequestType string
	Events      []*eventPlan
}

// eventPlan has the Go names of an event.
type eventPlan struct {
	Kind  kind
	Type  string            // the Go type of the event
	Model string            // the Go type of its data, if that is a model
	Parts map[string]string // Go types of the objects within its data, by where they are
}

// planner gives Go names, each once.
type planner struct {
	doc   *openapi3.T
	pkg   *goPackage        // what oapi-codegen makes of the document with the probes
	taken map[string]place  // Go name to what has it
	share map[string]string // Go type of events to the schema that several streams share
	parts map[string]string // Go type of an event and the place in it to the Go type there
	p     *problems
}

// planStreams decides on all Go names. pkg is what oapi-codegen makes of the document with
// the probes.
func planStreams(doc *openapi3.T, streams []*stream, pkg *goPackage, p *problems) []*streamPlan {
	pl := &planner{doc: doc, pkg: pkg, taken: map[string]place{}, share: map[string]string{}, parts: map[string]string{}, p: p}
	schemas := map[string]string{}
	for _, name := range sortedKeys(doc.Components.Schemas) {
		schemas[goTypeName(pl.doc, name)] = name
	}
	for name := range pkg.names {
		if strings.HasPrefix(name, probePrefix) {
			continue
		}
		pl.taken[name] = place{name: "what oapi-codegen makes"}
		if schema, ok := schemas[name]; ok {
			pl.taken[name] = placeOf("the schema "+schema, doc.Components.Schemas[schema].Value.Origin)
		}
	}
	for _, name := range fileNames {
		pl.must(name, place{})
	}
	// What stands later in the document gives way, so that what is added at its end does not
	// take a name that was there.
	order := make([]int, len(streams))
	for i := range streams {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return streams[a].Where.compare(streams[b].Where) })
	plans := make([]*streamPlan, len(streams))
	for _, i := range order {
		plans[i] = pl.plan(i, streams[i])
	}
	return plans
}

// fileNames are the package-level names of a generated file, and those of the packages
// that it imports: a declaration of the package would hide them.
var fileNames = []string{
	"UnknownEvent", "UnimplementedServer", "eventSchemas",
	"context", "contract", "fmt", "http", "regexp", "strconv",
}

// must takes a name for an operation or event, or without an owner for the file, and
// refuses one that is taken.
func (pl *planner) must(name string, owner place) {
	other, ok := pl.taken[name]
	switch {
	case !ok:
	case owner.name == "":
		pl.p.add(place{name, other.at}, "eventgen declares this Go name, which %s has too: give the schema another with x-go-name", other)
	default:
		pl.p.add(owner, "the Go name %s is also that of %s: give a schema another with x-go-name", name, other)
	}
	pl.taken[name] = place{name: "what is generated"}
	if owner.name != "" {
		pl.taken[name] = place{"what is generated for " + owner.name, owner.at}
	}
}

// first takes the first of the names that is free, or else the last one with a number.
func (pl *planner) first(owner place, names ...string) string {
	last := names[len(names)-1]
	for n := 2; n < 100; n++ {
		names = append(names, last+strconv.Itoa(n))
	}
	for _, name := range names {
		if pl.taken[name].name == "" {
			pl.must(name, owner)
			return name
		}
	}
	return last
}

func (pl *planner) plan(i int, s *stream) *streamPlan {
	op := codegen.SchemaNameToTypeName(s.goID)
	plan := &streamPlan{Op: op}
	if pl.pkg.funcs["New"+op+"Request"] == nil && pl.pkg.funcs["New"+op+"RequestWithBody"] == nil {
		pl.p.add(s.Where, "oapi-codegen makes no function New%sRequest for the operation", op)
		return plan
	}
	plan.Var = pl.first(s.Where, op, op+"Stream")
	plan.RequestType = pl.first(s.Where, op+"Request", op+"StreamRequest")
	if plan.Interface = s.Ext.Interface; plan.Interface != "" {
		if other, ok := pl.taken[plan.Interface]; ok {
			pl.p.add(s.Where, "the Go name %s is also that of %s: set %s.interface to another", plan.Interface, other, extensionName)
		} else {
			pl.must(plan.Interface, s.Where)
		}
	} else {
		short := op + "Event"
		if strings.HasSuffix(op, "Events") {
			short = strings.TrimSuffix(op, "s")
		}
		plan.Interface = pl.first(s.Where, short, op+"StreamEvent")
	}
	owners := map[string]place{}
	for j, e := range s.Events {
		ep := pl.planEvent(op, s, e, probeName(i, j))
		if other, ok := owners[ep.Type]; ok && ep.Type != "" {
			pl.p.add(e.Where, "the Go type %s is also that of %s in %s: give each event a data schema of its own", ep.Type, other, s.ID)
		}
		owners[ep.Type] = e.Where
		plan.Events = append(plan.Events, ep)
	}
	return plan
}

// planEvent decides on the Go type of an event. It depends on that event alone.
func (pl *planner) planEvent(op string, s *stream, e *event, probe string) *eventPlan {
	if s.Ext.Types == "data" {
		return pl.dataType(s, e)
	}
	plan := pl.planKind(e, codegen.SchemaNameToTypeName(probe))
	if plan.Type != "" {
		return plan
	}
	long := op + messageName
	if e.Names[0] != "" {
		long = op + goWord(e.Names[0])
	}
	// The name of a component is that of its event, unless it is a model as well.
	name := long
	if e.Component != "" && !(e.Payload && pl.isModel(e.Component)) {
		name = goTypeName(pl.doc, e.Component)
		if pl.share[name] == e.Component {
			plan.Type = name // of another stream with the same event
			pl.nameParts(e, plan)
			return plan
		}
	} else if e.GoName != "" {
		plan.Type = pl.given(e)
		pl.nameParts(e, plan)
		return plan
	}
	plan.Type = pl.first(e.Where, name, long, long+"Event")
	if e.Component != "" && plan.Type == name {
		pl.share[name] = e.Component
	}
	pl.nameParts(e, plan)
	return plan
}

// planKind decides how the Go type of an event comes about. probe is the Go type that
// oapi-codegen makes of the data.
func (pl *planner) planKind(e *event, probe string) *eventPlan {
	plan := &eventPlan{Kind: kindValue}
	if e.Data == nil || e.NameIn == "" && allowsNull(e.Data, !pl.doc.IsOpenAPI31OrLater()) {
		return plan
	}
	model, ok := pl.pkg.structType(probe)
	if !ok {
		return plan
	}
	component, plain := plainRef(pl.doc.Components.Schemas, e.Data)
	switch {
	case model == probe:
		plan.Kind = kindHoisted
	case plain && e.Payload && model == goTypeName(pl.doc, component):
		plan.Kind, plan.Model, plan.Type = kindModel, model, model
	default:
		plan.Kind, plan.Model = kindDefined, model
	}
	return plan
}

// given returns the name that the inline schema of an event gives it. It never gives
// another name: which of two events gets theirs would depend on the rest of the document.
// Operations that share a response have the event in common.
func (pl *planner) given(e *event) string {
	here := fmt.Sprint(e.Where.at)
	if e.Where.at.Line == 0 || pl.share[e.GoName] != here {
		pl.must(e.GoName, e.Where)
		pl.share[e.GoName] = here
	}
	return e.GoName
}

// messageName is the Go name of an event without a name, as the standard calls it.
const messageName = "Message"

// isModel reports whether oapi-codegen declares a type for a component.
func (pl *planner) isModel(component string) bool { return pl.pkg.names[goTypeName(pl.doc, component)] }

// dataType returns the plan of an event whose Go type is that of its data.
func (pl *planner) dataType(s *stream, e *event) *eventPlan {
	plan := &eventPlan{Kind: kindModel}
	if e.Data == nil {
		pl.p.add(e.Where, "the event has no data schema, and %s.types of %s makes the type of the data that of the event", extensionName, s.ID)
		return plan
	}
	name, ok := plainRef(pl.doc.Components.Schemas, e.Data)
	if !ok {
		pl.p.add(e.Where, "the data must be a $ref to a schema of components/schemas: %s.types of %s makes the type of the data that of the event", extensionName, s.ID)
		return plan
	}
	goName := goTypeName(pl.doc, name)
	if plan.Type, ok = pl.pkg.structType(goName); !ok {
		pl.p.add(placeOf(name, e.Data.Value.Origin), "the Go type %s cannot have the methods that the data of %s needs: describe an object with properties", goName, e.Where)
		plan.Type = ""
	}
	return plan
}
