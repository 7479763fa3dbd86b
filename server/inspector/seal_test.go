package inspector

import (
	"testing"
	"time"
)

// What was sealed is good until its time, which no socket test can wait for.
func TestSealEnds(t *testing.T) {
	s, err := newSeal()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	sealed := s.close("Bearer x", now.Add(accessFor))
	if got, err := s.open(sealed, now.Add(accessFor-2*time.Second)); err != nil || got != "Bearer x" {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err := s.open(sealed, now.Add(accessFor+time.Second)); err == nil {
		t.Errorf("got %q", got)
	}
}
