package eventlog_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/mixstream/mixstream/eventlog"
)

// A reader starts at the end of the log, is woken by what comes, and keeps its
// place as a position.
func ExampleMemory() {
	ctx := context.Background()
	events := eventlog.NewMemory(eventlog.Retention{Entries: 1000, Age: 10 * time.Minute})
	session := eventlog.Session{ID: "s1", Scope: "tenant"}

	woken := make(chan struct{}, 1)
	reader, err := events.Follow(ctx, session, func() {
		select {
		case woken <- struct{}{}:
		default:
		}
	})
	if err != nil {
		log.Fatal(err)
	}
	defer reader.Close()
	_, position, err := reader.Bounds(ctx)
	if err != nil {
		log.Fatal(err)
	}

	err = events.Append(ctx, session, nil, []eventlog.Entry{
		{Name: "thinking", Data: []byte(`{"content":"..."}`)},
		{Name: "content", Data: []byte(`{"content":"42"}`)},
	})
	if err != nil {
		log.Fatal(err)
	}

	<-woken
	batch, err := reader.Read(ctx, position, 64<<10)
	if err != nil {
		log.Fatal(err)
	}
	for _, e := range batch.Entries {
		fmt.Printf("%s %s\n", e.Name, e.Data)
	}
	batch, err = reader.Read(ctx, batch.Position, 64<<10)
	fmt.Println(len(batch.Entries), "more, error", err)

	// A position of another process, or of another log, is not passed over in silence.
	_, err = reader.Read(ctx, 1, 64<<10)
	fmt.Println(err)
	// Output:
	// thinking {"content":"..."}
	// content {"content":"42"}
	// 0 more, error <nil>
	// eventlog: entries after this position may be missing
}
