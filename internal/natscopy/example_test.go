package natscopy_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog"
	"github.com/mixstream/mixstream/internal/natscopy"
)

// A backup is restored into a new log, whose ids are later than all of the old one.
func ExampleCopy() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "log")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // it is temporary

	backup, err := natslog.Open(ctx, natslog.Options{Dir: filepath.Join(dir, "backup")})
	if err != nil {
		log.Fatal(err)
	}
	defer backup.Close()
	err = backup.Append(ctx, eventlog.Session{ID: "s1"}, nil, []eventlog.Entry{{Name: "content", Data: []byte(`{"content":"42"}`)}})
	if err != nil {
		log.Fatal(err)
	}

	restored, err := natslog.Open(ctx, natslog.Options{Dir: filepath.Join(dir, "restored")})
	if err != nil {
		log.Fatal(err)
	}
	defer restored.Close()
	entries, err := natscopy.Copy(ctx, restored, backup)
	fmt.Println(entries, err)
	// Output: 1 <nil>
}
