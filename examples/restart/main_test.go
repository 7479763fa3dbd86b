package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	var out bytes.Buffer
	if err := run(t.Context(), &out, freeAddr(t)); err != nil {
		t.Fatalf("run: %v\n%s", err, &out)
	}
	text := out.String()
	for n := 1; n <= total; n++ {
		if times := strings.Count(text, fmt.Sprintf(" event %d\n", n)); times != 1 {
			t.Errorf("event %d was printed %d times", n, times)
		}
	}
	for _, want := range []string{"-- the server is gone\n", "-- reconnection 1, ", "-- the server is back\n", "-- all 30 events, once and in order\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q was not printed", want)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

func TestRunFails(t *testing.T) {
	t.Run("address in use", func(t *testing.T) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		var opErr *net.OpError
		if err := run(t.Context(), new(bytes.Buffer), listener.Addr().String()); !errors.As(err, &opErr) {
			t.Errorf("run: %v, want a *net.OpError", err)
		}
	})
	t.Run("context done", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := run(ctx, new(bytes.Buffer), freeAddr(t)); !errors.Is(err, context.Canceled) {
			t.Errorf("run: %v, want %v", err, context.Canceled)
		}
	})
}

// freeAddr returns a loopback address that is free and stays free while the server is stopped:
// its port is below the range from which systems assign ports.
func freeAddr(t *testing.T) string {
	t.Helper()
	for range 100 {
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 10_000+rand.N(20_000)))
		if err == nil {
			listener.Close()
			return listener.Addr().String()
		}
	}
	t.Fatal("no free port")
	return ""
}
