package natslog

import "github.com/mixstream/mixstream/eventlog"

// mergeUpTo returns the entries of both slices up to a position, in the order of their
// ids, as many as fit into limit bytes but at least one. All reports whether nothing is
// left out.
func mergeUpTo(position uint64, limit int, a, b []eventlog.Entry) (entries []eventlog.Entry, all bool) {
	a, b = entriesUpTo(a, position), entriesUpTo(b, position)
	room := int64(limit)
	if len(b) == 0 { // without a copy
		for i := range a {
			if room -= dataSize(a[i]); room < 0 && i > 0 {
				return a[:i:i], false
			}
		}
		return a, true
	}
	for len(a) > 0 || len(b) > 0 {
		from := &a
		if len(a) == 0 || len(b) > 0 && b[0].ID < a[0].ID {
			from = &b
		}
		e := (*from)[0]
		if room -= dataSize(e); room < 0 && len(entries) > 0 {
			return entries, false
		}
		entries = append(entries, e)
		*from = (*from)[1:]
	}
	return entries, true
}

func dataSize(e eventlog.Entry) int64 { return int64(len(e.Name) + len(e.Data)) }

// entriesUpTo returns the entries up to a position, without spare capacity.
func entriesUpTo(entries []eventlog.Entry, position uint64) []eventlog.Entry {
	n := len(entries)
	for n > 0 && entries[n-1].ID > position {
		n--
	}
	return entries[:n:n]
}
