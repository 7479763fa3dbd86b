package natslog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// identity tells a log's streams from others of the same names, which an operator may have
// made in their place. Its copy in the stream of the records is for those who open the log
// later.
type identity struct {
	Entries time.Time `json:"entries"` // when the stream was made
	Records time.Time `json:"records"`
}

func (i identity) equal(other identity) bool {
	return i.Entries.Equal(other.Entries) && i.Records.Equal(other.Records)
}

// first returns the first sequence of streams that go on after others: that of the time when
// the later one was made.
func (i identity) first() uint64 {
	later := i.Entries
	if i.Records.After(later) {
		later = i.Records
	}
	return uint64(max(later.UnixMicro(), 0))
}

// clockSlack is how many microseconds earlier than its creation the first sequence of a stream
// may be that another process has made, by its own clock.
const clockSlack = uint64(time.Minute / time.Microsecond)

// strangeError says that a stream is not the one that the log knows. It is transient:
// the log is unavailable until adopt has made sure of the ids.
type strangeError struct{ why string }

func (e strangeError) Error() string { return e.why }

// estrange notes that a stream is not the one that the log knows, and returns why as an
// error. Readers and writers are given nothing of it until it is adopted.
func (l *Log) estrange(why string) error {
	if l.trusted.Load() {
		return nil
	}
	err := strangeError{why}
	if l.strange.CompareAndSwap(nil, &err) {
		l.options.Logger.Error("natslog: another stream", "error", err)
	}
	l.checkSoon()
	return err
}

// recognise checks an answer about the stream of the entries. Stored is a sequence that the
// stream had stored before it was asked.
func (l *Log) recognise(b bounds, stored uint64) error {
	made := l.identity.Load().Entries
	switch {
	case !b.Created.Equal(made):
		return l.estrange(fmt.Sprintf("stream %s was made at %v, and the one before at %v", l.subjects.entries(), b.Created, made))
	case b.Last >= stored:
		l.behind.Store(0)
		l.stored(b.Last)
		l.sure.Store(b.Last)
		return nil
	}
	if l.embedded != nil { // which is no cluster, and has lost something
		l.doubt()
		return errBehind
	}
	// A new leader may not have got there yet.
	now := time.Now().UnixNano()
	if since := l.behind.Load(); since == 0 {
		l.behind.Store(now)
	} else if time.Duration(now-since) > l.options.RequestTimeout {
		return l.estrange(fmt.Sprintf("stream %s ends at %d, and had stored %d", l.subjects.entries(), b.Last, stored))
	}
	return errBehind
}

// stored notes that the stream of the entries has stored a sequence.
func (l *Log) stored(seq uint64) {
	for high := l.high.Load(); seq > high && !l.high.CompareAndSwap(high, seq); high = l.high.Load() {
	}
}

// familiar returns an error while the streams are not those of the log.
func (l *Log) familiar() error {
	if err := l.strange.Load(); err != nil {
		return *err
	}
	return nil
}

// askKnownBounds is askBounds of the stream that the log knows.
func (l *Log) askKnownBounds(ctx context.Context) (bounds, error) {
	stored := l.high.Load()
	b, err := l.askBounds(ctx)
	if err == nil && !l.trusted.Load() {
		err = l.recognise(b, stored)
	}
	return b, err
}

// recogniseRecords checks that the stream of the records is the one that the log knows.
func (l *Log) recogniseRecords(ctx context.Context) error {
	var info struct {
		Created time.Time `json:"created"`
	}
	if err := l.api(ctx, "STREAM.INFO."+l.subjects.records(), nil, &info); err != nil {
		return err
	}
	if made := l.identity.Load().Records; !info.Created.Equal(made) {
		return l.estrange(fmt.Sprintf("stream %s was made at %v, and the one before at %v", l.subjects.records(), info.Created, made))
	}
	return nil
}

// adopt makes the streams that are there now those of the log, if either is not the one that
// the log knows. What was before is gone: its ids, and the marks of its sessions. So
// everything from before is told as a gap, for which the first sequence must be above all
// ids of before. It is raised to the time when the later stream was made, which is that for
// all processes, whoever comes first.
func (l *Log) adopt(ctx context.Context) error {
	switch {
	case l.strange.Load() == nil:
		return nil
	case !l.used.Load():
		return *l.strange.Load() // a process that only looks changes nothing
	}
	found, b, err := l.findStreams(ctx)
	if err != nil {
		return err
	}
	known := *l.identity.Load()
	first := found.first()
	if high := l.high.Load(); found.equal(known) {
		switch {
		case b.Last >= high:
			l.strange.Store(nil) // it was only behind
			return nil
		case b.Messages > 0:
			return fmt.Errorf("natslog: stream %s ends at %d, and had stored %d: its server is behind, or it has lost its end, whose ids it would give out again: copy it into a new log then", l.subjects.entries(), b.Last, high)
		}
		first = max(sequenceNow(), high+2) // of a stream that was in memory
	}
	pinned, err := l.askPinned(ctx)
	if err != nil {
		return err
	}
	if pinned == nil || !pinned.equal(found) || found.equal(known) { // or else another process was first
		if b, err = l.raise(ctx, first, b, !found.Entries.Equal(known.Entries), l.sure.Load()); err != nil {
			return err
		}
	}
	if _, err := l.ensureStreams(ctx, l.js); err != nil { // they must be as others have to be, too
		return err
	}
	if err := l.pin(ctx, found); err != nil {
		return err
	}
	l.begin(found, b, b.First-1)
	l.options.Logger.Warn("natslog: the log goes on in another stream, and readers are told a gap", "first", b.First)
	return nil
}

