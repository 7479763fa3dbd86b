package server

import (
	"context"

	"github.com/mixstream/mixstream/eventlog"
)

// ReadLog is a log that calls BeforeRead before each read of a session, which fails with
// its error.
type ReadLog struct {
	eventlog.Log
	BeforeRead func(ctx context.Context, session string) error
}

// Follow implements eventlog.Log.
func (l *ReadLog) Follow(ctx context.Context, s eventlog.Session, wake func()) (eventlog.Reader, error) {
	r, err := l.Log.Follow(ctx, s, wake)
	if err != nil {
		return nil, err
	}
	return logReader{r, l, s.ID}, nil
}

type logReader struct {
	eventlog.Reader
	log     *ReadLog
	session string
}

// Read implements eventlog.Reader.
func (r logReader) Read(ctx context.Context, after uint64, limit int) (eventlog.Batch, error) {
	if err := r.log.BeforeRead(ctx, r.session); err != nil {
		return eventlog.Batch{}, err
	}
	return r.Reader.Read(ctx, after, limit)
}
