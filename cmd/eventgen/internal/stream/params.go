package stream

import (
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/jsonschema"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
)

// readParams records the parameters of the operation and its path item. Path parameters come
// first, in the order of the path.
func (s *Stream) readParams(item *openapi3.PathItem) {
	byKey := map[[2]string]*openapi3.Parameter{}
	var order [][2]string
	for _, params := range []openapi3.Parameters{item.Parameters, s.Operation.Parameters} {
		for _, ref := range params {
			if ref.Value == nil {
				continue
			}
			key := [2]string{ref.Value.In, ref.Value.Name}
			if byKey[key] == nil {
				order = append(order, key)
			}
			byKey[key] = ref.Value
		}
	}
	for _, key := range order {
		s.Params = append(s.Params, byKey[key])
	}
	index := func(q *openapi3.Parameter) int {
		if q.In != openapi3.ParameterInPath {
			return len(s.Path)
		}
		return strings.Index(s.Path, "{"+q.Name+"}")
	}
	slices.SortStableFunc(s.Params, func(a, b *openapi3.Parameter) int { return index(a) - index(b) })
}

// param returns the parameter of this name; nil if there is none. It prefers a path parameter.
func (s *Stream) param(name string) *openapi3.Parameter {
	for _, in := range []string{openapi3.ParameterInPath, openapi3.ParameterInQuery, openapi3.ParameterInHeader, openapi3.ParameterInCookie} {
		for _, q := range s.Params {
			if q.In == in && q.Name == name {
				return q
			}
		}
	}
	return nil
}

// IsPosition reports whether a parameter carries the last event id, so that the runtime sets
// it.
func (s *Stream) IsPosition(q *openapi3.Parameter) bool {
	return q.In == openapi3.ParameterInHeader && strings.EqualFold(q.Name, "Last-Event-ID") ||
		q.In == openapi3.ParameterInQuery && q.Name == s.Ext.Position
}

// SessionParam returns the parameter that names the session; nil if there is none. The session
// is undecided if several parameters are required and the extension names none.
func (s *Stream) SessionParam(p *source.Problems) (q *openapi3.Parameter, undecided bool) {
	if s.Ext.Session != nil {
		if *s.Ext.Session == "" {
			return nil, false
		}
		q = s.param(*s.Ext.Session)
		switch {
		case q == nil:
			p.Add(s.extensionAt("session"), "%s.session names the parameter %q, which the operation does not have", ExtensionName, *s.Ext.Session)
		case q.In == openapi3.ParameterInCookie:
			p.Add(s.extensionAt("session"), "%s.session names the cookie %q: a session must be in the path, the query or a header", ExtensionName, q.Name)
		case !q.Required:
			p.Add(s.extensionAt("session"), "%s.session names the parameter %q, which is optional: it must be required", ExtensionName, q.Name)
		case !isScalar(q):
			p.Add(s.extensionAt("session"), "%s.session names the parameter %q, which must be a string or an integer", ExtensionName, q.Name)
		}
		return q, false
	}
	var required []*openapi3.Parameter
	for _, q := range s.Params {
		if q.Required && q.In != openapi3.ParameterInCookie && !s.IsPosition(q) {
			required = append(required, q)
		}
	}
	switch {
	case len(required) == 0:
		return nil, false
	case len(required) > 1:
		p.Warn(s.Where, "the operation has %d required parameters, and any of them may name the session: set %s.session to the name of one, or to '' if all readers share one stream", len(required), ExtensionName)
		return nil, true
	case !isScalar(required[0]):
		p.Warn(s.Where, "the parameter %q cannot name the session, because it is neither a string nor an integer: set %s.session to '' if all readers share one stream", required[0].Name, ExtensionName)
		return nil, true
	}
	return required[0], false
}

// isScalar reports whether a parameter can name a session.
func isScalar(q *openapi3.Parameter) bool {
	if q.Schema == nil || q.Schema.Value == nil {
		return false
	}
	types := jsonschema.TypesOf(q.Schema.Value)
	return len(types) == 1 && (types[0] == openapi3.TypeString || types[0] == openapi3.TypeInteger)
}

// SessionType returns the Type of a contract.Param.
func SessionType(q *openapi3.Parameter) string {
	types := jsonschema.TypesOf(q.Schema.Value)
	switch {
	case slices.Contains(types, openapi3.TypeInteger):
		return "integer"
	case q.Schema.Value.Format == "uuid":
		return "uuid"
	}
	return ""
}

// checkPosition refuses a position other than an optional query parameter with a string.
func (s *Stream) checkPosition(p *source.Problems) {
	if s.Ext.Position == "" {
		return
	}
	for _, q := range s.Params {
		if q.In == openapi3.ParameterInQuery && q.Name == s.Ext.Position {
			if q.Required || !isScalar(q) {
				p.Add(s.extensionAt("position"), "%s.position names the parameter %q, which must be an optional string", ExtensionName, q.Name)
			}
			return
		}
	}
	p.Add(s.extensionAt("position"), "%s.position names the query parameter %q, which the operation does not have", ExtensionName, s.Ext.Position)
}

// PathParams returns the parameters in the path, in their order.
func (s *Stream) PathParams() []*openapi3.Parameter {
	var all []*openapi3.Parameter
	for _, q := range s.Params {
		if q.In == openapi3.ParameterInPath {
			all = append(all, q)
		}
	}
	return all
}
