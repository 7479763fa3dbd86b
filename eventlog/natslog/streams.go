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

// entryStream returns the stream of the entries as Open makes it.
func (s *store) entryStream() jetstream.StreamConfig {
	r := s.options.Retention
	c := jetstream.StreamConfig{
		Name:               s.subjects.entries(),
		Description:        "mixstream: the events of sessions",
		Subjects:           []string{s.subjects.prefix + ".e.*", s.subjects.prefix + ".k.*.*", s.subjects.prefix + ".s.*"},
		Storage:            jetstream.FileStorage,
		Replicas:           s.options.Replicas,
		Discard:            jetstream.DiscardOld,
		FirstSeq:           max(sequenceNow(), s.options.idsAbove+1),
		MaxMsgsPerSubject:  limit(r.Entries, defaultEntries, -1),
		MaxBytes:           limit(r.Bytes, defaultBytes, -1),
		MaxAge:             limit(r.Age, defaultAge, 0),
		MaxMsgs:            -1,
		AllowDirect:        true,
		AllowAtomicPublish: true,
		AllowMsgTTL:        true, // of keys
		RePublish:          &jetstream.RePublish{Source: s.subjects.republishFrom(), Destination: s.subjects.republishTo()},
	}
	c.Duplicates = duplicateWindow(c.MaxAge)
	return c
}

// sequenceNow returns the first sequence of a stream that is made now.
func sequenceNow() uint64 { return uint64(max(time.Now().UnixMicro(), 0)) }

// recordStream returns the stream of the records as Open makes it.
func (s *store) recordStream() jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name:              s.subjects.records(),
		Description:       "mixstream: the records of sessions",
		Subjects:          []string{s.subjects.prefix + ".r.*", s.subjects.prefix + ".g.*"},
		Storage:           jetstream.FileStorage,
		Replicas:          s.options.Replicas,
		MaxMsgsPerSubject: 1,
		MaxMsgs:           -1,
		MaxBytes:          -1,
		AllowMsgTTL:       true,
	}
}

// duplicateWindow returns how long a stream with entries of that age can know a message
// id.
func duplicateWindow(age time.Duration) time.Duration {
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

// ensureStreams makes the streams that are missing, checks the others, and returns the
// configuration of the stream of the entries.
func (s *store) ensureStreams(ctx context.Context) (entries jetstream.StreamConfig, err error) {
	if _, err := s.ensureStream(ctx, s.recordStream()); err != nil {
		return entries, fmt.Errorf("natslog: stream %s: %w", s.subjects.records(), err)
	}
	if entries, err = s.ensureStream(ctx, s.entryStream()); err != nil {
		return entries, fmt.Errorf("natslog: stream %s: %w", s.subjects.entries(), err)
	}
	return entries, nil
}

// takeOver takes over the retention of the stream of the entries. It returns the
// position before the first entry that the stream can have.
func (s *store) takeOver(entries jetstream.StreamConfig) (start uint64) {
	s.retention = Retention{Entries: entries.MaxMsgsPerSubject, Bytes: entries.MaxBytes, Age: cmp.Or(entries.MaxAge, -1)}
	s.cacheEntries = maxCached
	if n := entries.MaxMsgsPerSubject; n > 0 {
		s.cacheEntries = int(min(n, maxCached))
	}
	return max(entries.FirstSeq, 1) - 1
}

func (s *store) ensureStream(ctx context.Context, want jetstream.StreamConfig) (jetstream.StreamConfig, error) {
	stream, err := s.js.Stream(ctx, want.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) && !s.options.Existing {
		stream, err = s.js.CreateStream(ctx, want)
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // another process was first
			stream, err = s.js.Stream(ctx, want.Name)
		}
	}
	if answer, is := errors.AsType[*jetstream.APIError](err); is && answer.ErrorCode == codeNoStorage {
		return want, fmt.Errorf("the server cannot reserve the %d bytes of Options.Retention: %w", want.MaxBytes, err)
	}
	if err != nil {
		return want, err
	}
	got := stream.CachedInfo().Config
	changed, err := s.reconcile(stream.CachedInfo(), want)
	if err != nil || changed == nil {
		return got, err
	}
	if s.options.Existing {
		return got, errors.New("Options.Existing forbids changing it: its limits differ from Options.Retention, or it lacks the subjects, message TTLs or duplicate window for keys")
	}
	stream, err = s.js.UpdateStream(ctx, *changed)
	if err != nil {
		return got, fmt.Errorf("change its limits: %w", err)
	}
	return stream.CachedInfo().Config, nil
}

