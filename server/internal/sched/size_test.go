package sched

import (
	"testing"
	"unsafe"
)

// An idle task holds itself and nothing else.
func TestSizeOfTask(t *testing.T) {
	if unsafe.Sizeof(uintptr(0)) != 8 {
		t.Skip("the figures are for 64 bits")
	}
	if size := unsafe.Sizeof(Task{}); size > 80 {
		t.Errorf("a task has %d bytes", size)
	}
}
