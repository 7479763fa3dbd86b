package main

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestRun(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	var out bytes.Buffer
	if err := run(t.Context(), &out); err != nil {
		t.Fatalf("run: %v\n%s", err, &out)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 1+sessions+1 {
		t.Fatalf("%d lines were printed, want a heading, %d sessions and a summary:\n%s", len(lines), sessions, &out)
	}
	for _, line := range lines[1 : len(lines)-1] {
		if fields := strings.Fields(line); len(fields) != 3 || fields[1] != "400" || fields[2] != "400" {
			t.Errorf("line %q, want 400 events acknowledged and received", line)
		}
	}
	const summary = "6400 events of 16 sessions, each received once and in the order of acknowledgement, in "
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, summary) {
		t.Errorf("last line %q, want %q", last, summary)
	}
}

func TestRunEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := run(ctx, new(bytes.Buffer)); !errors.Is(err, context.Canceled) {
		t.Errorf("run: %v, want %v", err, context.Canceled)
	}
}

func TestSummaryFails(t *testing.T) {
	full := func() *session {
		s := new(session)
		for p := range s.acknowledged {
			for n := range events {
				e := event{id: strings.Repeat("1", 1+p*events+n)}
				s.acknowledged[p] = append(s.acknowledged[p], e)
				s.received = append(s.received, e)
			}
		}
		return s
	}
	if err := summarize(new(bytes.Buffer), []*session{full()}, time.Second); err != nil {
		t.Errorf("all is well: %v", err)
	}
	for _, tt := range []struct {
		name  string
		spoil func(*session)
		want  string
	}{
		{"lost", func(s *session) { s.received = s.received[1:] }, "the received events differ from the acknowledged ones"},
		{"twice", func(s *session) { s.received = append(s.received, s.received[0]) }, "the received events differ from the acknowledged ones"},
		{"out of order", func(s *session) { s.received[0], s.received[1] = s.received[1], s.received[0] }, "the received events differ from the acknowledged ones"},
		{"not published", func(s *session) { s.acknowledged[0] = nil }, "300 events were acknowledged, want 400"},
		{"ids out of order", func(s *session) {
			own := s.acknowledged[0]
			own[0], own[1] = own[1], own[0]
		}, "the ids of publisher 1 are not in its order"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := full()
			tt.spoil(s)
			err := summarize(new(bytes.Buffer), []*session{s}, time.Second)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("summarize: %v, want %q", err, tt.want)
			}
		})
	}
}

func TestByID(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{{"9", "10", -1}, {"10", "9", 1}, {"11", "12", -1}, {"12", "12", 0}} {
		if got := byID(event{id: tt.a}, event{id: tt.b}); got != tt.want {
			t.Errorf("%s and %s: %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}
