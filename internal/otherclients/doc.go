// Package otherclients tests the server with third-party clients, for a spec without events of
// the server itself: the bytes on the wire, line by line, and what these clients make of them.
// It is a separate module, so that a program which imports this project does not depend on
// their modules.
package otherclients
