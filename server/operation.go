package server

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/contract/jsonschema"
	"github.com/mixstream/mixstream/internal/pathtemplate"
	"github.com/mixstream/mixstream/server/internal/hidden"
	"github.com/mixstream/mixstream/server/internal/stream"
)

// operation is what the engine knows of a streaming operation.
type operation struct {
	id, method, namespace string
	path                  pathtemplate.Template
	session, position     contract.Param
	undecided             bool // which parameter is the session
	end                   contract.End

	words  stream.Vocabulary
	has    func(name string) bool // whether the spec has an event of this name, also where it leaves names open
	open   bool                   // the spec leaves names open
	nameIn string                 // the member of the data that names the event; empty: the SSE field "event" does
	nameOf func(field string, data []byte) string

	// rules returns what the data of an event must be; nil if the spec does not have the event.
	rules func(name string) *jsonschema.Rules
}

// operationOf returns what the engine knows of op, or why op cannot be served.
func operationOf[P, E any](op contract.Operation[P, E]) (operation, error) {
	if op.Events == nil {
		return operation{}, errors.New("server: the operation has no events: pass the variable that eventgen declares for it")
	}
	o := operation{
		id: op.ID, method: cmp.Or(op.Method, http.MethodGet), namespace: op.Namespace,
		path:    pathtemplate.Compile(op.Path),
		session: op.Session, position: op.Position,
		words:     stream.NewVocabulary(op.Control, op.Events.NameIn),
		end:       op.End,
		undecided: op.SessionUndecided,
		has:       op.Events.Has,
		open:      op.Events.AnyName,
		nameOf:    op.Events.NameOf,
		nameIn:    op.Events.NameIn,
		rules:     op.Events.Rules,
	}
	if o.rules == nil {
		o.rules = o.anyJSON
	}
	o.words.Text = op.Events.Text
	if err := o.check(op.Events.Names); err != nil {
		return operation{}, fmt.Errorf("server: operation %s: %w", op.ID, err)
	}
	return o, nil
}

// anyJSON returns the rules of an event of a contract that has none: the data must be JSON.
func (o *operation) anyJSON(name string) *jsonschema.Rules {
	if !o.has(name) {
		return nil
	}
	return &anything
}

var anything jsonschema.Rules

func (o *operation) check(names []string) error {
	switch o.session.In {
	case "", "query", "header", "cookie":
	case "path":
		if !slices.Contains(o.path.Params(), o.session.Name) {
			return fmt.Errorf("the path has no parameter %s, which is to name the session", o.session.Name)
		}
	default:
		return fmt.Errorf("a parameter in %q cannot name the session", o.session.In)
	}
	if strings.ContainsAny(o.end.Data, "\r\n") {
		return fmt.Errorf("the data %q, which ends a stream, must be one line", o.end.Data)
	}
	for _, name := range names {
		if err := checkEventName(name); err != nil {
			return err
		}
	}
	for _, e := range o.words.OwnEvents() {
		if err := checkEventName(e.Name); err != nil {
			return err
		}
	}
	return nil
}

// checkEventName refuses the name of an event that a stream cannot carry or the log keeps for
// itself.
func checkEventName(name string) error {
	switch {
	case strings.ContainsAny(name, "\r\n"):
		return fmt.Errorf("event %q: a name must be one line", name)
	case hidden.Reserves(name):
		return fmt.Errorf("event %s: the names that begin with %s are the server's", name, hidden.Prefix)
	}
	return nil
}

// sessionOf returns the session that a request names; errNoPath, or what is wrong with it. Where
// an error leaves no doubt, the session comes with it.
func (o *operation) sessionOf(r *http.Request) (string, error) {
	values, ok := o.path.Match(r.URL)
	switch {
	case ok && o.undecided:
		return "", errUndecided
	case o.session.In == "path":
		return o.pathValue(r, values, ok)
	}
	if !ok {
		return "", errNoPath
	}
	switch o.session.In {
	case "":
		return everybody, nil
	case "query":
		query, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			return query.Get(o.session.Name), fmt.Errorf("malformed query: %w", err)
		}
		return o.one(query[o.session.Name])
	case "header":
		return o.one(r.Header.Values(o.session.Name))
	}
	var cookies []string
	for _, cookie := range r.CookiesNamed(o.session.Name) {
		cookies = append(cookies, cookie.Value)
	}
	return o.one(cookies)
}

// pathValue returns the session of a path. A router that serves the operation at a path of
// its own tells the parameter by its name.
func (o *operation) pathValue(r *http.Request, values []string, ok bool) (string, error) {
	if !ok {
		if value := r.PathValue(o.session.Name); value != "" {
			return o.canonical(value)
		}
		return "", errNoPath
	}
	for i, name := range o.path.Params() {
		if name == o.session.Name {
			return o.canonical(values[i])
		}
	}
	return "", errNoPath
}

// one returns the session of a parameter that must come once.
func (o *operation) one(values []string) (string, error) {
	switch {
	case len(values) == 0:
		return "", fmt.Errorf("%s parameter %s is required", o.session.In, o.session.Name)
	case len(values) > 1:
		return values[0], fmt.Errorf("%s parameter %s: it comes %d times", o.session.In, o.session.Name, len(values))
	}
	return o.canonical(values[0])
}

// canonical returns the one form of a session.
func (o *operation) canonical(session string) (string, error) {
	if o.session.In == "" && session == "" && !o.undecided {
		return everybody, nil
	}
	return o.session.Canonical(session)
}

// everybody is the session of an operation without a session parameter. The documentation of
// [Option] promises the name.
const everybody = "everybody"

// resumeAfter returns the last event id of a request; empty if it has none. The header wins:
// a browser repeats its first query forever. Repeated ids are joined as RFC 9110, section 5.3,
// joins fields: that is no position, so the stream begins with a gap.
func (o *operation) resumeAfter(r *http.Request) string {
	if id := strings.Join(r.Header[lastEventID], ", "); id != "" {
		return id
	}
	if o.position.In == "query" {
		return strings.Join(r.URL.Query()[o.position.Name], ", ")
	}
	return ""
}
