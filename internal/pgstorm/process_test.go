package pgstorm_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"strings"
	"sync"
)

// process is one life of a replica.
type process struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	ended chan struct{} // closed when it has ended, and all is noted that it has told
	err   error         // how it ended

	mu       sync.Mutex
	expected bool // to end
}

// start starts a replica, which continues where its last life has ended.
func (s *storm) start(i int) {
	s.Helper()
	s.lives++
	job := job{
		URL: s.proxies[i].url(), Schema: s.schema, Retention: s.retention, Seed: s.seed, Life: s.lives, Publishes: i < 2, Lazy: !s.all(),
		Positions: s.book.resume(i, s.random.IntN),
	}
	s.book.mu.Lock()
	s.book.up[i] = false
	job.Turns = maps.Clone(s.book.turns[i])
	s.book.mu.Unlock()
	text, err := json.Marshal(job)
	if err != nil {
		s.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		s.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), replicaEnv+"="+string(text), "GORACE=halt_on_error=1")
	var trouble strings.Builder
	cmd.Stderr = &trouble
	p := &process{cmd: cmd, ended: make(chan struct{})}
	if p.in, err = cmd.StdinPipe(); err != nil {
		s.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		s.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.Fatal(err)
	}
	s.process[i] = p
	go func() {
		defer close(p.ended)
		for lines := bufio.NewReader(out); ; {
			line, err := lines.ReadString('\n')
			if err != nil {
				break // what it was killed in the middle of does not count
			}
			s.book.line(i, strings.TrimSuffix(line, "\n"))
		}
		p.err = cmd.Wait()
		p.mu.Lock()
		defer p.mu.Unlock()
		if !p.expected {
			s.book.line(i, fmt.Sprintf("wrong a process ended: %v: %s", p.err, strings.ReplaceAll(trouble.String(), "\n", " | ")))
		}
	}()
}

// say writes a line to the process.
func (p *process) say(line string) { _, _ = io.WriteString(p.in, line+"\n") } // it may have ended

// kill kills the process, and waits until all is noted that it has told.
func (p *process) kill() {
	p.expect()
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.ended
}

func (p *process) expect() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.expected = true
}

// close makes the process close its log and end.
func (p *process) close() error {
	p.expect()
	p.say("close")
	<-p.ended
	return p.err
}

// stop ends all processes.
func (s *storm) stop() {
	for _, p := range s.process {
		if p != nil {
			p.kill()
		}
	}
}
