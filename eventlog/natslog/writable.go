package natslog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/mixstream/mixstream/eventlog"
)

// roomSize is how much room a disk must have for the embedded server to be used.
const roomSize = 64 << 10

// tryAgain is how soon a log to which nothing can be appended is tried again.
const tryAgain = time.Second

var _ eventlog.Writable = (*Log)(nil)

// Writable implements eventlog.Writable. It asks nobody: it returns what the last append,
// or the look at the disk of an embedded server every Options.CheckInterval, has shown.
func (l *Log) Writable(context.Context) error {
	if err := l.blocked.Load(); err != nil {
		return fmt.Errorf("natslog: %w: nothing can be appended: %w", eventlog.ErrUnavailable, *err)
	}
	return nil
}

// doubt makes tend find out whether entries can be appended.
func (l *Log) doubt() {
	select {
	case l.doubts <- struct{}{}:
	default:
	}
}

// tend keeps the log writable for as long as it is open: a nats-server that has once failed
// to write to a stream never does again, and does not answer publications.
func (l *Log) tend() {
	tick := time.NewTicker(l.options.CheckInterval)
	defer tick.Stop()
	for {
		var doubtful bool
		select {
		case <-l.ctx.Done():
			return
		case <-l.doubts:
			doubtful = true
		case <-tick.C:
			doubtful = l.suspicion.raised.Load() // for which it was too soon
		}
		for {
			began := time.Now()
			err := l.examine(l.ctx, doubtful)
			if l.ctx.Err() != nil {
				return
			}
			before := l.blocked.Load()
			if err == nil {
				if before != nil {
					l.options.Logger.Info("natslog: entries can be appended again")
				}
				l.blocked.Store(nil)
				break
			}
			if before == nil {
				l.options.Logger.Error("natslog: nothing can be appended", "error", err)
			}
			l.blocked.Store(&err)
			doubtful = true
			if !sleep(l.ctx, max(tryAgain, time.Since(began))) { // mending in vain takes long
				return
			}
		}
	}
}

// examine returns why nothing can be appended, and starts an embedded server again where
// that helps. Doubtful says that an append has failed, that the disk was full, or that an
// entry is missing.
func (l *Log) examine(ctx context.Context, doubtful bool) error {
	if l.embedded == nil {
		if !doubtful || l.lost.Load() {
			return nil // the loss of the connection is known by itself
		}
		return l.tryAppend(ctx)
	}
	if err := checkRoom(l.options.Dir); err != nil {
		return err
	}
	why := errors.New("the embedded server does not store any more")
	var damage error
	if l.embedded.stores() {
		if !doubtful {
			return nil
		}
		damage = onlyDamage(l.lostMessages(ctx))
		found := cmp.Or(damage, l.scanIfSuspected(ctx)) // startWhole looks once more, at what rests
		switch {
		case found != nil:
			why = found
		case l.blocked.Load() == nil:
			if why = l.tryAppend(ctx); why == nil {
				return nil
			}
		}
	}
	l.options.Logger.Warn("natslog: the embedded server is started again", "error", why)
	if err := l.embedded.startWhole(ctx, damage); err != nil {
		return err
	}
	l.checkSoon()
	return l.tryAppend(ctx)
}

// tryAppend stores a message that is no entry in each of the streams.
func (l *Log) tryAppend(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*l.options.RequestTimeout)
	defer cancel()
	for _, subject := range []string{l.subjects.trial(), l.subjects.trialRecord()} {
		for {
			err := l.tryOnce(ctx, subject)
			if err == nil {
				break
			}
			// The connection to a server that was started again comes a moment later, and
			// what was sent on the one before gets no answer.
			if !unsent(err) && !errors.Is(err, context.DeadlineExceeded) || !sleep(ctx, 50*time.Millisecond) {
				return fmt.Errorf("store a message: %w", err)
			}
		}
	}
	return nil
}

// tryOnce stores a message that is no entry, and waits for a moment.
func (l *Log) tryOnce(ctx context.Context, subject string) error {
	ctx, cancel := context.WithTimeout(ctx, min(tryAgain, l.options.RequestTimeout))
	defer cancel()
	_, err := l.acknowledged(ctx, &nats.Msg{Subject: subject})
	return err
}

// checkRoom returns why an embedded server cannot write to its folder.
func checkRoom(dir string) error {
	f, err := os.CreateTemp(dir, ".check-*")
	if err != nil {
		return err
	}
	_, err = f.Write(make([]byte, roomSize))
	return errors.Join(err, f.Close(), os.Remove(f.Name()))
}
