package client_test

import (
	"errors"
	"testing"

	"github.com/mixstream/mixstream/client"
)

func TestAll(t *testing.T) {
	s := serve(t, send(connected("1")+content("2", "a")+content("3", "b")+content("4", "c")), answer(410, "", "")).stream("")
	var got string
	for e, err := range s.All() {
		if err != nil {
			t.Fatal(err)
		}
		if got += e.ID; e.ID == "2" {
			break
		}
	}
	if next(t, s).ID != "3" {
		t.Error("Next does not go on after a break")
	}
	failures := 0
	for e, err := range s.All() {
		if err == nil {
			got += e.ID
			continue
		}
		failures++
		var api *client.APIError
		if !errors.As(err, &api) || e.Data != nil || e.ID != "" {
			t.Errorf("at the end: %+v, %v", e, err)
		}
	}
	if got != "124" || failures != 1 {
		t.Errorf("events %s, %d errors", got, failures)
	}
	for e, err := range s.All() {
		t.Errorf("after the end: %+v, %v", e, err)
	}
	if s.Next() || s.Err() == nil {
		t.Errorf("Err forgets: %v", s.Err())
	}
}

func TestAllFinished(t *testing.T) {
	s := serve(t, hold(connected("1")+deleted("2", session))).stream("")
	n := 0
	for _, err := range s.All() {
		if n++; err != nil {
			t.Error(err)
		}
	}
	if n != 2 {
		t.Errorf("%d events", n)
	}
}

func TestAllAfterNext(t *testing.T) {
	s := serve(t, hold(connected("1"))).stream("")
	next(t, s)
	s.Close()
	if s.Next() {
		t.Error("an event after Close")
	}
	n := 0
	for _, err := range s.All() {
		if n++; !errors.Is(err, client.ErrClosed) {
			t.Error(err)
		}
	}
	if n != 1 {
		t.Errorf("the error was yielded %d times", n)
	}
}
