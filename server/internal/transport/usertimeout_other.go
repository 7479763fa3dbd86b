//go:build !linux

package transport

import "time"

func userTimeout(uintptr, time.Duration) {}
