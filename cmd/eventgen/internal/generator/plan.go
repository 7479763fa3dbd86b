package generator

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/jsonschema"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/oapi"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/stream"
)

// kind tells how the Go type of an event is made.
type kind int

const (
	kindModel   kind = iota // the event is a model: oapi-codegen makes the type
	kindInline              // inline data gets a name, and oapi-codegen makes the type
	kindDefined             // a type defined from the model of the data
	kindValue               // a struct with the field Value, for data that is not a struct
)

// StreamPlan holds the Go names of a stream.
type StreamPlan struct {
	Op          string // oapi-codegen's name of the operation
	Var         string // the variable of the descriptor
	Interface   string
	RequestType string
	Events      []*EventPlan
}

// EventPlan holds the Go names of an event.
type EventPlan struct {
	Kind   kind
	Type   string            // the Go type of the event
	Model  string            // the Go type of its data, if that is a model
	Nested map[string]string // the Go types of the objects within its data, by path
}

// planner assigns Go names, each only once.
type planner struct {
	doc    *openapi3.T
	pkg    *oapi.Package           // oapi-codegen's output for the document with probes
	taken  map[string]source.Place // the owner of each Go name
	shared map[string]string       // the schema that several streams share, by the Go type of the event
	nested map[string]string       // the Go type of a nested object, by the event's Go type and the path
	p      *source.Problems
}

// planStreams chooses all Go names. pkg is oapi-codegen's output for the document with probes.
func planStreams(doc *openapi3.T, streams []*stream.Stream, pkg *oapi.Package, p *source.Problems) []*StreamPlan {
	pl := &planner{doc: doc, pkg: pkg, taken: map[string]source.Place{}, shared: map[string]string{}, nested: map[string]string{}, p: p}
	schemas := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(doc.Components.Schemas)) {
		schemas[oapi.GoTypeName(pl.doc, name)] = name
	}
	for name := range pkg.Names {
		if strings.HasPrefix(name, probePrefix) {
			continue
		}
		pl.taken[name] = source.Place{Name: "oapi-codegen's output"}
		if schema, ok := schemas[name]; ok {
			pl.taken[name] = source.PlaceOf("the schema "+schema, doc.Components.Schemas[schema].Value.Origin)
		}
	}
	for _, name := range fileNames {
		pl.take(name, source.Place{})
	}
	// Names are assigned in document order, so that an addition at the end of the document
	// does not take an existing name.
	order := make([]int, len(streams))
	for i := range streams {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return streams[a].Where.Compare(streams[b].Where) })
	plans := make([]*StreamPlan, len(streams))
	for _, i := range order {
		plans[i] = pl.plan(i, streams[i])
	}
	return plans
}

// fileNames are the package-level names of a generated file, and the names of the packages
// that it imports, because a declaration would hide them.
var fileNames = []string{
	"UnknownEvent", "UnimplementedServer", "eventSchemas",
	"context", "contract", "eventjson", "fmt", "http", "jsonschema", "regexp", "strconv",
}

// take reserves a name for an operation or an event, or for the file if owner is empty. It
// reports an error if the name is taken.
func (pl *planner) take(name string, owner source.Place) {
	other, ok := pl.taken[name]
	switch {
	case !ok:
	case owner.Name == "":
		pl.p.Add(source.Place{Name: name, At: other.At}, "eventgen and %s both declare this Go name: rename the schema with x-go-name", other)
	default:
		pl.p.Add(owner, "%[2]s also has the Go name %[1]s: rename a schema with x-go-name", name, other)
	}
	pl.taken[name] = source.Place{Name: "generated code"}
	if owner.Name != "" {
		pl.taken[name] = source.Place{Name: "the code for " + owner.Name, At: owner.At}
	}
}

// firstFree reserves the first free name, or else the last name with a number.
func (pl *planner) firstFree(owner source.Place, names ...string) string {
	last := names[len(names)-1]
	for n := 2; n < 100; n++ {
		names = append(names, last+strconv.Itoa(n))
	}
	for _, name := range names {
		if pl.taken[name].Name == "" {
			pl.take(name, owner)
			return name
		}
	}
	return last
}

