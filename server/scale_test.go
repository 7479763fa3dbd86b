package server_test

import (
	"os"
	"runtime"
	"testing"
	"time"
)

// atScale returns how large a test is: small by default, and large where the slow
// tests are asked for.
func atScale(small, large int) int {
	if os.Getenv("MIXSTREAM_SLOW") == "" {
		return small
	}
	return large
}

// until waits for a condition that nothing announces.
func until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	untilWithin(t, patience, what, holds)
}

func untilWithin(t testing.TB, limit time.Duration, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(limit); !holds(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", limit, what)
		}
	}
}

// inUse returns the bytes of the heap and the stacks.
func inUse() int64 {
	for range 2 { // the second frees what pools kept through the first
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}
