package server

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// pathTemplate is the path of an operation (OpenAPI 3.1, section 4.8.8.1), a pattern for each
// of its segments. A group of a pattern is a parameter, and its name is the parameter's index.
type pathTemplate struct {
	segments []*regexp.Regexp
	params   []string
}

var pathParameter = regexp.MustCompile(`\{([^{}]+)\}`)

func compilePath(template string) (t pathTemplate) {
	for _, segment := range strings.Split(strings.TrimPrefix(template, "/"), "/") {
		var b strings.Builder
		last := 0
		for _, m := range pathParameter.FindAllStringSubmatchIndex(segment, -1) {
			b.WriteString(regexp.QuoteMeta(unescaped(segment[last:m[0]])))
			b.WriteString("(.+)")
			t.params = append(t.params, segment[m[2]:m[3]])
			last = m[1]
		}
		b.WriteString(regexp.QuoteMeta(unescaped(segment[last:])))
		t.segments = append(t.segments, regexp.MustCompile("(?s)^"+b.String()+"$"))
	}
	return t
}

// has reports whether the template has a parameter.
func (t pathTemplate) has(param string) bool {
	for _, p := range t.params {
		if p == param {
			return true
		}
	}
	return false
}

// match matches the template against the end of a request's path, whatever the prefix, and
// returns the values of the parameters. It takes the path apart before it unescapes it: an
// escaped slash is part of a value.
func (t pathTemplate) match(r *http.Request) (values []string, ok bool) {
	segments := strings.Split(r.URL.EscapedPath(), "/")
	if len(segments) < len(t.segments) {
		return nil, false
	}
	for i, segment := range segments[len(segments)-len(t.segments):] {
		found := t.segments[i].FindStringSubmatch(unescaped(segment))
		if found == nil {
			return nil, false
		}
		values = append(values, found[1:]...)
	}
	return values, true
}

// unescaped returns a part of a path without its escapes, or as it is if they are malformed:
// net/http lets no such path in.
func unescaped(s string) string {
	if plain, err := url.PathUnescape(s); err == nil {
		return plain
	}
	return s
}
