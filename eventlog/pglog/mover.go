package pglog

import "time"

// mover moves the outbox into the log soon after transactions that publish have ended. When that
// is it cannot know, so it tries often for a while. What it misses is found with the next append
// of any process, or within Options.PollInterval.
type mover struct {
	*store
	committer *committer
	work      chan struct{}
}

func newMover(s *store, c *committer) *mover {
	return &mover{store: s, committer: c, work: make(chan struct{}, 1)}
}

// nudge tells the mover that the outbox may have something now or soon.
func (m *mover) nudge() { signal(m.work) }

// The mover tries after pauses that grow from the first to the last of these.
const (
	moveFirst = time.Millisecond
	moveLast  = time.Second
)

func (m *mover) run() {
	for {
		select {
		case <-m.work:
		case <-m.life.ctx.Done():
			return
		}
		for pause := moveFirst; pause < moveLast; {
			m.committer.move()
			if !sleep(m.life.ctx, pause) {
				return
			}
			pause *= 2
			select {
			case <-m.work:
				pause = moveFirst
			default:
			}
		}
	}
}
