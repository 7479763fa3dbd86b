package generator

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/oapi"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/stream"
)

// request is the generated code for the parameters of an operation.
type request struct {
	Fields  []requestField
	Build   string // the statements that set r and err
	DropID  bool   // the request has an empty Last-Event-ID, which must go
	Session string // the expression for the session in its canonical form; empty: there is none
}

type requestField struct{ Name, Type, Comment string }

// readRequest derives the parameters of a stream from the functions that oapi-codegen makes.
// session is the parameter that names the session; nil if there is none.
func readRequest(s *stream.Stream, plan *StreamPlan, session *openapi3.Parameter, pkg *oapi.Package, p *source.Problems) *request {
	r := &request{}
	function := "New" + plan.Op + "Request"
	if pkg.Funcs[function] == nil {
		function = bodyFunction(plan.Op, pkg)
	}
	args := []string{"contract.BaseURL(baseURL)"}
	params := pkg.Params(function)
	inPath := s.PathParams()
	for i, q := range params {
		switch {
		case i == 0: // the server
		case i <= len(inPath):
			name := r.add(oapi.ParamName(inPath[i-1]), q.Type, inPath[i-1], s, p)
			args = append(args, "p."+name)
			r.setSession(inPath[i-1] == session, name, q.Type, pkg)
		case q.Name == "params" && strings.HasPrefix(q.Type, "*"):
			args = append(args, r.addParams(strings.TrimPrefix(q.Type, "*"), s, session, pkg, p))
		}
	}
	r.addBody(s, plan.Op, function, args, pkg, p)
	return r
}

// add adds a field and returns its name. If a path parameter has the same name, the field gets
// another.
func (r *request) add(name, goType string, q *openapi3.Parameter, s *stream.Stream, p *source.Problems) string {
	has := func(name string) bool {
		return slices.ContainsFunc(r.Fields, func(f requestField) bool { return f.Name == name })
	}
	switch {
	case has(name) && q == nil:
		name = "Request" + name
	case has(name):
		name = codegen.SchemaNameToTypeName(q.In) + name
	}
	if has(name) {
		p.Add(s.Where, "two parameters have the Go name %s: rename one of them with x-go-name", name)
	}
	f := requestField{Name: name, Type: goType}
	if q != nil {
		f.Comment = firstLine(q.Description)
	}
	r.Fields = append(r.Fields, f)
	return name
}

// addParams adds the fields of oapi-codegen's struct of parameters, without those that the
// runtime sets. It returns the expression that makes the struct.
func (r *request) addParams(structName string, s *stream.Stream, session *openapi3.Parameter, pkg *oapi.Package, p *source.Problems) string {
	var b strings.Builder
	b.WriteString("&" + structName + "{")
	i := 0
	for _, f := range pkg.Fields(structName) {
		q := paramOf(s, f)
		if q != nil && s.IsPosition(q) {
			r.DropID = r.DropID || q.Required
			continue
		}
		name := r.add(f.Name, f.Type, q, s, p)
		r.setSession(q != nil && q == session, name, f.Type, pkg)
		if i++; i > 1 {
			b.WriteString(", ")
		}
		b.WriteString(f.Name + ": p." + name)
	}
	b.WriteString("}")
	return b.String()
}

// setSession sets the expression for the session.
func (r *request) setSession(is bool, field, goType string, pkg *oapi.Package) {
	if !is {
		return
	}
	switch value := "p." + field; {
	case goType == "string":
		r.Session = value
	case pkg.IsString(goType):
		r.Session = "string(" + value + ")"
	case strings.HasPrefix(goType, "int"):
		r.Session = "strconv.FormatInt(int64(" + value + "), 10)"
	default:
		r.Session = "fmt.Sprint(" + value + ")"
	}
}

// bodyFunction returns the name of oapi-codegen's function for a request whose body is not
// JSON. It prefers a function with a typed body.
func bodyFunction(op string, pkg *oapi.Package) string {
	raw := "New" + op + "RequestWithBody"
	for _, name := range slices.Sorted(maps.Keys(pkg.Funcs)) {
		if name != raw && strings.HasPrefix(name, "New"+op+"RequestWith") && strings.HasSuffix(name, "Body") {
			return name
		}
	}
	return raw
}

// addBody adds the field for the body, and sets the statements that make the request.
func (r *request) addBody(s *stream.Stream, op, function string, args []string, pkg *oapi.Package, p *source.Problems) {
	call := func(function string, args ...string) string {
		return fmt.Sprintf("%s(%s)", function, strings.Join(args, ", "))
	}
	raw := "New" + op + "RequestWithBody"
	switch {
	case !s.Body:
		r.Build = "r, err := " + call(function, args...)
		return
	case function == raw:
		contentType := r.add("ContentType", "string", nil, s, p)
		body := r.add("Body", "io.Reader", nil, s, p)
		r.Build = "r, err := " + call(raw, append(args, "p."+contentType, "p."+body)...)
		return
	}
	params := pkg.Params(function)
	bodyType := params[len(params)-1].Type
	if s.Operation.RequestBody.Value != nil && s.Operation.RequestBody.Value.Required {
		body := r.add("Body", bodyType, nil, s, p)
		r.Build = "r, err := " + call(function, append(args, "p."+body)...)
		return
	}
	body := r.add("Body", "*"+bodyType, nil, s, p)
	r.Build = fmt.Sprintf("if p.%s == nil {\nr, err := %s\nif err != nil {\nreturn nil, err\n}\nr.Header.Del(\"Content-Type\")\nreturn r.WithContext(ctx), nil\n}\nr, err := %s",
		body, call(raw, append(slices.Clone(args), `""`, "nil")...), call(function, append(args, "*p."+body)...))
}

// firstLine returns the first line of a text, for a comment.
func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(line)
}

// paramOf returns the parameter with the name in a field's JSON tag. It ignores path
// parameters. A header and a query parameter may have the same name; the form tag tells them
// apart.
func paramOf(s *stream.Stream, f oapi.Field) (found *openapi3.Parameter) {
	for _, q := range s.Params {
		if q.In == openapi3.ParameterInPath || q.Name != f.Tag {
			continue
		}
		if (q.In == openapi3.ParameterInQuery) == f.IsForm {
			return q
		}
		found = q
	}
	return found
}
