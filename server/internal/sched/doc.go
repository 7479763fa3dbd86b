// Package sched decides when a task takes its turns, and on which goroutine: [Task.Run]
// takes them on the caller's, which waits in between; a [Pool] takes those of many tasks on
// a few. It knows nothing of events and connections.
package sched
