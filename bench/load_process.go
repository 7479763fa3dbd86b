package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// patience is the limit for one step of a load. After it, an event was lost or a process is
// stuck.
const patience = 30 * time.Second

// loadProcess is this program again, as a server or a client.
type loadProcess struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	enc *json.Encoder
	dec *json.Decoder
}

func startLoad(ctx context.Context, args ...string) (*loadProcess, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &loadProcess{cmd: exec.CommandContext(ctx, program, args...)} //nolint:gosec // the program is this one
	p.cmd.Stderr = os.Stderr
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.enc, p.dec = json.NewEncoder(p.in), json.NewDecoder(out)
	return p, p.cmd.Start()
}

// ask sends one request and waits for its answer. It kills a process that does not answer.
func (p *loadProcess) ask(request, answer any) error {
	timer := time.AfterFunc(2*patience, func() { p.cmd.Process.Kill() }) //nolint:errcheck // in that case the answer fails as well
	defer timer.Stop()
	if err := p.enc.Encode(request); err != nil {
		return fmt.Errorf("child: %w", err)
	}
	if err := p.dec.Decode(answer); err != nil {
		return fmt.Errorf("child, after %+v: %w", request, err)
	}
	return nil
}

// stop ends the process and waits for it.
func (p *loadProcess) stop() {
	p.in.Close()
	timer := time.AfterFunc(patience, func() { p.cmd.Process.Kill() }) //nolint:errcheck // the process ended
	defer timer.Stop()
	p.cmd.Wait() //nolint:errcheck // all answers have arrived
}

// loadPair is a server and its client.
type loadPair struct {
	subject *loadSubject
	setup   loadSetup
	server  *loadProcess
	client  *loadProcess
	address string
}

func startPair(ctx context.Context, s *loadSubject, setup loadSetup) (*loadPair, error) {
	p := &loadPair{subject: s, setup: setup}
	var err error
	if p.server, err = startLoad(ctx, "-serve", s.key); err != nil {
		return nil, err
	}
	if p.client, err = startLoad(ctx, "-read"); err != nil {
		p.server.stop()
		return nil, err
	}
	u, err := p.order(order{Do: doOpen, Setup: setup})
	if err != nil {
		p.stop()
		return nil, err
	}
	p.address = u.Address
	return p, nil
}

func (p *loadPair) stop() {
	p.client.stop()
	p.server.stop()
}

func (p *loadPair) order(o order) (usage, error) {
	var u usage
	if err := p.server.ask(o, &u); err != nil {
		return u, err
	}
	if u.Err != "" {
		return u, errors.New(u.Err)
	}
	return u, nil
}

func (p *loadPair) task(t task) (account, error) {
	var a account
	if err := p.client.ask(t, &a); err != nil {
		return a, err
	}
	if a.Err != "" {
		return a, errors.New(a.Err)
	}
	return a, nil
}

// connect connects readers and waits until each has received an event: only then is it
// certain, with any server, that the reader gets the next events.
func (p *loadPair) connect(readers int, keep bool) error {
	if _, err := p.task(task{Do: doConnect, Address: p.address, Sessions: p.setup.Sessions, Readers: readers, Keep: keep}); err != nil {
		return err
	}
	for began := time.Now(); time.Since(began) < patience; {
		if _, err := p.order(order{Do: doHello}); err != nil {
			return err
		}
		a, err := p.task(task{Do: doGreet, Within: 500 * time.Millisecond})
		if err != nil {
			return err
		}
		if a.Greeted == readers {
			return nil
		}
	}
	return errors.New("not every reader gets an event")
}

// load describes what one sample does to a server: it publishes bursts of events to each
// session, each burst after the previous one arrived.
type load struct {
	bursts, events int
	every          time.Duration // between two events of a burst
	pin            bool
}

// sample publishes, and waits until every reader has everything.
func (p *loadPair) sample(l load, readers int) (loadSample, error) {
	before, err := p.order(order{Do: doUsage})
	if err != nil {
		return loadSample{}, err
	}
	var s loadSample
	began := time.Now()
	for range l.bursts {
		if _, err := p.task(task{Do: doExpect, Events: l.events}); err != nil {
			return s, err
		}
		u, err := p.order(order{Do: doPublish, Events: l.events, Every: l.every, Pin: l.pin && !p.subject.peer})
		if err != nil {
			return s, err
		}
		s.Publish += u.Publish
		if _, err := p.task(task{Do: doAwait, Within: patience}); err != nil {
			return s, err
		}
	}
	s.Elapsed = time.Since(began)
	after, err := p.order(order{Do: doUsage})
	if err != nil {
		return s, err
	}
	s.CPU = after.CPU - before.CPU
	s.Published = l.bursts * l.events * p.setup.Sessions
	s.Deliveries = l.bursts * l.events * readers
	return s, nil
}

// replay connects readers that request everything, and waits until they have it.
func (p *loadPair) replay(repeat, readers, events int) (loadSample, error) {
	before, err := p.order(order{Do: doUsage})
	if err != nil {
		return loadSample{}, err
	}
	var s loadSample
	for range repeat {
		began := time.Now()
		if _, err := p.task(task{Do: doConnect, Address: p.address, Sessions: 1, Readers: readers, From: "0", Events: events}); err != nil {
			return s, err
		}
		if _, err := p.task(task{Do: doAwait, Within: patience}); err != nil {
			return s, err
		}
		s.Elapsed += time.Since(began)
		if _, err := p.task(task{Do: doLeave}); err != nil {
			return s, err
		}
	}
	after, err := p.order(order{Do: doUsage})
	if err != nil {
		return s, err
	}
	s.CPU = after.CPU - before.CPU
	s.Deliveries = repeat * readers * events
	return s, nil
}

// loadSample is the cost of one load.
type loadSample struct {
	Elapsed    time.Duration
	CPU        time.Duration // of the server
	Publish    time.Duration
	Published  int
	Deliveries int
}

func (s loadSample) wall() float64    { return float64(s.Elapsed) / float64(s.Deliveries) }
func (s loadSample) cpu() float64     { return float64(s.CPU) / float64(s.Deliveries) }
func (s loadSample) publish() float64 { return float64(s.Publish) / float64(s.Published) }
