package sse

const (
	maxNames   = 64
	maxNameLen = 64 // bytes
)

// names makes strings of event names, the same string for the same name, so
// that the few names of a stream are allocated once. It remembers 64 names of up
// to 64 bytes; any other is allocated anew.
type names struct {
	last  string // the name asked for last, unless it is too long
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
