package natslog

import (
	"context"
)

// lookup returns the record of a session, after finishing what was left half done.
func (s *sessions) lookup(ctx context.Context, id string) (r *record, err error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	r, err = s.loadRecord(ctx, id)
	if err != nil {
		return nil, publicError(ctx, err)
	}
	if !r.unfinished() {
		return r, nil
	}
	err = s.change(ctx, id, func(ctx context.Context, w *writer) (err error) {
		r, err = s.finish(ctx, w, id)
		return err
	})
	return r, err
}
