package transport

import (
	"testing"
	"unsafe"
)

// An idle detached stream holds its Socket, and an attached one its Response.
func TestSizes(t *testing.T) {
	if unsafe.Sizeof(uintptr(0)) != 8 {
		t.Skip("the figures are for 64 bits")
	}
	if size := unsafe.Sizeof(Socket{}); size > 64 {
		t.Errorf("a Socket has %d bytes", size)
	}
	if size := unsafe.Sizeof(Response{}); size > 96 {
		t.Errorf("a Response has %d bytes", size)
	}
}
