// Package natscopy copies one log on NATS into another. Only the command needs that, so
// eventlog/natslog does not export it; it registers its implementation here.
package natscopy

import (
	"context"

	"github.com/mixstream/mixstream/eventlog"
)

// Func copies the sessions and the retained entries of one log into another.
type Func func(ctx context.Context, to, from eventlog.Log) (entries int, err error)

var registered Func

// Register sets the implementation. It is for the initialization of eventlog/natslog.
func Register(f Func) { registered = f }

// Copy copies the sessions and the retained entries from one log to another in their
// order, and returns how many entries that were. Both logs must come from natslog.Open,
// and the new one must be empty.
//
// Copy puts a store to use again that was restored from a backup, or that has lost its
// end. The entries get new ids, which are higher than all that the old log has given
// out, even after the backup was made. So readers of the old log are told a gap. The
// restored store itself would give out its ids again.
//
// The new log must retain as many events and bytes as the old one; Copy fails if it has
// trimmed some. Entries that are too old for the new log go as time passes.
//
// Nothing may write to either log meanwhile. After an error, do not use the new log.
func Copy(ctx context.Context, to, from eventlog.Log) (entries int, err error) {
	return registered(ctx, to, from)
}
