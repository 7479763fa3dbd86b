// Package gen is used most for streams: the types whose names end in Data are what
// the events of openapi.yaml carry, and [Event] is implemented by a pointer to each.
// [DecodeEvent] makes one of a name and JSON data, and an [*UnknownEvent] of what it
// does not know; [ValidateEvent] tells whether data fits the event's schema. Both come
// from the schemas, as everything here does, so a changed spec changes them.
//
// Packages client and server are built upon this one, and speak its types. [Client]
// makes bare requests; it neither resumes nor reads a stream.
package gen
