package client_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Ids do not change later, for any number and length of them.
func TestIDsMayBeKept(t *testing.T) {
	var want, got []string
	text := connected("0")
	for i := range 300 {
		id := strconv.Itoa(i)
		if i%50 == 49 {
			id = strings.Repeat("x", 20*i) + id
		}
		want = append(want, id)
		text += content(id, "a")
	}
	s := serve(t, send(text), over).stream("")
	next(t, s)
	for range want {
		got = append(got, next(t, s).ID)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
