package server

import (
	"log/slog"
	"runtime/debug"

	"github.com/mixstream/mixstream/internal/excerpt"
	"github.com/mixstream/mixstream/server/internal/stream"
)

// opened tells the observer that the stream begins, and logs it.
func (o *openStream) opened() {
	if o.observed != nil {
		o.observe()
	}
	o.log(slog.LevelDebug, "stream opened", slog.Uint64("position", o.stream.Position()), slog.Bool("resumed", o.stream.Resumed()))
}

func (o *openStream) observe() {
	ob := o.observed
	ob.lag.begin(o.began)
	o.ctx, ob.observer = o.server.cfg.observer.StreamOpened(o.ctx, StreamInfo{
		Operation:  o.server.op.id,
		SessionID:  o.stream.Session(),
		RemoteAddr: o.remote,
		Resumed:    o.stream.Resumed(),
		Position:   formatID(o.stream.Position()),
	})
	ob.replaying = o.stream.Resumed() && ob.observer != nil
}

// sent counts what the last turn has said, whose n bytes are out, and tells the observer. A gap
// may take no bytes ([WithSilentGaps]).
func (o *openStream) sent(n int) {
	said := o.stream.Sent()
	if o.observed != nil && o.observed.observer != nil {
		for range said.Gaps {
			o.observed.observer.Gap()
		}
	}
	if n == 0 {
		return
	}
	o.told = o.stream.Position()
	if o.observed != nil {
		o.delivered(said, n)
	}
}

func (o *openStream) delivered(said stream.Counts, n int) {
	ob := o.observed
	lag := ob.lag.wrote(o.server.clock.Now(), n)
	if ob.observer == nil {
		return
	}
	if said.Events > 0 {
		ob.observer.Delivered(Delivery{Events: int(said.Events), Bytes: n, Lag: lag})
	}
	if o.stream.CaughtUp() {
		o.replayed()
	}
}

// caughtUp is called when the log has nothing more for the stream.
func (o *openStream) caughtUp() {
	if o.observed != nil {
		o.observed.lag.atEnd()
		o.replayed()
	}
}

// replayed tells the observer of the replay, unless it knows.
func (o *openStream) replayed() {
	if o.observed.replaying {
		o.observed.replaying = false
		_, replayed := o.stream.Events()
		o.observed.observer.Replayed(int(replayed)) //nolint:gosec // no reader gets that many
	}
}

// closed logs that the stream has ended, and tells the observer.
func (o *openStream) closed() {
	events, _ := o.stream.Events()
	e := End{Reason: EndPanic, Duration: o.server.clock.Now().Sub(o.began), Events: int(events)} //nolint:gosec // no reader gets that many
	if o.end != nil {
		e.Reason, e.Err = o.end.reason, o.end.err
	}
	if o.told != 0 {
		e.Position = formatID(o.told)
	}
	o.logEnd(e)
	if o.observed != nil && o.observed.observer != nil {
		defer o.observed.observer.Ended(e) // also if Replayed panics
		o.replayed()
	}
}

func (o *openStream) logEnd(e End) {
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
		slog.Uint64("position", o.told),
	}
	if e.Err != nil {
		attrs = append(attrs, slog.Any("error", e.Err))
	}
	o.log(level, "stream ended", attrs...)
}

// logPanic logs a panic, from inside the function that has recovered it.
func (o *openStream) logPanic(v any) {
	o.log(slog.LevelError, "panic serving a stream", slog.Any("panic", v), slog.Any("stack", excerpt.Whole(debug.Stack())))
}

// log logs with the session and the remote address.
func (o *openStream) log(level slog.Level, message string, attrs ...slog.Attr) {
	logger := o.server.cfg.logger
	if !logger.Enabled(o.ctx, level) {
		return
	}
	logger.LogAttrs(o.ctx, level, message,
		append([]slog.Attr{slog.String("session", o.stream.Session()), slog.String("remote", o.remote)}, attrs...)...)
}
