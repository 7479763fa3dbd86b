package client

import "strings"

// idChunk is the number of bytes of ids that share one allocation. An event that is kept
// keeps its whole chunk.
const idChunk = 512

// ids turns ids into strings without an allocation for each event.
type ids struct{ chunk strings.Builder }

func (i *ids) text(id []byte) string {
	if i.chunk.Cap()-i.chunk.Len() < len(id) {
		i.chunk.Reset() // the strings returned before keep the old chunk
		i.chunk.Grow(max(idChunk, len(id)))
	}
	from := i.chunk.Len()
	i.chunk.Write(id)
	return i.chunk.String()[from:]
}
