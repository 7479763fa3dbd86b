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

// resumeParam is a parameter of the resuming request.
type resumeParam struct {
	contract.ResumeParam
	contract.Expression

	value  string // of an expression of data
	known  bool   // there was one
	latest bool   // it came with the last event
	missed bool   // the last event may have had another one, and was too large to be read
}

// prepare reads the expression. first and then are the paths of the operation and of the request
// that resumes it.
func (p *resumeParam) prepare(first, then pathtemplate.Template) (err error) {
	p.Expression, err = contract.ParseExpression(p.From)
	switch {
	case err != nil:
		return err
	case p.PathParam != "" && !slices.Contains(first.Params(), p.PathParam):
		return fmt.Errorf("the path of the operation has no parameter %s", p.PathParam)
	case p.In == "path" && !slices.Contains(then.Params(), p.Name):
		return errors.New("the path has no such parameter")
	case !slices.Contains([]string{"path", "query", "header", "cookie"}, p.In):
		return fmt.Errorf("there are no parameters in %q", p.In)
	}
	return nil
}

// tellsPosition reports whether the parameter says where the stream goes on. What the data of
// an event has for the path is the name of something.
func (p *resumeParam) tellsPosition() bool { return p.EventID || p.InData && p.In != "path" }

// learn is that of the resumer, for one parameter.
func (p *resumeParam) learn(data []byte) (moved bool) {
	switch {
	case !p.InData:
		return false
	case data == nil:
		p.missed = p.missed || p.latest || p.tellsPosition()
		return false
	}
	value := scalarAt(data, p.Pointer)
	if p.latest = value != nil; !p.latest {
		return false
	}
	if p.value != string(value) || !p.known { // which copies nothing
		p.value, moved = string(value), p.tellsPosition()
	}
	p.known, p.missed = true, false
	return moved
}

// set sets the parameter in a request, in the place of one that is there. The path is set
// before.
func (p *resumeParam) set(req *http.Request, value string) error {
	switch p.In {
	case "query":
		req.URL.RawQuery = withQuery(req.URL.RawQuery, p.Name, value)
	case "header":
		if !isToken(p.Name) || !legalID(value) {
			return p.illegal(value)
		}
		req.Header.Set(p.Name, value)
	case "cookie":
		cookie := &http.Cookie{Name: p.Name, Value: value} //nolint:gosec // of a request, which has no attributes
		if cookie.Valid() != nil {
			return p.illegal(value)
		}
		others := req.Cookies()
		req.Header.Del("Cookie")
		for _, other := range others {
			if other.Name != p.Name {
				req.AddCookie(other)
			}
		}
		req.AddCookie(cookie)
	}
	return nil
}

func (p *resumeParam) illegal(value string) error {
	return requestError{fmt.Errorf("making the request: %s parameter %s: it cannot be %s", p.In, p.Name, excerpt.Quote(value))}
}

// withQuery returns a query with one value for a parameter, in the place of those that it
// has. It leaves the rest as it is written.
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
