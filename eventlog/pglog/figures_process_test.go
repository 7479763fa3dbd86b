package pglog_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog"
	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/internal/pgtest"
)

// processTask says in the environment what another process of the figures does: "WORKERS SCHEMA
// URL". It answers each line on its input, a duration, with the number of its appends in that time.
// Without workers it writes a line for each event of a session: the nanoseconds since 1970 at which
// it read it, and its text.
const processTask = "MIXSTREAM_FIGURES_PROCESS"

// TestFiguresProcess is another process of TestFigures.
func TestFiguresProcess(t *testing.T) {
	task := strings.Fields(os.Getenv(processTask))
	if len(task) == 0 {
		t.Skip("a part of TestFigures")
	}
	f := figures{T: t}
	workers, err := strconv.Atoi(task[0])
	if err != nil {
		t.Fatal(err)
	}
	var l eventlog.Log
	if strings.HasPrefix(task[2], "nats:") {
		l = f.openNATS(natslog.Options{URL: task[2]})
	} else {
		l = mustOpen(t, pgtest.Pool(t, task[2]), pglog.Options{Schema: task[1]})
	}
	in := bufio.NewScanner(os.Stdin)
	if workers == 0 {
		f.printEvents(l, in)
		return
	}
	append64 := load(t, workers, 1, to(t, l, 1))
	fmt.Println("ready")
	for in.Scan() {
		d, err := time.ParseDuration(in.Text())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println(append64(d).rate)
	}
}

// printEvents prints the events of a session as they come, until the input ends.
func (f figures) printEvents(l eventlog.Log, in *bufio.Scanner) {
	r := tester{f.T, l}.follow(own("a"))
	_, at := r.bounds()
	ctx, cancel := context.WithCancel(f.Context())
	var ended sync.WaitGroup
	defer ended.Wait()
	ended.Go(func() {
		defer cancel()
		for in.Scan() { // until the end
		}
	})
	fmt.Println("ready")
	for {
		b, err := r.Read(ctx, at, 1<<20)
		if errors.Is(err, context.Canceled) {
			return
		}
		if err != nil {
			f.Fatal(err)
		}
		now := time.Now().UnixNano()
		at = b.Position
		for _, e := range b.Entries {
			fmt.Println(now, string(e.Data))
		}
		if len(b.Entries) > 0 {
			continue
		}
		select {
		case <-r.woken:
		case <-ctx.Done():
			return
		}
	}
}

// process is another process of the figures, as its parent sees it.
type process struct {
	in  io.WriteCloser
	out *bufio.Scanner
}

// start starts another process, which ends with the test, and waits until it is ready.
func (f figures) start(workers int, schema, url string) *process {
	f.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(f.Context()), os.Args[0], "-test.run=^TestFiguresProcess$", "-test.timeout=1h")
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d %s %s", processTask, workers, schema, url))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		f.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		f.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		f.Fatal(err)
	}
	p := &process{in, bufio.NewScanner(out)}
	f.Cleanup(func() {
		_ = in.Close()
		_, _ = io.Copy(io.Discard, out)
		if err := cmd.Wait(); err != nil {
			f.Error(err)
		}
	})
	if p.line(f) != "ready" {
		f.Fatalf("the other process is not ready: %s", p.out.Text())
	}
	return p
}

// line returns the next line that the process writes.
func (p *process) line(f figures) string {
	f.Helper()
	if !p.out.Scan() {
		f.Fatalf("the other process has ended: %v", p.out.Err())
	}
	return p.out.Text()
}

// appending returns a measurement of processes that append to one log, with 64 publishers in all.
func (f figures) appending(n int) func(time.Duration) sample {
	url := pgtest.SharedSyncing(f).URL("postgres")
	schema := migrated(f, pgtest.Pool(f, url), pglog.Options{}).Schema
	all := make([]*process, n)
	for i := range all {
		all[i] = f.start(64/n, schema, url)
	}
	return func(d time.Duration) (s sample) {
		for _, p := range all {
			fmt.Fprintln(p.in, d)
		}
		for _, p := range all {
			rate, err := strconv.ParseFloat(p.line(f), 64)
			if err != nil {
				f.Fatal(err)
			}
			s.rate += rate
		}
		return s
	}
}

// processes is the throughput of four processes, beside that of one.
func (f figures) processes() {
	f.compare("appends, 64 publishers",
		way{name: "one process", measure: f.appending(1)},
		way{name: "**four processes**", measure: f.appending(4), goal: ratioGoal(0.4)})
}
