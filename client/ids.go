package client

import "strings"

// idChunk is how many bytes of ids share one allocation. An event that is kept keeps
// them all.
const idChunk = 512

// ids makes strings of ids, for which each event would allocate otherwise.
type ids struct{ chunk strings.Builder }

func (i *ids) text(id []byte) string {
	if i.chunk.Cap()-i.chunk.Len() < len(id) {
		i.chunk.Reset() // what was handed out stays as it is
		i.chunk.Grow(max(idChunk, len(id)))
	}
	from := i.chunk.Len()
	i.chunk.Write(id)
	return i.chunk.String()[from:]
}
