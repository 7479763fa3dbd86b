package server

import "log/slog"

// watch tells the observer of a stream what becomes of it. A stream has none
// unless the server has an observer.
type watch struct {
	backlog
	observer  StreamObserver // nil until the stream is opened
	replaying bool           // the observer is still to be told of the replay
}

// counts is what a stream has had so far.
type counts struct {
	events   int // of the log
	replayed int // of them, those that were in the log when the stream was opened
	gaps     int // gap events
}

// opened tells the observer that the stream begins, and logs it.
func (l *live) opened() {
	if l.watch != nil {
		l.observe()
	}
	l.log(slog.LevelDebug, "stream opened", slog.Uint64("position", l.position), slog.Bool("resumed", l.start.resumed))
}

func (l *live) observe() {
	w := l.watch
	w.since, w.behind = l.began, true // what is there waits since the request came
	l.ctx, w.observer = l.server.cfg.observer.StreamOpened(l.ctx, StreamInfo{
		Operation:  l.server.op.id,
		SessionID:  l.sessionID,
		RemoteAddr: l.remote,
		Resumed:    l.start.resumed,
		Position:   l.position,
	})
	w.replaying = l.start.resumed && w.observer != nil
}

// wrote notes that n bytes are out, and tells the observer what they were.
func (l *live) wrote(n int, before counts) {
	l.writtenTo = l.position
	w := l.watch
	if w == nil {
		return
	}
	lag := w.wrote(l.server, n)
	if w.observer == nil {
		return
	}
	for range l.counts.gaps - before.gaps {
		w.observer.Gap()
	}
	if events := l.counts.events - before.events; events > 0 {
		w.observer.Delivered(Delivery{Events: events, Bytes: n, Lag: lag})
	}
	if l.position >= l.start.end {
		l.replayed()
	}
}

// caughtUp is called when the log has nothing more for the stream.
func (l *live) caughtUp() {
	if l.watch != nil {
		l.watch.atEnd()
		l.replayed()
	}
}

// replayed tells the observer of the replay, unless it has been told.
func (l *live) replayed() {
	if l.watch.replaying {
		l.watch.replaying = false
		l.watch.observer.Replayed(l.counts.replayed)
	}
}

// closed logs that the stream has ended, and tells the observer.
func (l *live) closed(reason EndReason, err error) {
	e := End{Reason: reason, Err: err, Duration: l.server.now().sub(l.began), Events: l.counts.events, Position: l.writtenTo}
	l.logEnd(e)
	if l.watch != nil && l.watch.observer != nil {
		defer l.watch.observer.Ended(e) // also if Replayed panics
		l.replayed()
	}
}

func (l *live) logEnd(e End) {
	level := slog.LevelDebug
	switch e.Reason {
	case EndLogFailed:
		level = slog.LevelError
	case EndSlowReader, EndWriteFailed, EndLogUnavailable:
		level = slog.LevelWarn
	}
	attrs := []slog.Attr{
		slog.String("reason", string(e.Reason)),
		slog.Duration("duration", e.Duration),
		slog.Int("events", e.Events),
		slog.Uint64("position", e.Position),
	}
	if e.Err != nil {
		attrs = append(attrs, slog.Any("error", e.Err))
	}
	l.log(level, "stream ended", attrs...)
}

// log logs with the session and the remote address.
func (l *live) log(level slog.Level, message string, attrs ...slog.Attr) {
	logger := l.server.cfg.logger
	if !logger.Enabled(l.ctx, level) {
		return
	}
	logger.LogAttrs(l.ctx, level, message,
		append([]slog.Attr{slog.String("session", l.sessionID), slog.String("remote", l.remote)}, attrs...)...)
}
