package generator

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"go/ast"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/check"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/document"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/gojson"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/oapi"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/stream"
	"github.com/mixstream/mixstream/contract"
)

//go:embed *.tmpl
var templates embed.FS

var events = template.Must(template.New("").Funcs(template.FuncMap{"quote": strconv.Quote}).ParseFS(templates, "*.tmpl"))

// file is the input of the template. It does not depend on how a document describes a stream.
type file struct {
	HasClient     bool
	JSON          *gojson.Types
	Rules         []*rules
	Streams       []*streamView
	Types         []*eventView // one for each Go type
	Unimplemented []method
	Schemas       string // the elements of the map of schemas
}

// streamView is a stream for the template.
type streamView struct {
	*stream.Stream
	*StreamPlan
	Request   *request
	Fields    string // more fields of the descriptor
	Events    []*eventView
	Open      *eventView // the event for all other names; nil: there is none
	HasText   bool
	SameText  bool // the data of all events is text
	OtherText bool // the data of Open is text
	ManyNames bool // some event has several names, or any; its data tells which
	Control   []stream.Control
}

// eventView is an event for the template.
type eventView struct {
	*stream.Event
	*EventPlan
	Doc        string
	Cases      string       // the names of the event, for a case clause
	Data       *gojson.Data // its Go type
	Field      string       // the Go field that names the event and that the encoder leaves empty; empty: there is none
	FieldZero  string       // the zero value of Field
	FieldValue string       // the value of Field for this event
	Rules      string       // the variable of its rules
	IsDefined  bool
	IsValue    bool
	ReadsJSON  bool // the model has its own UnmarshalJSON
	WritesJSON bool // the model has its own MarshalJSON
}

// method is a method of StrictServerInterface.
type method struct{ Name, Params, Results, Operation string }

// addStream adds a stream. pkg is oapi-codegen's output with a client.
func (f *file) addStream(s *stream.Stream, plan *StreamPlan, of session, pkg *oapi.Package, checked *check.Schemas, p *source.Problems) {
	v := &streamView{Stream: s, StreamPlan: plan, Request: readRequest(s, plan, of.param, pkg, p), Control: s.Ext.Control.Roles()}
	if namespace := s.Namespace(); namespace != "" {
		v.Fields += ", Namespace: " + strconv.Quote(namespace)
	}
	if q := of.param; q != nil {
		v.Fields += ", Session: " + paramLiteral(q.In, q.Name, stream.SessionType(q))
	}
	if of.undecided {
		v.Fields += ", SessionUndecided: true"
	}
	if s.Ext.Position != "" {
		v.Fields += ", Position: " + paramLiteral("query", s.Ext.Position, "")
	}
	if e := s.End; e.Data != "" || len(e.Events) > 0 {
		v.Fields += ", End: " + endLiteral(e)
	}
	v.SameText = !slices.ContainsFunc(s.Events, func(e *stream.Event) bool { return !e.Text })
	for i, e := range s.Events {
		ev := f.addEvent(s, e, plan.Events[i], pkg, checked)
		v.Events = append(v.Events, ev)
		v.HasText = v.HasText || e.Text
		v.ManyNames = v.ManyNames || len(e.Names) > 1 || e.AnyName && s.NameIn != ""
		if e.AnyName {
			v.Open, v.OtherText = ev, e.Text
		}
	}
	f.Streams = append(f.Streams, v)
}

// endLiteral returns a contract.End as Go source.
func endLiteral(e contract.End) string {
	var fields []string
	if e.Data != "" {
		fields = append(fields, fmt.Sprintf("Data: %q", e.Data))
	}
	if len(e.Events) > 0 {
		fields = append(fields, fmt.Sprintf("Events: %#v", e.Events))
	}
	return "contract.End{" + strings.Join(fields, ", ") + "}"
}

func paramLiteral(in, name, goType string) string {
	if goType != "" {
		return fmt.Sprintf("contract.Param{In: %q, Name: %q, Type: %q}", in, name, goType)
	}
	return fmt.Sprintf("contract.Param{In: %q, Name: %q}", in, name)
}

