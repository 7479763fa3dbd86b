package client

import "fmt"

// Until ends a stream, with a nil error, after the first event for which f returns true. The
// stream delivers that event. It calls f once for each event, before it delivers the event.
// f must neither keep nor change the event. E must be the interface of the operation's
// events; opening a stream with another one fails.
func Until[E any](f func(*Event[E]) bool) Option {
	return option(func(c *config) { c.until = append(c.until[:len(c.until):len(c.until)], f) })
}

// UntilEvent ends a stream, with a nil error, after the first event with one of these names.
// The stream delivers that event. The names add to those of the operation's End.
func UntilEvent(names ...string) Option {
	return option(func(c *config) {
		c.untilEvent = append(c.untilEvent[:len(c.untilEvent):len(c.untilEvent)], names...)
	})
}

// UntilData ends a stream, with a nil error, at the first event whose data is exactly the
// sentinel, such as "[DONE]". The stream does not deliver that event. The sentinel adds to
// that of the operation's End.
func UntilData(sentinel string) Option {
	return option(func(c *config) {
		c.untilData = append(c.untilData[:len(c.untilData):len(c.untilData)], sentinel)
	})
}

// ends returns the functions of Until, for a stream of this event type.
func ends[E any](c *config) ([]func(*Event[E]) bool, error) {
	var all []func(*Event[E]) bool
	for _, f := range c.until {
		is, ok := f.(func(*Event[E]) bool)
		switch {
		case !ok:
			return nil, fmt.Errorf("client: Until has a %T, and the stream needs a %T", f, is)
		case is != nil:
			all = append(all, is)
		}
	}
	return all, nil
}
