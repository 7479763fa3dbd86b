package redact

import (
	"regexp"
	"strings"
)

// The address of a PostgreSQL database has secrets in its query as well, and its user information
// ends at the first @, before which it may have any character but a slash.
var (
	postgresURL    = regexp.MustCompile(`(?is)^(postgres(?:ql)?://)(.*)$`)
	postgresInText = regexp.MustCompile("(?i)postgres(?:ql)?://[^\\s\"'`]*")
	// postgresPlace matches hosts, ports and a database, which a misplaced password need not.
	postgresPlace = regexp.MustCompile(`^(\[[0-9A-Fa-f:.%]*\]|[\w.%,-]|:\d*(?:[,/]|$))*(?:/[\w.%-]*)?$`)
	// password matches the value of a parameter for a password.
	password = regexp.MustCompile(`(?i)(password\s*=\s*)('[^']*'|[^\s&"'` + "`" + `]+)`)
)

// isPostgres reports whether raw looks like the address of a PostgreSQL database.
func isPostgres(raw string) bool { return postgresURL.MatchString(raw) }

// postgres returns the address of a PostgreSQL database without its secrets: without its query, and
// if it is not clear where its host is, without anything but the scheme.
func postgres(raw string) string {
	m := postgresURL.FindStringSubmatch(raw)
	scheme, rest := m[1], m[2]
	shown := scheme
	if i := strings.IndexAny(rest, "@/"); i >= 0 && rest[i] == '@' {
		shown, rest = shown+hidden+"@", rest[i+1:]
	}
	place, query, hasQuery := strings.Cut(rest, "?")
	if strings.Contains(query, "@") || !postgresPlace.MatchString(place) {
		return scheme + hidden
	}
	if shown += place; hasQuery {
		shown += "?" + hidden
	}
	return shown
}

// parameters returns a text without the values of parameters for passwords.
func parameters(text string) string { return password.ReplaceAllString(text, "${1}"+hidden) }