func (pl *planner) plan(i int, s *stream.Stream) *StreamPlan {
	op := codegen.SchemaNameToTypeName(s.GoID)
	plan := &StreamPlan{Op: op}
	if pl.pkg.Funcs["New"+op+"Request"] == nil && pl.pkg.Funcs["New"+op+"RequestWithBody"] == nil {
		pl.p.Add(s.Where, "oapi-codegen generates no function New%sRequest for the operation", op)
		return plan
	}
	plan.Var = pl.firstFree(s.Where, op, op+"Stream")
	plan.RequestType = pl.firstFree(s.Where, op+"Request", op+"StreamRequest")
	if plan.Interface = s.Ext.Interface; plan.Interface != "" {
		if other, ok := pl.taken[plan.Interface]; ok {
			pl.p.Add(s.Where, "%[2]s also has the Go name %[1]s: set %[3]s.interface to another", plan.Interface, other, stream.ExtensionName)
		} else {
			pl.take(plan.Interface, s.Where)
		}
	} else {
		short := op + "Event"
		if strings.HasSuffix(op, "Events") {
			short = strings.TrimSuffix(op, "s")
		}
		plan.Interface = pl.firstFree(s.Where, short, op+"StreamEvent")
	}
	owners := map[string]source.Place{}
	for j, e := range s.Events {
		ep := pl.planEvent(op, s, e, probeName(i, j))
		if other, ok := owners[ep.Type]; ok && ep.Type != "" {
			pl.p.Add(e.Where, "%[2]s of %[3]s has the same Go type %[1]s: give each event its own data schema", ep.Type, other, s.ID)
		}
		owners[ep.Type] = e.Where
		plan.Events = append(plan.Events, ep)
	}
	return plan
}

// planEvent chooses the Go type of an event. It depends on that event alone.
func (pl *planner) planEvent(op string, s *stream.Stream, e *stream.Event, probe string) *EventPlan {
	if s.Ext.Types == "data" {
		return pl.dataType(s, e)
	}
	plan := pl.planKind(e, codegen.SchemaNameToTypeName(probe))
	if plan.Type != "" {
		return plan
	}
	long := op + messageName
	if e.Names[0] != "" {
		long = op + oapi.GoWord(e.Names[0])
	}
	// An event takes the name of its component, unless the component is also a model.
	name := long
	if e.Component != "" && oapi.HasGoName(e.Component) && !(e.Payload && pl.isModel(e.Component)) {
		name = oapi.GoTypeName(pl.doc, e.Component)
		if pl.shared[name] == e.Component {
			plan.Type = name // another stream has the same event
			pl.nameNested(e, plan)
			return plan
		}
	} else if e.GoName != "" {
		plan.Type = pl.givenName(e)
		pl.nameNested(e, plan)
		return plan
	}
	plan.Type = pl.firstFree(e.Where, name, long, long+"Event")
	if e.Component != "" && plan.Type == name {
		pl.shared[name] = e.Component
	}
	pl.nameNested(e, plan)
	return plan
}

// planKind decides how the Go type of an event is made. probe is the Go type that oapi-codegen
// makes of the data.
func (pl *planner) planKind(e *stream.Event, probe string) *EventPlan {
	plan := &EventPlan{Kind: kindValue}
	if e.Data == nil || e.NameIn == "" && jsonschema.AllowsNull(e.Data, !pl.doc.IsOpenAPI31OrLater()) {
		return plan
	}
	model, ok := pl.pkg.StructType(probe)
	if !ok {
		return plan
	}
	component, plain := jsonschema.PlainRef(pl.doc.Components.Schemas, e.Data)
	switch {
	case model == probe:
		plan.Kind = kindInline
	case plain && e.Payload && model == oapi.GoTypeName(pl.doc, component):
		plan.Kind, plan.Model, plan.Type = kindModel, model, model
	default:
		plan.Kind, plan.Model = kindDefined, model
	}
	return plan
}

// givenName returns the name that an event's inline schema sets. It never chooses another:
// which of two events gets the name would depend on the rest of the document. Operations that
// share a response share the event.
func (pl *planner) givenName(e *stream.Event) string {
	here := fmt.Sprint(e.Where.At)
	if e.Where.At.Line == 0 || pl.shared[e.GoName] != here {
		pl.take(e.GoName, e.Where)
		pl.shared[e.GoName] = here
	}
	return e.GoName
}

// messageName is the Go name of an event without a name. The standard calls it "message".
const messageName = "Message"

// isModel reports whether oapi-codegen declares a type for a component.
func (pl *planner) isModel(component string) bool {
	return pl.pkg.Names[oapi.GoTypeName(pl.doc, component)]
}

// dataType returns the plan for an event whose Go type is the type of its data.
func (pl *planner) dataType(s *stream.Stream, e *stream.Event) *EventPlan {
	plan := &EventPlan{Kind: kindModel}
	if e.Data == nil {
		pl.p.Add(e.Where, "the event has no data schema, but %s.types of %s uses the type of the data for the event", stream.ExtensionName, s.ID)
		return plan
	}
	name, ok := jsonschema.PlainRef(pl.doc.Components.Schemas, e.Data)
	if !ok {
		pl.p.Add(e.Where, "the data must be a $ref to a schema of components/schemas: %s.types of %s uses the type of the data for the event", stream.ExtensionName, s.ID)
		return plan
	}
	goName := oapi.GoTypeName(pl.doc, name)
	if plan.Type, ok = pl.pkg.StructType(goName); !ok {
		pl.p.Add(source.PlaceOf(name, e.Data.Value.Origin), "the Go type %s cannot have the methods that the data of %s needs: describe an object with properties", goName, e.Where)
		plan.Type = ""
	}
	return plan
}
