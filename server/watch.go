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
func (a *attached) opened() {
	if a.watch != nil {
		a.observe()
	}
	a.log(slog.LevelDebug, "stream opened", slog.Uint64("position", a.position), slog.Bool("resumed", a.start.resumed))
}

func (a *attached) observe() {
	w := a.watch
	w.since, w.behind = 1, true // what is there waits since the request came
	a.ctx, w.observer = a.server.cfg.observer.StreamOpened(a.ctx, StreamInfo{
		SessionID:  a.sessionID,
		RemoteAddr: a.visit.request.RemoteAddr,
		Resumed:    a.start.resumed,
		Position:   a.position,
	})
	w.replaying = a.start.resumed && w.observer != nil
}

// wrote notes that n bytes are out, and tells the observer what they were.
func (a *attached) wrote(n int, before counts) {
	a.writtenTo = a.position
	w := a.watch
	if w == nil {
		return
	}
	lag := w.wrote(n)
	if w.observer == nil {
		return
	}
	for range a.counts.gaps - before.gaps {
		w.observer.Gap()
	}
	if events := a.counts.events - before.events; events > 0 {
		w.observer.Delivered(Delivery{Events: events, Bytes: n, Lag: lag})
	}
	if a.position >= a.start.end {
		a.replayed()
	}
}

// caughtUp is called when the log has nothing more for the stream.
func (a *attached) caughtUp() {
	if a.watch != nil {
		a.watch.atEnd()
		a.replayed()
	}
}

// replayed tells the observer of the replay, unless it has been told.
func (a *attached) replayed() {
	if a.watch.replaying {
		a.watch.replaying = false
		a.watch.observer.Replayed(a.counts.replayed)
	}
}

// closed logs that the stream has ended, and tells the observer.
func (a *attached) closed(reason EndReason, err error) {
	e := End{Reason: reason, Err: err, Duration: a.server.now().sub(a.began), Events: a.counts.events, Position: a.writtenTo}
	a.logEnd(e)
	if a.watch != nil && a.watch.observer != nil {
		defer a.watch.observer.Ended(e) // also if Replayed panics
		a.replayed()
	}
}

func (a *attached) logEnd(e End) {
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
	a.log(level, "stream ended", attrs...)
}

// log logs with the session and the remote address.
func (a *attached) log(level slog.Level, message string, attrs ...slog.Attr) {
	logger := a.server.cfg.logger
	if !logger.Enabled(a.ctx, level) {
		return
	}
	logger.LogAttrs(a.ctx, level, message,
		append([]slog.Attr{slog.String("session", a.sessionID), slog.String("remote", a.visit.request.RemoteAddr)}, attrs...)...)
}
