package natslog

import (
	"context"
)

// Open opens a log, embedded or connected as the options say, and makes its streams if
// they are missing. The context limits the opening only. The caller must close the log.
func Open(ctx context.Context, o Options) (*Log, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	return openLog(ctx, o, copyStore)
}
