package pgstorm_test

import (
	"time"
)

// brief is a storm that is over before the longest of the harms would be.
const brief = 5000

// harms are what happens in a storm, and how often. The first is left out of a brief one.
var harms = []struct {
	name   string
	weight int
	do     func(s *storm)
}{
	{"stop the database for longer than an append waits", 1, func(s *storm) {
		s.database.Stop(s)
		s.rest(4 * time.Second)
		s.database.Up(s)
	}},
	{"kill a process", 8, func(s *storm) {
		i := s.random.IntN(processes)
		s.process[i].kill()
		s.rest(300 * time.Millisecond)
		s.start(i)
	}},
	{"kill all processes", 1, func(s *storm) {
		s.stop()
		for i := range s.process {
			s.start(i)
		}
	}},
	{"close a log", 2, func(s *storm) {
		i := s.random.IntN(processes)
		if err := s.process[i].close(); err != nil {
			s.Errorf("a process that closes its log: %v", err)
		}
		s.start(i)
	}},
	{"crash the database", 2, func(s *storm) {
		s.database.Kill(s)
		s.rest(300 * time.Millisecond)
		s.database.Up(s)
	}},
	{"kill the postmaster", 2, func(s *storm) {
		s.database.KillPostmaster(s)
		s.database.Up(s)
	}},
	{"kill a backend", 2, func(s *storm) {
		var pid int
		if s.pool.QueryRow(s.Context(), "select pid from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid() order by random() limit 1").Scan(&pid) == nil {
			s.database.KillBackend(s, pid)
		}
	}},
	{"end connections", 3, func(s *storm) {
		// The database may be about to restart.
		_, _ = s.pool.Exec(s.Context(), "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend' and random() < 0.4")
	}},
	{"cut connections", 8, func(s *storm) { s.proxies[s.random.IntN(processes)].cut(0.5, s.random) }},
	{"lose answers", 10, func(s *storm) { s.proxies[s.random.IntN(processes)].loseAnswers(1 + s.random.IntN(30)) }},
	{"stall a network", 2, func(s *storm) {
		s.proxies[s.random.IntN(processes)].stall(time.Duration(s.random.IntN(1500)) * time.Millisecond)
	}},
}

// strikeUntil does harm until so many entries are acknowledged, and every process is up.
func (s *storm) strikeUntil(events int) {
	weights, harms := 0, harms
	if events < brief {
		harms = harms[1:]
	}
	for _, h := range harms {
		weights += h.weight
	}
	// A large storm is one of many events between two blows, not only of many blows.
	pause := min(max(time.Duration(events)*time.Millisecond/50, 200*time.Millisecond), 1500*time.Millisecond)
	for first := true; first || s.told() < events; first = false {
		s.rest(pause)
		n := s.random.IntN(weights)
		for _, h := range harms {
			if n -= h.weight; n < 0 {
				s.harm[h.name]++
				h.do(s)
				break
			}
		}
		if s.Failed() {
			return
		}
	}
	s.until("all processes are up", func() bool { return s.book.up == [processes]bool{true, true, true} })
}

// told returns how many entries are acknowledged.
func (s *storm) told() int {
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	for _, text := range s.book.wrong {
		s.Error(text)
	}
	return s.book.total
}

// rest lets the others go on for some time, of at most d.
func (s *storm) rest(d time.Duration) { time.Sleep(time.Duration(s.random.Int64N(int64(d)))) }
