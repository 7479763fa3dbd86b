package endtoend_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog"
	"github.com/mixstream/mixstream/internal/servertest"
)

// On three nats-servers, keys outlive their leader. Keys whose records are lost add
// nothing as long as NATS knows the message ID.
func TestKeysInCluster(t *testing.T) {
	servertest.Slow(t)
	nodes := startCluster(t)
	log := servertest.Must(natslog.Open(t.Context(), natslog.Options{URL: nodes.urls(), Replicas: 3}))(t)
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
			first[prefix+form] = servertest.Must(add(prefix+form, n))(t)
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
	if _, err := add("lost alone", 1); err != nil { // makes sure that its record is there
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

// Several servers append under one key at a time, as when a client waits for one in vain
// and tries the next one. The entry is in the log once, and each server gets its id.
func TestOneKeyOfManyServers(t *testing.T) {
	servertest.Slow(t)
	nodes := startCluster(t)
	var logs []*natslog.Log
	for _, url := range strings.Split(nodes.urls(), ",") {
		log := servertest.Must(natslog.Open(t.Context(), natslog.Options{URL: url, Replicas: len(nodes)}))(t)
		t.Cleanup(func() { log.Close() })
		logs = append(logs, log)
	}
	s := eventlog.Session{ID: "a"}
	add := func(log *natslog.Log, i int) (id uint64, err error) {
		e := []eventlog.Entry{{Name: "content", Data: []byte("{}")}}
		key := &eventlog.Key{Name: fmt.Sprint("k", i), Close: i%2 == 0} // such a key is stored in another way
		err = log.Append(t.Context(), s, key, e)
		return e[0].ID, err
	}
	for i := range 100 {
		ids := make([]uint64, len(logs))
		var wg sync.WaitGroup
		for j, log := range logs {
			wg.Go(func() {
				var err error
				if ids[j], err = add(log, i); err != nil {
					t.Errorf("key %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		if ids[0] != ids[1] || ids[0] != ids[2] {
			t.Fatalf("key %d: ids %d", i, ids)
		}
	}
}
