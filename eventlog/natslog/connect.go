package natslog

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/mixstream/mixstream/internal/redact"
)

// connect connects to NATS. A lost connection is made again without end. What is
// published meanwhile fails at once, instead of being sent at some later time.
func (s *store) connect(ctx context.Context) (err error) {
	o := s.options
	opts := []nats.Option{
		nats.Name("mixstream " + o.Name),
		nats.MaxReconnects(-1),
		nats.IgnoreAuthErrorAbort(), // credentials may become valid again
		nats.ReconnectWait(250 * time.Millisecond),
		nats.ReconnectJitter(100*time.Millisecond, 100*time.Millisecond),
		nats.ReconnectBufSize(-1),
		nats.PingInterval(2 * time.Second),
		nats.MaxPingsOutstanding(2),
		nats.FlusherTimeout(o.RequestTimeout), // a socket that takes nothing blocks everything for that long
		nats.Timeout(o.RequestTimeout),
	}
	url := o.URL
	if s.server != nil {
		url = ""
		opts = append(opts, nats.InProcessServer(s.server))
	}
	if o.Credentials != "" {
		opts = append(opts, nats.UserCredentials(o.Credentials))
	}
	if o.Token != "" {
		opts = append(opts, nats.Token(o.Token))
	}
	if o.User != "" || o.Password != "" {
		opts = append(opts, nats.UserInfo(o.User, o.Password))
	}
	if o.TLS != nil {
		opts = append(opts, nats.Secure(o.TLS))
	}
	if deadline, ok := ctx.Deadline(); ok {
		opts = append(opts, nats.Timeout(min(o.RequestTimeout, max(time.Until(deadline), time.Millisecond))))
	}
	opts = append(append(opts, o.Connection...), s.handlers()...)
	if s.nc, err = nats.Connect(url, opts...); err != nil {
		return fmt.Errorf("natslog: connect: %w", redact.Error(err))
	}
	if s.js, err = jetstream.New(s.nc); err != nil {
		return fmt.Errorf("natslog: %w", err)
	}
	return nil
}

// handlers returns the handlers of the connection, which the application cannot set.
func (s *store) handlers() []nats.Option {
	logger := s.options.Logger
	return []nats.Option{
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			s.state.lost.Store(true)
			if !s.life.over() {
				logger.Warn("natslog: connection lost", "error", err)
			}
		}),
		nats.ReconnectHandler(func(nc *nats.Conn) {
			s.state.lost.Store(false)
			logger.Info("natslog: connected again", "server", nc.ConnectedAddr())
			s.state.checkSoon()
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			logger.Warn("natslog: connection", "error", err)
			s.state.checkSoon()
		}),
		nats.ClosedHandler(func(*nats.Conn) { close(s.disconnected) }),
	}
}
