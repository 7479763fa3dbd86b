// Package pathtemplate matches and fills the path template of an operation.
package pathtemplate

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Template is the path of an operation (OpenAPI 3.1, section 4.8.8.1), with a pattern for each
// of its segments. The groups of the patterns are the parameters, in their order.
type Template struct {
	text     string
	segments []*regexp.Regexp
	shortest []*regexp.Regexp // the segments, with the shortest possible values for the first parameters
	params   []string
}

var parameter = regexp.MustCompile(`\{([^{}]+)\}`)

// Compile returns the template of a path such as /orders/{orderId}/events.
func Compile(path string) Template {
	t := Template{text: path}
	for _, segment := range strings.Split(strings.TrimPrefix(path, "/"), "/") {
		var b, lazy strings.Builder
		last := 0
		for _, m := range parameter.FindAllStringSubmatchIndex(segment, -1) {
			text := regexp.QuoteMeta(unescaped(segment[last:m[0]]))
			b.WriteString(text + "(.+)")
			lazy.WriteString(text + "(.+?)")
			t.params = append(t.params, segment[m[2]:m[3]])
			last = m[1]
		}
		rest := regexp.QuoteMeta(unescaped(segment[last:])) + "$"
		t.segments = append(t.segments, regexp.MustCompile("(?s)^"+b.String()+rest))
		t.shortest = append(t.shortest, regexp.MustCompile("(?s)^"+lazy.String()+rest))
	}
	return t
}

// Params returns the names of the parameters, in their order in the path. The caller must not
// change the slice.
func (t Template) Params() []string { return t.params }

// Match matches the template against the end of a request's path, whatever the prefix, and
// returns the values of the parameters. It splits the path before it unescapes the segments:
// an escaped slash is part of a value.
func (t Template) Match(u *url.URL) (values []string, ok bool) { return match(u, t.segments) }

// IsUnique reports whether only the values of Match produce the path: x-y-z has two solutions
// for /{a}-{b}.
func (t Template) IsUnique(u *url.URL) bool {
	longest, _ := match(u, t.segments)
	shortest, _ := match(u, t.shortest)
	return slices.Equal(longest, shortest)
}

func match(u *url.URL, patterns []*regexp.Regexp) (values []string, ok bool) {
	segments := strings.Split(u.EscapedPath(), "/")
	if len(segments) < len(patterns) {
		return nil, false
	}
	for i, segment := range segments[len(segments)-len(patterns):] {
		found := patterns[i].FindStringSubmatch(unescaped(segment))
		if found == nil {
			return nil, false
		}
		values = append(values, found[1:]...)
	}
	return values, true
}

// Fill returns the path with each parameter replaced by its escaped value.
func (t Template) Fill(value func(param string) string) string {
	return parameter.ReplaceAllStringFunc(t.text, func(in string) string {
		return url.PathEscape(value(in[1 : len(in)-1]))
	})
}

// Base returns the part of a URL's path before the part that the template matches, escaped.
func (t Template) Base(u *url.URL) string {
	segments := strings.Split(u.EscapedPath(), "/")
	return strings.Join(segments[:len(segments)-len(t.segments)], "/")
}

// unescaped returns a part of a path without its escapes. It returns s itself if an escape is
// malformed; net/http rejects such paths.
func unescaped(s string) string {
	if plain, err := url.PathUnescape(s); err == nil {
		return plain
	}
	return s
}