func (f *file) addEvent(s *stream.Stream, e *stream.Event, plan *EventPlan, pkg *oapi.Package, checked *check.Schemas) *eventView {
	v := &eventView{Event: e, EventPlan: plan, Cases: cases(e), IsDefined: plan.Kind == kindDefined, IsValue: plan.Kind == kindValue}
	v.ReadsJSON = f.JSON.HasMethod(plan.Model, "UnmarshalJSON") && !f.JSON.HasMethod(plan.Type, "UnmarshalJSON")
	v.WritesJSON = f.JSON.HasMethod(plan.Model, "MarshalJSON") && !f.JSON.HasMethod(plan.Type, "MarshalJSON")
	v.Doc = "is the event " + e.Names[0] + " of " + s.ID
	if e.Names[0] == "" {
		v.Doc = "is an event of " + s.ID
	}
	data := e.Data
	if data == nil {
		data = &openapi3.SchemaRef{Value: &openapi3.Schema{Type: &openapi3.Types{openapi3.TypeString}}}
	}
	v.addData(f, data)
	v.addRules(f, checked.Add(data, plan.Type+".data"))
	if len(e.Names) == 1 {
		v.Data.Expect(cmp.Or(s.NameIn, "type"), e.Names[0]) // many specs repeat the name as the type
	}
	if s.NameIn != "" && len(e.Names) == 1 {
		for _, field := range pkg.Fields(plan.Type) {
			if field.Tag == s.NameIn {
				v.setField(field, e.Names[0], pkg)
			}
		}
	}
	for _, other := range f.Types {
		if other.Type == v.Type {
			return v
		}
	}
	f.Types = append(f.Types, v)
	return v
}

// setField makes Encode set the field that names the event, unless the caller has set it.
func (v *eventView) setField(field oapi.Field, name string, pkg *oapi.Package) {
	target, isPointer := strings.CutPrefix(field.Type, "*")
	switch {
	case field.Type == "interface{}":
		v.Field, v.FieldZero, v.FieldValue = field.Name, "nil", strconv.Quote(name)
	case isPointer && pkg.IsString(target):
		v.Field, v.FieldZero, v.FieldValue = field.Name, "nil", fmt.Sprintf("new(%s(%q))", target, name)
	case pkg.IsString(field.Type):
		v.Field, v.FieldZero, v.FieldValue = field.Name, `""`, strconv.Quote(name)
	}
}

// cases returns the names of an event for a case clause. The empty name equals "message".
func cases(e *stream.Event) string {
	var all []string
	for _, name := range e.Names {
		all = append(all, strconv.Quote(name))
		switch name {
		case "":
			all = append(all, `"message"`)
		case "message":
			all = append(all, `""`)
		}
	}
	return strings.Join(all, ", ")
}

// addServer adds the methods of UnimplementedServer if oapi-codegen makes a strict server.
func (f *file) addServer(doc *openapi3.T, pkg *oapi.Package) {
	spec := pkg.Types["StrictServerInterface"]
	if spec == nil {
		return
	}
	ids := map[string]string{}
	document.EachOperation(doc, func(_, _ string, _ *openapi3.PathItem, op *openapi3.Operation) {
		ids[codegen.SchemaNameToTypeName(op.OperationID)] = op.OperationID
	})
	strict, ok := spec.Type.(*ast.InterfaceType)
	if !ok {
		return
	}
	for _, m := range strict.Methods.List {
		t, ok := m.Type.(*ast.FuncType)
		if !ok || len(m.Names) != 1 {
			continue
		}
		name := m.Names[0].Name
		id := ids[name]
		if id == "" {
			id = name
		}
		f.Unimplemented = append(f.Unimplemented, method{name, pkg.TypeList(t.Params), pkg.TypeList(t.Results), id})
	}
}

// render returns the declarations of the events.
func (f *file) render() (string, error) {
	f.settle()
	var b bytes.Buffer
	if err := events.ExecuteTemplate(&b, "events.go.tmpl", f); err != nil {
		return "", err
	}
	return b.String(), nil
}
