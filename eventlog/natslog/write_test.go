package natslog

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/mixstream/mixstream/eventlog"
)

func TestJudge(t *testing.T) {
	transient, final := nats.ErrTimeout, errors.New("stream store failed")
	for _, row := range []struct {
		err                    error
		sent, ended, uncertain bool
		want                   verdict
		mayBeStored            bool
	}{
		{err: eventlog.ErrOutcomeUnknown, want: verdictRefused},
		{err: fmt.Errorf("of a key: %w", eventlog.ErrKeyForgotten), uncertain: true, want: verdictRefused, mayBeStored: true},
		{err: &eventlog.KeyError{Key: "k"}, want: verdictRefused},
		{err: &eventlog.KeyError{Key: "k"}, uncertain: true, want: verdictRefused, mayBeStored: true},
		{err: eventlog.ErrOutcomeUnknown, sent: true, ended: true, want: verdictRefused},

		{err: errMoved, sent: true, want: verdictAgain},
		{err: errMoved, sent: true, uncertain: true, want: verdictAgain, mayBeStored: true},
		{err: nats.ErrNoResponders, sent: true, want: verdictAgain},
		{err: nats.ErrNoResponders, sent: true, ended: true, want: verdictAgain},

		{err: transient, want: verdictAgain},
		{err: transient, sent: true, want: verdictAgain, mayBeStored: true},
		{err: transient, uncertain: true, want: verdictAgain, mayBeStored: true},
		{err: brokenConnectionError{nats.ErrConnectionClosed}, sent: true, want: verdictAgain, mayBeStored: true},
		{err: &apiError{Code: 503}, sent: true, want: verdictAgain, mayBeStored: true},
		{err: foreignStreamError{"another stream"}, want: verdictAgain},
		{err: errBehind, want: verdictAgain},
		{err: final, ended: true, want: verdictAgain},
		{err: final, sent: true, ended: true, want: verdictAgain, mayBeStored: true},
		{err: context.Canceled, sent: true, ended: true, want: verdictAgain, mayBeStored: true},

		{err: final, want: verdictRefused},
		{err: final, sent: true, want: verdictRefused},
		{err: final, uncertain: true, want: verdictUnknown, mayBeStored: true},
		{err: eventlog.ErrEntryTooLarge, sent: true, want: verdictRefused},
		{err: &apiError{Code: 400}, sent: true, want: verdictRefused},
		{err: errInUse, uncertain: true, want: verdictUnknown, mayBeStored: true},
		{err: eventlog.ErrSessionDeleted, want: verdictRefused},
	} {
		got, mayBeStored := judge(row.err, row.sent, row.ended, row.uncertain)
		if got != row.want || mayBeStored != row.mayBeStored {
			t.Errorf("judge(%v, sent %v, ended %v, uncertain %v) = %d, may be stored %v; want %d, %v",
				row.err, row.sent, row.ended, row.uncertain, got, mayBeStored, row.want, row.mayBeStored)
		}
	}
}

func TestConclude(t *testing.T) {
	for _, row := range []struct {
		repeated bool
		err      error
		keyed    bool
		want     conclusion
	}{
		{want: isStored},
		{keyed: true, want: isStored},
		{repeated: true, want: isOriginal},
		{repeated: true, keyed: true, want: askTheKey},
		{err: errRepeated, want: seekOriginal},
		{err: errRepeated, keyed: true, want: askTheKey},
		{err: errMoved, want: isFailure},
		{err: errMoved, keyed: true, want: isFailure},
		{err: nats.ErrTimeout, want: isFailure},
		{repeated: true, err: eventlog.ErrOutcomeUnknown, want: isFailure},
		{repeated: true, err: eventlog.ErrOutcomeUnknown, keyed: true, want: isFailure},
	} {
		if got := conclude(row.repeated, row.err, row.keyed); got != row.want {
			t.Errorf("conclude(%v, %v, keyed %v) = %d, want %d", row.repeated, row.err, row.keyed, got, row.want)
		}
	}
}

// The messages of a plan depend on nothing but the plan.
func TestPlan(t *testing.T) {
	one, two := []eventlog.Entry{{Name: "a", Data: []byte("1")}}, []eventlog.Entry{{Name: "a", Data: []byte("1")}, {Name: "b", Data: []byte("2")}}
	known := place{known: true, last: 7, next: link{prev: 7, index: 4}, record: &record{Life: "life"}}
	born := place{known: true, next: link{prev: 5, root: true, birth: true, index: 1}, record: &record{Life: "life"}}
	empty := place{known: true, next: link{prev: 5, root: true, index: 1}}
	const key = "p.k.life.aw"
	for name, row := range map[string]struct {
		place place
		draft draft
		want  []string // subject, expected last sequence, message id, data
	}{
		"one entry":      {known, draft{id: "i", entries: one}, []string{"p.e.YQ 7 i 7 4 a\n1"}},
		"first entry":    {born, draft{id: "i", entries: one}, []string{"p.e.YQ 0 i ^5 1 a\n1"}},
		"empty subject":  {empty, draft{id: "i", entries: one}, []string{"p.e.YQ 0 i ~5 1 a\n1"}},
		"fence":          {known, draft{id: "fence.life"}, []string{"p.e.YQ 7 fence.life 7 4 \n"}},
		"two entries":    {known, draft{id: "i", entries: two}, []string{"p.e.YQ 7 i 7 4 a\n1", "p.e.YQ   + 5 b\n2"}},
		"all of a key":   {known, draft{id: "i", entries: one, key: &eventlog.Key{Name: "k", Close: true}}, []string{"p.e.YQ 7 " + key + " 7 4 a\n1"}},
		"piece of a key": {known, draft{id: "i", entries: one, key: &eventlog.Key{Name: "k"}}, []string{"p.e.YQ 7 " + key + " 7 4 a\n1", key + " 0  {\"count\":1,\"piece\":1,\"digest\":"}},
		"later piece": {
			known, draft{id: "i", entries: one, key: &eventlog.Key{Name: "k", Close: true, Appended: eventlog.Appended{Count: 2, Piece: 2, First: 3, Last: 4, Revision: 5}}},
			[]string{"p.e.YQ 7  7 4 a\n1", key + " 5  {\"count\":3,\"piece\":1,\"first\":3,\"digest\":"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlan(subjects{"N", "p"}, "p.e.YQ", row.place, &row.draft)
			msgs := p.messages(eventlog.KeyLife)
			if len(msgs) != len(row.want) {
				t.Fatalf("%d messages, want %d", len(msgs), len(row.want))
			}
			for i, m := range msgs {
				got := fmt.Sprintf("%s %s %s %s", m.Subject, header(m.Header, expectedHeader), header(m.Header, msgIDHeader), m.Data)
				if len(got) < len(row.want[i]) || got[:len(row.want[i])] != row.want[i] {
					t.Errorf("message %d\n got %q\nwant %q", i, got, row.want[i])
				}
				batch, commit := header(m.Header, batchSeqHeader), header(m.Header, commitHeader)
				if len(msgs) > 1 && (batch != fmt.Sprint(i+1) || (commit == "1") != (i == len(msgs)-1)) || len(msgs) == 1 && batch != "" {
					t.Errorf("message %d is number %q of a batch, commit %q", i, batch, commit)
				}
			}
			if behind := p.behind(8); behind.last != 7+uint64(max(len(row.draft.entries), 1)) || behind.next.prev != behind.last || behind.next.root || behind.next.index != row.place.next.index+uint64(row.draft.size()) {
				t.Errorf("the place behind is %+v", behind)
			}
		})
	}
}