// reconcile checks a stream that exists. It returns the configuration with the limits
// that the options set, or nil if the stream has them.
func (s *store) reconcile(info *jetstream.StreamInfo, want jetstream.StreamConfig) (changed *jetstream.StreamConfig, err error) {
	got := info.Config
	slices.Sort(got.Subjects)
	slices.Sort(want.Subjects)
	if want.Name == s.subjects.records() {
		return nil, s.checkRecordStream(got, want)
	}
	if err := s.checkEntryStream(info, got, want); err != nil {
		return nil, err
	}
	set := got
	r := s.options.Retention
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
	if s.options.tooYoung(set.MaxAge) {
		return nil, fmt.Errorf("its max_age is %v, and must be at least %v, for which a key is honoured", set.MaxAge, eventlog.KeyLife)
	}
	set.Duplicates = duplicateWindow(set.MaxAge)
	if len(set.Subjects) == len(got.Subjects) && got.AllowMsgTTL && set.MaxMsgsPerSubject == got.MaxMsgsPerSubject && set.MaxBytes == got.MaxBytes && set.MaxAge == got.MaxAge && set.Duplicates == got.Duplicates {
		return nil, nil
	}
	return &set, nil
}

// checkStream returns an error for what neither stream may have. Open does not change
// it, since somebody may have configured it on purpose.
func (s *store) checkStream(got, want jetstream.StreamConfig) error {
	switch {
	case !slices.Equal(got.Subjects, want.Subjects) && !s.withoutKeys(got):
		return fmt.Errorf("its subjects are %q, and must be %q", got.Subjects, want.Subjects)
	case republished(got) != republished(want):
		return fmt.Errorf("it republishes %+v, and must republish %+v", republished(got), republished(want))
	case got.Discard != jetstream.DiscardOld, got.Retention != jetstream.LimitsPolicy:
		return errors.New("it must retain by limits, and discard the oldest")
	}
	return nil
}

func (s *store) checkRecordStream(got, want jetstream.StreamConfig) error {
	if err := s.checkStream(got, want); err != nil {
		return err
	}
	switch {
	case got.MaxAge > 0 || got.MaxMsgs > 0 || got.MaxBytes > 0 || got.MaxMsgsPerSubject != 1 || !got.AllowMsgTTL:
		return errors.New("it must keep one message a subject, allow their TTL, and have no other limit")
	case got.DenyPurge || got.Sealed:
		return errors.New("it must allow purging, and not be sealed")
	}
	return nil
}

func (s *store) checkEntryStream(info *jetstream.StreamInfo, got, want jetstream.StreamConfig) error {
	if err := s.checkStream(got, want); err != nil {
		return err
	}
	switch {
	case got.AllowDirect != want.AllowDirect, got.AllowAtomicPublish != want.AllowAtomicPublish:
		return errors.New("it must allow direct gets and atomic publishing")
	case got.DenyPurge || got.Sealed:
		return errors.New("it must allow purging, and not be sealed")
	case info.State.FirstSeq <= 1<<40:
		return errors.New("its first sequence was not set from the clock when it was made")
	}
	return nil
}

func republished(c jetstream.StreamConfig) jetstream.RePublish {
	if c.RePublish == nil {
		return jetstream.RePublish{}
	}
	return *c.RePublish
}

// withoutKeys reports whether an older version of this package made the stream, which
// had no records of keys. Open adds what they need.
func (s *store) withoutKeys(got jetstream.StreamConfig) bool {
	return slices.Equal(got.Subjects, []string{s.subjects.prefix + ".e.*", s.subjects.prefix + ".s.*"})
}