// findStreams returns the identity of the streams that are there, which it makes if they are
// not, and the bounds of the entries.
func (l *Log) findStreams(ctx context.Context) (found identity, b bounds, err error) {
	if found.Records, err = l.findStream(ctx, l.recordStream()); err == nil {
		found.Entries, err = l.findStream(ctx, l.entryStream())
	}
	if err == nil {
		b, err = l.askBounds(ctx)
	}
	return found, b, err
}

// findStream returns when a stream was made, which it does if there is none.
func (l *Log) findStream(ctx context.Context, want jetstream.StreamConfig) (made time.Time, err error) {
	s, err := l.js.Stream(ctx, want.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) && !l.options.Existing {
		if _, err = l.ensureStream(ctx, l.js, want); err == nil {
			s, err = l.js.Stream(ctx, want.Name)
		}
	}
	if err != nil {
		return made, fmt.Errorf("natslog: stream %s: %w", want.Name, err)
	}
	return s.CachedInfo().Created, nil
}

// raise makes sure that the first sequence of the entries is at least first, and so above all
// of before, of which one is sure to have been stored. It leaves the entries of another stream alone: somebody has
// put them there on purpose.
func (l *Log) raise(ctx context.Context, first uint64, b bounds, another bool, sure uint64) (bounds, error) {
	switch {
	case b.First >= first, sure > 0 && b.First > max(sure, l.start.Load()+1) && b.First+clockSlack >= first:
		return b, nil
	case another && b.Messages > 0, first <= max(l.high.Load(), b.Last):
		return b, fmt.Errorf("natslog: stream %s was made again, and its ids from %d on may have been given out before: delete it, to have it made anew, or copy it into a new log", l.subjects.entries(), b.First)
	}
	if err := l.purge(ctx, l.subjects.entries(), "", first); err != nil {
		return b, err
	}
	return l.askBounds(ctx)
}

// begin makes the log go on with streams. Nothing up to start counts.
func (l *Log) begin(i identity, b bounds, start uint64) {
	l.identity.Store(&i)
	l.start.Store(start)
	l.high.Store(max(b.Last, start))
	l.sure.Store(l.high.Load())
	l.behind.Store(0)
	l.epoch.Add(1)
	l.mu.Lock()
	feeds := make([]*feed, 0, len(l.feeds))
	for _, f := range l.feeds {
		feeds = append(feeds, f)
	}
	l.mu.Unlock()
	for _, f := range feeds {
		f.raise(start)
		f.wakeAll()
	}
	l.strange.Store(nil)
}

// pin writes down the identity of the streams, for those who open the log later.
func (l *Log) pin(ctx context.Context, i identity) error {
	data, err := json.Marshal(i)
	if err != nil {
		return err
	}
	_, err = l.acknowledged(ctx, &nats.Msg{Subject: l.subjects.pinned(), Data: data})
	l.pinned.Store(err == nil)
	return err
}

// askPinned returns the identity that was written down; nil if none was.
func (l *Log) askPinned(ctx context.Context) (*identity, error) {
	s, err := l.ask(ctx, l.subjects.records(), get{LastFor: l.subjects.pinned()})
	if s == nil || err != nil {
		return nil, err
	}
	i := new(identity)
	if err := json.Unmarshal(s.Data, i); err != nil {
		return nil, fmt.Errorf("natslog: identity of the streams: %w", err)
	}
	return i, nil
}

// introduce begins with the streams that are there. If they are not those that were written
// down, the log is opened all the same, and unavailable until they can be adopted.
func (l *Log) introduce(ctx context.Context, start uint64) error {
	found, b, err := l.findStreams(ctx)
	if err != nil {
		return err
	}
	pinned, err := l.askPinned(ctx)
	if err != nil {
		return err
	}
	if pinned == nil && b.Messages == 0 && !l.options.Existing {
		// They may be made in the place of others of which nothing is known any more.
		if b, err = l.raise(ctx, found.first(), b, true, 0); err != nil {
			return err
		}
		start = max(start, b.First-1)
	}
	l.begin(found, b, start)
	before := found
	switch {
	case pinned != nil:
		before = *pinned
		l.pinned.Store(true)
	case b.Messages > 0:
		record, err := l.ask(ctx, l.subjects.records(), get{Seq: 1, NextFor: ">"})
		if err != nil {
			return err
		}
		if record == nil { // every entry has come after a record
			before.Records = time.Time{}
		}
	}
	if !before.equal(found) {
		l.identity.Store(&before)
		l.high.Store(0)
		l.sure.Store(0)
		_ = l.estrange(fmt.Sprintf("the streams were made at %v and %v, and those before at %v and %v", found.Entries, found.Records, before.Entries, before.Records))
	}
	return nil
}
