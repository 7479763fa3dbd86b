package embedded

import (
	"fmt"
	"log/slog"
)

// serverLogger passes the messages of nats-server to a slog.Logger.
type serverLogger struct{ to *slog.Logger }

func (l serverLogger) Noticef(format string, v ...any) { l.to.Debug(serverMessage(format, v)) }
func (l serverLogger) Warnf(format string, v ...any)   { l.to.Warn(serverMessage(format, v)) }
func (l serverLogger) Errorf(format string, v ...any)  { l.to.Error(serverMessage(format, v)) }
func (l serverLogger) Fatalf(format string, v ...any)  { l.to.Error(serverMessage(format, v)) }
func (l serverLogger) Debugf(string, ...any)           {}
func (l serverLogger) Tracef(string, ...any)           {}

func serverMessage(format string, v []any) string {
	return "natslog: embedded server: " + fmt.Sprintf(format, v...)
}
