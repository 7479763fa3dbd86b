package main

import (
	"context"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// loadOurs is this project.
type loadOurs struct{ *mix.Server }

func newLoadOurs(s loadSetup) (loadServer, error) { return newLoad(s) }

// newLoadDetached returns this project with detached streams. It keeps the default send
// buffers, like the others.
func newLoadDetached(s loadSetup) (loadServer, error) {
	return newLoad(s, server.WithDetachedStreams(), server.WithLimits(server.Limits{SendBuffer: server.Unlimited}))
}

func newLoad(s loadSetup, options ...server.Option) (loadServer, error) {
	// Heartbeats of subjects that wait for their turn would disturb the others.
	options = append(options, server.WithTiming(server.Timing{Heartbeat: time.Hour}))
	if s.Replay {
		// The default retention is less than the events to replay.
		options = append(options, server.WithLog(eventlog.NewMemory(eventlog.Retention{Entries: -1, Bytes: -1, TotalBytes: -1})))
	}
	srv, err := mix.NewServer(options...)
	if err != nil {
		return nil, err
	}
	o := loadOurs{srv}
	for i := range s.Sessions { // a session must exist before readers follow it
		if err := o.publish(sessionName(i), loadHello()); err != nil {
			return nil, err
		}
	}
	return o, nil
}

func (o loadOurs) publish(session string, e *gen.ContentData) error {
	_, err := o.Publish(context.Background(), session, e)
	return err
}
