package natslog_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog"
)

// A log in a folder is there again when it is opened again.
func ExampleOpen() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "log")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // it is temporary

	session := eventlog.Session{ID: "s1"}
	for range 2 {
		events, err := natslog.Open(ctx, natslog.Options{Dir: dir})
		if err != nil {
			log.Fatal(err)
		}
		err = events.Append(ctx, session, nil, []eventlog.Entry{{Name: "content", Data: []byte(`{"content":"42"}`)}})
		if err != nil {
			log.Fatal(err)
		}
		reader, err := events.Follow(ctx, session, func() {})
		if err != nil {
			log.Fatal(err)
		}
		floor, _, err := reader.Bounds(ctx)
		if err != nil {
			log.Fatal(err)
		}
		batch, err := reader.Read(ctx, floor, 64<<10)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(len(batch.Entries), "entries")
		reader.Close()
		if err := events.Close(); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// 1 entries
	// 2 entries
}
