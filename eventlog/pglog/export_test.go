package pglog

// DropNotifications makes a log lose the notifications for which drop returns true.
func (o Options) DropNotifications(drop func() bool) Options {
	o.dropNotification = drop
	return o
}

// Retain does what falls due with time and size, until nothing is left to do.
func (l *Log) Retain() error {
	for {
		if _, more, err := l.retain(); err != nil || !more {
			return err
		}
	}
}
