package servertest

import (
	"flag"
	"os"
	"runtime"
	"testing"
	"time"
)

// Receive returns the next value of a channel.
func Receive[T any](t testing.TB, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(Patience):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

// Until waits for a condition that no channel announces.
func Until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	UntilWithin(t, Patience, what, holds)
}

// UntilWithin is until with a limit of its own.
func UntilWithin(t testing.TB, limit time.Duration, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(limit); !holds(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", limit, what)
		}
	}
}

// AtScale returns the size of a test: small by default, large with MIXSTREAM_SLOW=1.
func AtScale(small, large int) int {
	if isSlow() {
		return large
	}
	return small
}

// Slow skips a test unless MIXSTREAM_SLOW=1 asks for it.
func Slow(t testing.TB) {
	t.Helper()
	if !isSlow() {
		t.Skip("slow: run with MIXSTREAM_SLOW=1")
	}
}

// isSlow reports whether MIXSTREAM_SLOW=1 asks for the slow tests and for the full size of
// the others.
func isSlow() bool { return os.Getenv("MIXSTREAM_SLOW") != "" }

// MemoryInUse returns the bytes of the live heap and of the stacks.
func MemoryInUse() int64 {
	m := collected()
	return int64(m.HeapAlloc + m.StackInuse)
}

// HeapInUse returns the bytes of the live heap. Unlike stacks, whose first size depends on what
// goroutines before needed, it returns to a level from before.
func HeapInUse() int64 { return int64(collected().HeapAlloc) }

// collected returns the memory statistics after a garbage collection.
func collected() (m runtime.MemStats) {
	for range 2 { // the second frees what pools kept
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return m
}

var seedFlag = flag.Uint64("seed", 0, "the seed of the randomised tests; 0 takes one from the clock")

// Seed returns the seed of a randomised test and logs it, so that a failure can be repeated.
func Seed(t testing.TB) uint64 {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("repeat with -seed %d", seed)
	return seed
}
