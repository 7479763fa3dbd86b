package servertest

import (
	"context"
	"strconv"
	"testing"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
)

// Content returns a content event.
func Content(s string) *gen.ContentData { return &gen.ContentData{Type: "content", Content: s} }

// Publish publishes a content event and returns its id.
func Publish(t testing.TB, srv *mix.Server, session, text string) (id string) {
	t.Helper()
	id, err := srv.Publish(context.Background(), session, Content(text))
	if err != nil { // without Must: benchmarks count what this allocates
		t.Fatal(err)
	}
	return id
}

// PublishN publishes n events and returns their ids.
func PublishN(t testing.TB, srv *mix.Server, session string, n int) (ids []string) {
	t.Helper()
	for i := range n {
		ids = append(ids, Publish(t, srv, session, strconv.Itoa(i)))
	}
	return ids
}

// Position returns the position that an id names, or 0 for what is no id.
func Position(id string) uint64 {
	n, _ := strconv.ParseUint(id, 10, 64)
	return n
}

// Number returns the position that an id names. It fails the test for what is no id.
func Number(t testing.TB, id string) uint64 {
	t.Helper()
	return Must(strconv.ParseUint(id, 10, 64))(t)
}

// Before returns the position before the event with this id.
func Before(t testing.TB, id string) string {
	return strconv.FormatUint(Number(t, id)-1, 10)
}

// CreateSession creates a session and returns the id of its first event.
func CreateSession(t testing.TB, srv *mix.Server, session string) (id string) {
	t.Helper()
	return Must(srv.CreateSession(t.Context(), session, "Title of "+session))(t)
}

// DeleteSession deletes a session and returns the id of its last event.
func DeleteSession(t testing.TB, srv *mix.Server, session string) (id string) {
	t.Helper()
	return Must(srv.DeleteSession(t.Context(), session))(t)
}
