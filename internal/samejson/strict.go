package samejson

import (
	"bytes"
	"encoding/json"
	"regexp"
	"unicode/utf8"
)

// isStrict reports whether a JSON text is one that a publisher may send (RFC 7493): all of it is
// UTF-8, no escape is half of a pair, and no member comes twice in an object.
func isStrict(text []byte) bool {
	return utf8.Valid(text) && !surrogates.Match(pairs.ReplaceAll(text, nil)) && isUnique(json.NewDecoder(bytes.NewReader(text)))
}

var (
	// pairs matches two backslashes, and the escapes of a surrogate pair.
	pairs      = regexp.MustCompile(`\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}`)
	surrogates = regexp.MustCompile(`\\u[dD][89a-fA-F]`)
)

// isUnique reads a value, and reports whether no member in it comes twice.
func isUnique(d *json.Decoder) bool {
	d.UseNumber()
	token, err := d.Token()
	if err != nil {
		return false
	}
	delim, ok := token.(json.Delim)
	if !ok {
		return true
	}
	seen := map[any]bool{}
	unique := true
	for d.More() {
		if delim == '{' {
			name, err := d.Token()
			if err != nil || seen[name] {
				unique = false
			}
			seen[name] = true
		}
		unique = isUnique(d) && unique
	}
	_, err = d.Token()
	return err == nil && unique
}
