package endtoend_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog/natslog"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

// These variables of the environment tell the process that is killed what to do.
const (
	killedDir     = "MIXSTREAM_TEST_KILLED_DIR"
	killedAddress = "MIXSTREAM_TEST_KILLED_ADDRESS"
	killedRound   = "MIXSTREAM_TEST_KILLED_ROUND" // empty: it does not publish
)

const killedSessions, killedPublishers = 3, 4

// The process of an embedded log is killed while it publishes and streams, again and
// again. Everything that it had acknowledged is there. Readers go on where they were, and
// get every event once and in order. An event that was not acknowledged is there once or
// not at all.
func TestKilledServer(t *testing.T) {
	rounds := servertest.AtScale(2, 20)
	readers := newAudience(t, killedSessions)
	defer readers.leave()
	k := &killed{t: t, dir: t.TempDir(), book: readers.book}
	for round := range rounds {
		k.start(fmt.Sprint(round))
		if round == 0 {
			for _, session := range readers.sessions {
				readers.readAt(k.address, session)
				readers.readAt(k.address, session)
			}
		}
		before := k.book.count()
		servertest.Until(t, "events are acknowledged", func() bool { return k.book.count() > before+10 })
		time.Sleep(rand.N(400 * time.Millisecond)) // any moment will do
		k.kill()
	}
	k.start("")
	defer k.kill()
	for _, session := range readers.sessions {
		readers.readAt(k.address, session) // a new reader, which gets everything from the store
	}
	readers.check()
	t.Logf("%d rounds, %d events acknowledged", rounds, k.book.count())
}

// killed is the process that is killed.
type killed struct {
	t       *testing.T
	dir     string
	address string
	book    *book
	cmd     *exec.Cmd
	reading sync.WaitGroup
}

// start starts the process, and records what it tries to publish and what its log
// acknowledges.
func (k *killed) start(round string) {
	k.t.Helper()
	if k.address == "" {
		k.address = "127.0.0.1:0"
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilledProcess$", "-test.timeout=2m")
	cmd.Env = append(os.Environ(), killedDir+"="+k.dir, killedAddress+"="+k.address, killedRound+"="+round)
	cmd.Stderr = os.Stderr
	out := servertest.Must(cmd.StdoutPipe())(k.t)
	servertest.OK(k.t, cmd.Start())
	k.cmd = cmd
	listening := make(chan string, 1)
	k.reading.Go(func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			switch f := strings.Fields(lines.Text()); {
			case len(f) == 2 && f[0] == "listening":
				listening <- f[1]
			case len(f) == 3 && f[0] == "try":
				k.book.maybe(f[1], f[2])
			case len(f) == 4 && f[0] == "ack":
				k.book.add(f[1], f[2], f[3])
			}
		}
		_, _ = io.Copy(io.Discard, out)
	})
	select {
	case k.address = <-listening:
	case <-time.After(servertest.Patience):
		k.t.Fatal("the process does not listen")
	}
}

// kill kills the process with SIGKILL.
func (k *killed) kill() {
	k.t.Helper()
	if err := k.cmd.Process.Kill(); err != nil {
		k.t.Error(err)
	}
	k.reading.Wait()
	_ = k.cmd.Wait() // killed, so that it fails
}

// TestKilledProcess is the process that is killed.
func TestKilledProcess(t *testing.T) {
	dir := os.Getenv(killedDir)
	if dir == "" {
		t.Skip("TestKilledServer runs it")
	}
	log := servertest.Must(natslog.Open(t.Context(), natslog.Options{Dir: dir}))(t)
	srv := newServer(t, server.WithLog(log), server.WithTiming(server.Timing{Retry: 50 * time.Millisecond}),
		server.WithPublishAuthorizer(func(*http.Request, string) error { return nil }),
		servertest.AnySession())
	var listener net.Listener
	servertest.Until(t, "the address is free", func() bool {
		var err error
		listener, err = net.Listen("tcp", os.Getenv(killedAddress))
		return err == nil
	})
	fmt.Println("listening", listener.Addr())
	if round := os.Getenv(killedRound); round != "" {
		for p := range killedPublishers {
			session := fmt.Sprint("session-", p%killedSessions)
			go func() {
				for i := 0; ; i++ {
					text := fmt.Sprintf("%s.%d.%d", round, p, i)
					fmt.Println("try", session, text)
					id, err := srv.Publish(context.Background(), session, servertest.Content(text))
					if err != nil {
						fmt.Fprintln(os.Stderr, err)
						return
					}
					fmt.Println("ack", session, text, id)
				}
			}()
		}
	}
	hs := &http.Server{Handler: srv, ReadHeaderTimeout: servertest.Patience}
	if err := hs.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
}
