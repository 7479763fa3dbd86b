package sse

const (
	maxNames   = 64
	maxNameLen = 64 // bytes
)

// names turns event names into strings. It returns the same string for the same
// name, so that a stream's few names are allocated once. It remembers 64 names
// of up to 64 bytes and allocates any other anew.
type names struct {
	last  string // the previous name, unless it was too long
	table map[string]string
}

// intern returns name as a string.
func (n *names) intern(name []byte) string {
	s, ok := n.table[string(name)]
	if !ok {
		s = string(name)
		if len(s) > maxNameLen {
			return s
		}
		if n.table == nil {
			n.table = make(map[string]string)
		}
		if len(n.table) < maxNames {
			n.table[s] = s
		}
	}
	n.last = s
	return s
}
