package stream

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/document"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/jsonschema"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
	"github.com/mixstream/mixstream/contract"
)

// resumeExtension is the member resume of x-mixstream.
type resumeExtension struct {
	Operation  string                    `json:"operation"`  // the operationId of the operation that resumes; empty: this one
	Parameters map[string]parameterValue `json:"parameters"` // an expression for each parameter
}

// parameterValue is a string, or the text of a number or boolean.
type parameterValue string

func (w *parameterValue) UnmarshalJSON(data []byte) error {
	if json.Unmarshal(data, (*string)(w)) == nil && !bytes.Equal(data, []byte("null")) {
		return nil
	}
	var n float64
	switch {
	case string(data) == "true" || string(data) == "false":
	case json.Unmarshal(data, &n) != nil || string(data) == "null":
		return errors.New("a parameter of resume must be a string, number or boolean")
	case n != math.Trunc(n) || math.Abs(n) >= 1<<53: // may differ from the document's text
		return errors.New("a number in the parameters of resume must be an integer below 2^53: write others as a string")
	}
	*w = parameterValue(data)
	return nil
}

// readResumes sets Resume of the streams.
func readResumes(doc *openapi3.T, streams []*Stream, p *source.Problems) {
	for _, s := range streams {
		if words := s.Ext.Resume; words != nil && !s.broken {
			if target := s.resuming(doc, streams, p); target != nil {
				s.readResume(target, p)
				s.compareResumed(target, p)
			}
		}
	}
}

// safeMethods are the methods whose requests have no effect on the server when repeated (RFC
// 9110, section 9.2.1). QUERY, of OpenAPI 3.2, is a GET with a body.
var safeMethods = []string{"GET", "QUERY"}

// resuming returns the operation that resumes the stream; nil, after an error, if that
// operation cannot.
func (s *Stream) resuming(doc *openapi3.T, streams []*Stream, p *source.Problems) *Stream {
	id := s.Ext.Resume.Operation
	target := s
	if id != "" {
		i := slices.IndexFunc(streams, func(other *Stream) bool { return other.ID == id })
		if i < 0 {
			why := "which is not in the document, or which the configuration excludes"
			document.EachOperation(doc, func(_, _ string, _ *openapi3.PathItem, op *openapi3.Operation) {
				if op.OperationID == id {
					why = "which has no text/event-stream response"
				}
			})
			p.Add(s.extensionAt("resume", "operation"), "%s.resume names the operation %q, %s", ExtensionName, id, why)
			return nil
		}
		target = streams[i]
	}
	switch {
	case !slices.Contains(safeMethods, target.Method) && id == "":
		p.Add(s.extensionAt("resume", "operation"), "%s.resume names no operation, but the method of this one is %s: a client may repeat the request, so name an operation whose method is GET or QUERY", ExtensionName, target.Method)
		return nil
	case !slices.Contains(safeMethods, target.Method):
		p.Add(s.extensionAt("resume", "operation"), "%s.resume names %s, whose method is %s: a client may repeat the request, so the method must be GET or QUERY", ExtensionName, id, target.Method)
		return nil
	case target == s && len(s.Ext.Resume.Parameters) == 0:
		p.Add(s.extensionAt("resume"), "%s.resume has neither another operation nor a parameter: add one", ExtensionName)
		return nil
	case target != s && target.Body && target.Operation.RequestBody.Value != nil && target.Operation.RequestBody.Value.Required:
		p.Add(s.extensionAt("resume", "operation"), "%s.resume names %s, which requires a body, but a client has none to send", ExtensionName, id)
		return nil
	}
	return target
}

// readResume sets Resume from the parameters of the operation that resumes.
func (s *Stream) readResume(target *Stream, p *source.Problems) {
	r := &contract.Resume{Operation: target.ID}
	if target != s {
		r.Method, r.Path = target.Method, target.Path
	}
	type value struct{ as, from string }
	given := map[*openapi3.Parameter]*value{}
	for _, name := range slices.Sorted(maps.Keys(s.Ext.Resume.Parameters)) {
		q := target.qualified(name)
		from := string(s.Ext.Resume.Parameters[name])
		switch {
		case q == nil:
			p.Add(s.extensionAt("resume", "parameters", name), "%s.resume sets the parameter %q, which %s does not have", ExtensionName, name, target.ID)
			continue
		case q.In == openapi3.ParameterInHeader && target.IsPosition(q):
			p.Add(s.extensionAt("resume", "parameters", name), "%s.resume sets the header %s: remove it, the client sends the header anyway", ExtensionName, q.Name)
			continue
		case given[q] != nil:
			p.Add(s.extensionAt("resume", "parameters", name), "%s.resume sets the parameter %q of %s twice, as %s and as %s", ExtensionName, q.Name, target.ID, given[q].as, name)
		case !takesText(q):
			p.Add(s.extensionAt("resume", "parameters", name), "%s.resume sets the parameter %q of %s, which does not take a plain string, number or boolean", ExtensionName, name, target.ID)
		}
		given[q] = &value{name, from}
		s.checkExpression(name, from, p)
	}
	for _, q := range target.Params {
		from := given[q]
		if from == nil && target != s && q.In == openapi3.ParameterInPath && s.hasPathParam(q.Name) {
			from = &value{from: "$request.path." + q.Name}
		}
		switch {
		case from != nil:
			r.Params = append(r.Params, contract.ResumeParam{In: q.In, Name: q.Name, From: from.from})
		case target != s && q.Required && !(q.In == openapi3.ParameterInHeader && target.IsPosition(q)):
			p.Add(s.extensionAt("resume", "operation"), "%s.resume names %s, which requires the %s parameter %q: set it in resume.parameters", ExtensionName, target.ID, q.In, q.Name)
		}
	}
	s.Resume = r
}

