//go:build !linux

package server

import "time"

func userTimeout(uintptr, time.Duration) {}
