// Package otherclients has the tests of what the server writes for a spec that has no events
// for the server's own words: its bytes, line by line, and what the clients of others make of
// them. It is a module of its own, so that their modules do not reach those who import this
// project.
package otherclients