// compareResumed warns if the stream of the operation that resumes names its events or ends in
// another way: the client reads both as one stream, by the rules of the first.
func (s *Stream) compareResumed(target *Stream, p *source.Problems) {
	if target == s || target.broken {
		return
	}
	at := s.extensionAt("resume", "operation")
	if target.NameIn != s.NameIn {
		p.Warn(at, "%s.resume names %s, where %s names the events, but %s does in this stream: after a disconnect the events are unknown", ExtensionName, target.ID, target.namedBy(), s.namedBy())
	}
	if end := target.End.Data; end != "" && end != s.End.Data {
		p.Warn(at, "%s.resume names %s, whose stream ends with %q, but this stream does not: after a disconnect, a client treats that data as an event", ExtensionName, target.ID, end)
	}
	for _, name := range target.End.Events {
		if !s.End.After(name) {
			p.Warn(at, "%s.resume names %s, whose stream ends after the event %q, but this stream does not: after a disconnect, a client does not stop there", ExtensionName, target.ID, name)
		}
	}
}

// namedBy tells, for a message, what names the events of the stream.
func (s *Stream) namedBy() string {
	if s.NameIn == "" {
		return `the field "event"`
	}
	return fmt.Sprintf("the member %q of their data", s.NameIn)
}

// qualified returns the parameter called name, or IN.NAME; nil if there is none.
func (s *Stream) qualified(name string) *openapi3.Parameter {
	if q := s.param(name); q != nil {
		return q
	}
	in, rest, _ := strings.Cut(name, ".")
	for _, q := range s.Params {
		if q.In == in && q.Name == rest {
			return q
		}
	}
	return nil
}

// hasPathParam reports whether the path of the stream has a parameter.
func (s *Stream) hasPathParam(name string) bool {
	return slices.ContainsFunc(s.PathParams(), func(q *openapi3.Parameter) bool { return q.Name == name })
}

// takesText reports whether a parameter is written as a plain string, number or boolean.
func takesText(q *openapi3.Parameter) bool {
	switch q.Style {
	case "matrix", "label", "deepObject":
		return false
	}
	if q.Schema == nil || q.Schema.Value == nil {
		return len(q.Content) == 0
	}
	return hasScalar(q.Schema, nil)
}

// checkExpression refuses an expression that is malformed, or that never has a value.
func (s *Stream) checkExpression(name, from string, p *source.Problems) {
	e, err := contract.ParseExpression(from)
	switch {
	case err != nil:
		p.Add(s.extensionAt("resume", "parameters", name), "%s.resume.parameters.%s: %v", ExtensionName, name, err)
	case e.PathParam != "" && !s.hasPathParam(e.PathParam):
		p.Add(s.extensionAt("resume", "parameters", name), "%s.resume.parameters.%s is %s: the path has no such parameter", ExtensionName, name, from)
	case e.InData && !slices.ContainsFunc(s.Events, func(ev *Event) bool { return ev.hasScalar(e.Pointer) }):
		p.Add(s.extensionAt("resume", "parameters", name), "%s.resume.parameters.%s is %s: no event has a string, number or boolean there", ExtensionName, name, from)
	}
}

// hasScalar reports whether the data of the event can have a string, number or boolean at a
// JSON pointer.
func (e *Event) hasScalar(pointer []string) bool {
	if e.Text || e.Data == nil {
		return len(pointer) == 0
	}
	return hasScalar(e.Data, pointer)
}

func hasScalar(ref *openapi3.SchemaRef, pointer []string) bool {
	if ref.Value == nil {
		return false
	}
	return slices.ContainsFunc(expand(nil, ref, nil), func(b *branch) bool {
		if len(pointer) == 0 {
			return b.isScalar()
		}
		return slices.ContainsFunc(b.below(pointer[0]), func(inner *openapi3.SchemaRef) bool { return hasScalar(inner, pointer[1:]) })
	})
}

// isScalar reports whether the branch allows a string, number or boolean.
func (b *branch) isScalar() bool {
	types := jsonschema.TypesOf(b.ref.Value)
	if types == nil {
		return len(b.object.Properties) == 0
	}
	return slices.ContainsFunc(types, func(t string) bool {
		return slices.Contains([]string{openapi3.TypeString, openapi3.TypeInteger, openapi3.TypeNumber, openapi3.TypeBoolean}, t)
	})
}

// below returns the descriptions of a member of an object, or of an element of an array. If a
// schema allows any member, the description is an empty schema.
func (b *branch) below(token string) []*openapi3.SchemaRef {
	if refs := b.object.Properties[token]; refs != nil {
		return refs
	}
	var found []*openapi3.SchemaRef
	anything := &openapi3.SchemaRef{Value: &openapi3.Schema{}}
	jsonschema.EachOfAll(b.ref.Value, func(s *openapi3.Schema) {
		more := s.AdditionalProperties
		switch {
		case more.Schema != nil:
			found = append(found, more.Schema)
		case more.Has != nil && *more.Has:
			found = append(found, anything)
		case s.Items != nil && isIndex(token):
			found = append(found, s.Items)
		}
	})
	if found == nil && jsonschema.TypesOf(b.ref.Value) == nil && len(b.object.Properties) == 0 {
		return []*openapi3.SchemaRef{anything}
	}
	return found
}

// isIndex reports whether a token of a JSON pointer can be the index of an element (RFC 6901,
// section 4).
func isIndex(token string) bool {
	return token == "0" || token != "" && token[0] != '0' && strings.Trim(token, "0123456789") == ""
}
