package pglog

// DropNotifications makes a log lose the notifications for which drop returns true.
func (o Options) DropNotifications(drop func() bool) Options {
	o.dropNotification = drop
	return o
}

// Retain does what falls due with time and size, until nothing is left to do.
func (l *Log) Retain() error {
	for {
		if more, err := l.retain(); err != nil {
			return err
		} else if !more {
			return l.expire(new(expired))
		}
	}
}

// ForgetIdle forgets the sessions that are idle for too long.
func (l *Log) ForgetIdle() error { return l.forgetIdle() }
