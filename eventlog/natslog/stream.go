package natslog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/mixstream/mixstream/eventlog"
)

// entryStream is the stream of the entries as Open makes it.
func (l *Log) entryStream() jetstream.StreamConfig {
	r := l.options.Retention
	c := jetstream.StreamConfig{
		Name:               l.subjects.entries(),
		Description:        "mixstream: the events of sessions",
		Subjects:           []string{l.subjects.prefix + ".e.*", l.subjects.prefix + ".k.*.*", l.subjects.prefix + ".s.*"},
		Storage:            jetstream.FileStorage,
		Replicas:           l.options.Replicas,
		Discard:            jetstream.DiscardOld,
		FirstSeq:           max(sequenceNow(), l.options.above+1),
		MaxMsgsPerSubject:  limit(r.Entries, defaultEntries, -1),
		MaxBytes:           limit(r.Bytes, defaultBytes, -1),
		MaxAge:             limit(r.Age, defaultAge, 0),
		MaxMsgs:            -1,
		AllowDirect:        true,
		AllowAtomicPublish: true,
		AllowMsgTTL:        true, // of keys
		RePublish:          &jetstream.RePublish{Source: l.subjects.republishFrom(), Destination: l.subjects.republishTo()},
	}
	c.Duplicates = window(c.MaxAge)
	return c
}

// sequenceNow returns the sequence that a stream made now begins with.
func sequenceNow() uint64 { return uint64(max(time.Now().UnixMicro(), 0)) }

// recordStream is the stream of the records as Open makes it.
func (l *Log) recordStream() jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name:              l.subjects.records(),
		Description:       "mixstream: the records of sessions",
		Subjects:          []string{l.subjects.prefix + ".r.*", l.subjects.prefix + ".g.*"},
		Storage:           jetstream.FileStorage,
		Replicas:          l.options.Replicas,
		MaxMsgsPerSubject: 1,
		MaxMsgs:           -1,
		MaxBytes:          -1,
		AllowMsgTTL:       true,
	}
}

// window is for how long a stream with entries of that age can know a message id.
func window(age time.Duration) time.Duration {
	if age > 0 {
		return min(age, idWindow)
	}
	return idWindow
}

func limit[T ~int64](v, byDefault, none T) T {
	switch {
	case v == 0:
		return byDefault
	case v < 0:
		return none
	}
	return v
}

// ensureStreams makes the streams that are not there, checks those that are, and returns how
// that of the entries is configured.
func (l *Log) ensureStreams(ctx context.Context, js jetstream.JetStream) (got jetstream.StreamConfig, err error) {
	if _, err := l.ensureStream(ctx, js, l.recordStream()); err != nil {
		return got, fmt.Errorf("natslog: stream %s: %w", l.subjects.records(), err)
	}
	if got, err = l.ensureStream(ctx, js, l.entryStream()); err != nil {
		return got, fmt.Errorf("natslog: stream %s: %w", l.subjects.entries(), err)
	}
	return got, nil
}

// opened takes over what the stream of the entries is like.
func (l *Log) opened(ctx context.Context, entries jetstream.StreamConfig) error {
	l.age = entries.MaxAge
	l.retention = Retention{Entries: entries.MaxMsgsPerSubject, Bytes: entries.MaxBytes, Age: cmp.Or(entries.MaxAge, -1)}
	l.cacheEntries = maxCached
	if n := entries.MaxMsgsPerSubject; n > 0 {
		l.cacheEntries = int(min(n, maxCached))
	}
	return l.introduce(ctx, max(entries.FirstSeq, 1)-1)
}

func (l *Log) ensureStream(ctx context.Context, js jetstream.JetStream, want jetstream.StreamConfig) (jetstream.StreamConfig, error) {
	s, err := js.Stream(ctx, want.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) && !l.options.Existing {
		s, err = js.CreateStream(ctx, want)
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // another process was first
			s, err = js.Stream(ctx, want.Name)
		}
	}
	if err != nil {
		return want, err
	}
	got := s.CachedInfo().Config
	changed, err := l.settle(s.CachedInfo(), want)
	if err != nil || changed == nil {
		return got, err
	}
	if l.options.Existing {
		return got, errors.New("its limits are not those of Options.Retention, or it has no subjects, no message TTLs or no duplicate window for keys, and Options.Existing forbids changing them")
	}
	s, err = js.UpdateStream(ctx, *changed)
	if err != nil {
		return got, fmt.Errorf("change its limits: %w", err)
	}
	return s.CachedInfo().Config, nil
}

// settle checks a stream that exists, and returns it with the limits that the
// options set, or nil if it has them.
func (l *Log) settle(info *jetstream.StreamInfo, want jetstream.StreamConfig) (changed *jetstream.StreamConfig, err error) {
	got := info.Config
	republish := func(c jetstream.StreamConfig) jetstream.RePublish {
		if c.RePublish == nil {
			return jetstream.RePublish{}
		}
		return *c.RePublish
	}
	slices.Sort(got.Subjects)
	slices.Sort(want.Subjects)
	records := want.Name == l.subjects.records()
	switch {
	case !slices.Equal(got.Subjects, want.Subjects) && !l.withoutKeys(got):
		return nil, fmt.Errorf("its subjects are %q, and must be %q", got.Subjects, want.Subjects)
	case republish(got) != republish(want):
		return nil, fmt.Errorf("it republishes %+v, and must republish %+v", republish(got), republish(want))
	case got.Discard != jetstream.DiscardOld, got.Retention != jetstream.LimitsPolicy:
		return nil, errors.New("it must retain by limits, and discard the oldest")
	case got.AllowDirect != want.AllowDirect && !records, got.AllowAtomicPublish != want.AllowAtomicPublish && !records:
		return nil, errors.New("it must allow direct gets and atomic publishing")
	case records && (got.MaxAge > 0 || got.MaxMsgs > 0 || got.MaxBytes > 0 || got.MaxMsgsPerSubject != 1 || !got.AllowMsgTTL):
		return nil, errors.New("it must keep one message a subject, allow their TTL, and have no other limit")
	case got.DenyPurge || got.Sealed:
		return nil, errors.New("it must allow purging, and not be sealed")
	case !records && info.State.FirstSeq <= 1<<40:
		return nil, errors.New("its first sequence was not set from the clock when it was made")
	case records:
		return nil, nil
	}
	set := got
	r := l.options.Retention
	if r.Entries != 0 {
		set.MaxMsgsPerSubject = want.MaxMsgsPerSubject
	}
	if r.Bytes != 0 {
		set.MaxBytes = want.MaxBytes
	}
	if r.Age != 0 {
		set.MaxAge = want.MaxAge
	}
	set.Subjects, set.AllowMsgTTL = want.Subjects, true
	if l.options.tooYoung(set.MaxAge) {
		return nil, fmt.Errorf("its max_age is %v, and must be at least %v, for which a key is honoured", set.MaxAge, eventlog.KeyLife)
	}
	set.Duplicates = window(set.MaxAge)
	if len(set.Subjects) == len(got.Subjects) && got.AllowMsgTTL && set.MaxMsgsPerSubject == got.MaxMsgsPerSubject && set.MaxBytes == got.MaxBytes && set.MaxAge == got.MaxAge && set.Duplicates == got.Duplicates {
		return nil, nil
	}
	return &set, nil
}

// withoutKeys reports whether a stream was made by a version of this package that had no
// records of keys. Open adds what they need.
func (l *Log) withoutKeys(got jetstream.StreamConfig) bool {
	return slices.Equal(got.Subjects, []string{l.subjects.prefix + ".e.*", l.subjects.prefix + ".s.*"})
}
