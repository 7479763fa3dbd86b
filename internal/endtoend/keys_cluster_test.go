package endtoend_test

import (
	"context"
	"errors"
	"os"
	"strconv"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog"
)

// On three nats-servers, keys outlive their leader, and those whose records are lost add
// nothing as long as the message id is known.
func TestKeysInCluster(t *testing.T) {
	if os.Getenv("MIXSTREAM_SLOW") == "" {
		t.Skip("starts three processes; MIXSTREAM_SLOW=1 runs it")
	}
	nodes := startCluster(t)
	log, err := natslog.Open(t.Context(), natslog.Options{URL: nodes.urls(), Replicas: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	add := func(key string, n int) (uint64, error) {
		entries := make([]eventlog.Entry, n)
		for i := range entries {
			entries[i] = eventlog.Entry{Name: "content", Data: []byte(strconv.Itoa(i))}
		}
		err := log.Append(t.Context(), eventlog.Session{ID: "s"}, &eventlog.Key{Name: key, Close: true}, entries)
		return entries[0].ID, err
	}
	first := make(map[string]uint64)
	counts := map[string]int{"alone": 1, "batch": 3}
	appendAll := func(prefix string) {
		for form, n := range counts {
			if first[prefix+form], err = add(prefix+form, n); err != nil {
				t.Fatal(err)
			}
		}
	}
	check := func(when, prefix string, lost bool) {
		t.Helper()
		for form, n := range counts {
			id, err := add(prefix+form, n)
			switch {
			case lost && form == "batch":
				if !errors.Is(err, eventlog.ErrKeyForgotten) {
					t.Errorf("%s, %s: id %d, error %v", when, form, id, err)
				}
			case err != nil || id != first[prefix+form]:
				t.Errorf("%s, %s: id %d, and before %d, error %v", when, form, id, first[prefix+form], err)
			}
			if _, err := add(prefix+form, n+1); !errors.Is(err, eventlog.ErrKeyReused) && !(lost && errors.Is(err, eventlog.ErrKeyForgotten)) {
				t.Errorf("%s, %s and more: error %v", when, form, err)
			}
		}
	}
	lose := func() {
		nodes.with(t, func(ctx context.Context, js jetstream.JetStream) bool {
			s, err := js.Stream(ctx, "MIXSTREAM")
			return err == nil && s.Purge(ctx, jetstream.WithPurgeSubject("mixstream.k.>")) == nil
		})
	}
	appendAll("kept ")
	check("at first", "kept ", false)
	appendAll("lost ")
	if _, err := add("lost alone", 1); err != nil { // so that its record is there
		t.Fatal(err)
	}
	lose()
	check("without records", "lost ", true)
	lose()
	appendAll("later ")
	leader := nodes.leaderFirst(t)[0]
	leader.kill()
	check("without records, and with another leader", "lost ", true)
	check("with another leader", "later ", false)
	leader.start(t)
	nodes.settle(t)
	check("with all again", "later ", false)
}
