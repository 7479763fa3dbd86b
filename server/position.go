package server

import "strconv"

// start says where a stream begins.
type start struct {
	connected uint64 // the id of connected
	position  uint64 // after which events follow
	gap       bool   // a gap event, with the position as its id, comes first
	resumed   bool   // the client has asked for a position
	end       uint64 // of the log at that time
}

// unknownPosition is the id of connected where the requested one can be no
// position of the log. It always makes a gap again.
const unknownPosition = 1

// resolve decides where a stream begins that is asked to resume after an id, in
// a log that can be read without a gap from floor to end.
func resolve(resume string, floor, end uint64) start {
	switch resume {
	case "":
		return start{connected: end, position: end}
	case "0":
		return start{connected: floor, position: floor}
	}
	id, ok := parsePosition(resume)
	switch {
	case !ok || id > end || id == unknownPosition:
		return start{connected: unknownPosition, position: floor, gap: true}
	case id < floor:
		return start{connected: id, position: floor, gap: true}
	}
	return start{connected: id, position: id}
}

// parsePosition parses an id in the one form in which the server writes it.
func parsePosition(s string) (uint64, bool) {
	id, err := strconv.ParseUint(s, 10, 64)
	return id, err == nil && formatID(id) == s
}
