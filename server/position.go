package server

import "strconv"

// lastEventID is the header that carries a position, in canonical form: in a request the
// position after which the stream goes on (WHATWG HTML, section 9.2.4), in an answer the
// position from which it does.
const lastEventID = "Last-Event-Id"

func formatID(id uint64) string { return strconv.FormatUint(id, 10) }
