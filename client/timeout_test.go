package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/mix"
)

// timeouts opens a stream over f and reads it to its clean end. It returns the
// causes of its reconnections.
func timeouts(t *testing.T, f *transport, opts ...client.Option) []error {
	t.Helper()
	var causes []error
	s, err := f.open(t, append(opts, client.WithRetryPolicy(noJitter), client.WithHooks(client.Hooks{Retrying: func(r client.Retry) { causes = append(causes, r.Err) }}))...)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if names(s); s.Err() != nil {
		t.Errorf("error: %v", s.Err())
	}
	return causes
}

func TestTimeouts(t *testing.T) {
	const s = time.Second
	last := streams(deleted("9", session), 0, nil)
	pings := []part{{0, connected("1")}}
	for range 100 {
		pings = append(pings, part{119 * s, ": ping\n"})
	}
	connect := client.WithConnectTimeout
	idle := client.WithIdleTimeout
	tests := []struct {
		name  string
		opts  []client.Option
		steps []step
		cause error
		pause time.Duration // to the attempt after
	}{
		{"no header", nil, []step{waits, last}, client.ErrConnectTimeout, 30 * s},
		{"no header later", nil, []step{streams(connected("1"), 0, io.EOF), waits, last}, client.ErrConnectTimeout, 30 * s},
		{"no event", nil, []step{streams("", 0, nil), last}, client.ErrConnectTimeout, 30 * s},
		{"only comments", nil, []step{paced(nil, part{20 * s, ": hi\n"}, part{20 * s, ": hi\n"}), last}, client.ErrConnectTimeout, 30 * s},
		{"own connect timeout", []client.Option{connect(s)}, []step{waits, last}, client.ErrConnectTimeout, s},
		{"no connect timeout", []client.Option{connect(0)}, []step{streams("", 0, nil), last}, client.ErrIdle, 120 * s},
		{"idle", nil, []step{streams(connected("1"), 0, nil), last}, client.ErrIdle, 120 * s},
		{"idle later", nil, []step{paced(nil, part{0, connected("1")}, part{100 * s, ": ping\n"}), last}, client.ErrIdle, 220 * s},
		{"own idle timeout", []client.Option{idle(s)}, []step{streams(connected("1"), 0, nil), last}, client.ErrIdle, s},
		{"no idle timeout", []client.Option{idle(0)}, []step{paced(nil, part{0, connected("1")}, part{100 * time.Hour, deleted("9", session)})}, nil, 0},
		{"comments keep it alive", nil, []step{paced(nil, append(pings, part{s, deleted("9", session)})...)}, nil, 0},
		{"bytes keep it alive", []client.Option{idle(2 * s)}, []step{paced(nil, part{0, connected("1")}, part{s, "eve"}, part{s, "nt: session_deleted\nda"}, part{s, `ta: {"sessionId":"s1"}` + "\n"}, part{s, "\n"})}, nil, 0},
		{"a stream outlives the connect timeout", []client.Option{connect(s)}, []step{paced(nil, part{0, connected("1")}, part{90 * s, deleted("9", session)})}, nil, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := fake(test.steps...)
				causes := timeouts(t, f, test.opts...)
				if test.cause == nil {
					if len(causes) != 0 {
						t.Errorf("reconnected: %v", causes)
					}
					return
				}
				pauses := f.pauses()
				if len(causes) != len(test.steps)-1 || !errors.Is(causes[len(causes)-1], test.cause) {
					t.Fatalf("causes: %v", causes)
				}
				between(t, "pause", pauses[len(pauses)-1], test.pause, test.pause+1)
			})
		})
	}
}

// TestSlowConsumer takes longer for each event than the idle and the connect
// timeout.
func TestSlowConsumer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fake(paced(nil, part{0, connected("1")}, part{0, content("2", "a")}, part{0, deleted("3", session)}))
		s, err := f.open(t)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		for s.Next() {
			time.Sleep(time.Hour)
		}
		if s.Err() != nil || s.LastEventID() != "3" || !slices.Equal(f.ids, []string{""}) {
			t.Errorf("error %v, requests %q", s.Err(), f.ids)
		}
	})
}

func TestDeadlineWhileBlocked(t *testing.T) {
	for name, steps := range map[string][]step{
		"connecting":            {waits},
		"waiting for the event": {streams("", 0, nil)},
		"reading":               {streams(connected("1"), 0, nil)},
		"backing off":           {streams(connected("1"), 0, io.EOF), status(503, "Retry-After", "100")},
		"connecting again":      {streams(connected("1"), 0, io.EOF), waits},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				defer cancel()
				c, err := mix.NewClient("http://fake", client.WithHTTPClient(&http.Client{Transport: fake(steps...)}))
				if err != nil {
					t.Fatal(err)
				}
				s, err := c.StreamEvents(ctx, session, nil)
				if err == nil {
					wantNames(t, s, "connected 1")
					err = s.Err()
				}
				if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, client.ErrClosed) || !strings.HasPrefix(err.Error(), "client: context deadline exceeded") {
					t.Errorf("error: %v", err)
				}
				// The error tells the failure before, and not only the deadline.
				if _, cause, told := strings.Cut(err.Error(), "; before that: "); told != (name == "backing off" || name == "connecting again") || strings.Contains(cause, "deadline") {
					t.Errorf("error: %v", err)
				}
				between(t, "took", time.Since(begun), 20*time.Second, 20*time.Second)
			})
		})
	}
}
