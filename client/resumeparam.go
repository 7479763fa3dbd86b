package client

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/internal/excerpt"
	"github.com/mixstream/mixstream/internal/pathtemplate"
)

// resumeParam is a parameter of the request that resumes a stream.
type resumeParam struct {
	in, name, from string // as in contract.ResumeParam
	expr           contract.Expression

	// These are for an expression that reads data.
	value  string // the last value
	known  bool   // there was a value
	latest bool   // it came with the last event
	missed bool   // the last event was too large, and may have had another value
}

// prepare reads the expression. first and then are the paths of the operation and of the
// request that resumes it.
func (p *resumeParam) prepare(first, then pathtemplate.Template) (err error) {
	p.expr, err = contract.ParseExpression(p.from)
	switch {
	case err != nil:
		return err
	case p.expr.PathParam != "" && !slices.Contains(first.Params(), p.expr.PathParam):
		return fmt.Errorf("the path of the operation has no parameter %s", p.expr.PathParam)
	case p.in == "path" && !slices.Contains(then.Params(), p.name):
		return errors.New("the path has no such parameter")
	case !slices.Contains([]string{"path", "query", "header", "cookie"}, p.in):
		return fmt.Errorf("there are no parameters in %q", p.in)
	}
	return nil
}

// tellsPosition reports whether the parameter says where the stream goes on. A value of the
// data that goes into the path names something else.
func (p *resumeParam) tellsPosition() bool { return p.expr.EventID || p.expr.InData && p.in != "path" }

// learn keeps the value in the data of an event, as learn of the resumer does.
func (p *resumeParam) learn(data []byte) (moved bool) {
	switch {
	case !p.expr.InData:
		return false
	case data == nil:
		p.missed = p.missed || p.latest || p.tellsPosition()
		return false
	}
	value, ok := scalarAt(data, p.expr.Pointer, p.value)
	if p.latest = ok; !p.latest {
		return false
	}
	if p.value != value || !p.known {
		p.value, moved = value, p.tellsPosition()
	}
	p.known, p.missed = true, false
	return moved
}

// set sets the parameter in a request, in place of one that is there. It does nothing for
// the path.
func (p *resumeParam) set(req *http.Request, value string) error {
	switch p.in {
	case "query":
		req.URL.RawQuery = withQuery(req.URL.RawQuery, p.name, value)
	case "header":
		if !isToken(p.name) || !legalID(value) {
			return p.illegal(value)
		}
		req.Header.Set(p.name, value)
	case "cookie":
		cookie := &http.Cookie{Name: p.name, Value: value} //nolint:gosec // a cookie of a request has no attributes
		if cookie.Valid() != nil {
			return p.illegal(value)
		}
		others := req.Cookies()
		req.Header.Del("Cookie")
		for _, other := range others {
			if other.Name != p.name {
				req.AddCookie(other)
			}
		}
		req.AddCookie(cookie)
	}
	return nil
}

func (p *resumeParam) illegal(value string) error {
	return requestError{fmt.Errorf("making the request: %s parameter %s: it cannot be %s", p.in, p.name, excerpt.Quote(value))}
}

// withQuery returns a query with one value for a parameter, in place of the values that it
// has. It leaves the rest unchanged.
func withQuery(query, name, value string) string {
	var parts []string
	for part := range strings.SplitSeq(query, "&") {
		key, _, _ := strings.Cut(part, "=")
		if plain, err := url.QueryUnescape(key); part != "" && (err != nil || plain != name) {
			parts = append(parts, part)
		}
	}
	return strings.Join(append(parts, url.QueryEscape(name)+"="+url.QueryEscape(value)), "&")
}
