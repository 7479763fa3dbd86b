package contract

import (
	"fmt"
	"strconv"
	"strings"
)

// Param is a parameter of an operation.
type Param struct {
	In   string // path, query, header or cookie; empty: the parameter does not exist
	Name string
	Type string // "integer", or "uuid" for a string of that format; otherwise empty
}

// Canonical returns the one canonical form of a value: the integer 007 becomes 7, and a UUID
// becomes lower-case. Two spellings of the same value then name the same session. It returns
// an error if the value does not have the parameter's type. An integer has 64 bits, signed or
// unsigned.
func (p Param) Canonical(value string) (string, error) {
	switch p.Type {
	case "integer":
		if n, err := strconv.ParseInt(value, 10, 64); err == nil {
			return strconv.FormatInt(n, 10), nil
		}
		if n, err := strconv.ParseUint(value, 10, 64); err == nil {
			return strconv.FormatUint(n, 10), nil
		}
		return "", fmt.Errorf("%s parameter %s: must be an integer", p.In, p.Name)
	case "uuid":
		if !isUUID(value) {
			return "", fmt.Errorf("%s parameter %s: must be a UUID", p.In, p.Name)
		}
		return strings.ToLower(value), nil
	}
	return value, nil
}

// isUUID reports whether s is a UUID in its usual form (RFC 9562, section 4).
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if !('0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F') {
				return false
			}
		}
	}
	return true
}
