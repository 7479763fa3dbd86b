// Package logtest is the conformance suite of eventlog: it tests what every
// [eventlog.Log] must do, wherever it keeps its entries.
//
//	func TestLog(t *testing.T) {
//		logtest.Run(t, func(t *testing.T, o logtest.Options) eventlog.Log {
//			return eventlog.NewMemory(eventlog.Retention{Entries: o.Entries})
//		})
//	}
//
// The suite assumes no more than the interface says: ids may leave out numbers, an
// append may be slow, and a wake may be late or doubled. A test waits half a minute for
// what must happen, and then fails.
package logtest

import (
	"testing"

	"github.com/mixstream/mixstream/eventlog"
)

// Options says what a test needs of its log.
type Options struct {
	// Entries, if not 0, is about how many entries of each session and of each scope the
	// log must retain: some dozens at most. With 0 the log must retain everything that a
	// test appends, which is some thousand small entries.
	Entries int
}

// Run runs the suite. For each test it calls open, which must return an empty log that
// nothing else writes to, and close that log in t.Cleanup. If the log cannot do what the
// options ask for, open must call t.Skip.
//
// The order of concurrent appends is random. The test's output has the seed;
// -logtest.seed repeats it.
func Run(t *testing.T, open func(t *testing.T, o Options) eventlog.Log) {
	for _, test := range []struct {
		name    string
		options Options
		run     func(*fixture)
	}{
		{"IDs grow over the whole log", Options{}, idsGrow},
		{"Entries of one Append stand together", Options{}, appendsStandTogether},
		{"Append of nothing", Options{}, appendNothing},
		{"Entries of more than one line", Options{}, invalidEntries},

		{"Key repeated", Options{}, keyRepeated},
		{"Key repeated at once", Options{}, keyRepeatedAtOnce},
		{"Key of other entries", Options{}, keyOfOtherEntries},
		{"Key of another session", Options{}, keyOfAnotherSession},
		{"Key of a forgotten session", Options{}, keyOfForgottenSession},
		{"Key of any name", Options{}, keyOfAnyName},
		{"Key in pieces", Options{}, keyInPieces},
		{"Key of joined pieces", Options{}, keyOfJoinedPieces},
		{"Key without entries", Options{}, keyWithoutEntries},
		{"Key forgotten", Options{}, keyForgotten},
		{"Key of trimmed entries", Options{Entries: 8}, keyOfTrimmedEntries},
		{"Key hammer", Options{}, keyHammer},
		{"Key hammer with trimming", Options{Entries: 24}, keyHammer},

		{"Create", Options{}, create},
		{"Append makes the record", Options{}, appendMakesRecord},
		{"Scope of a record is kept", Options{}, scopeIsKept},
		{"Delete", Options{}, deleteSession},
		{"Nothing after the end of a session", Options{}, nothingAfterDelete},
		{"Forgotten session", Options{}, forgottenSession},
		{"Forgotten session in a scope", Options{}, forgottenSessionInScope},

		{"Follow before the record", Options{}, followBeforeRecord},
		{"Bounds miss nothing", Options{}, boundsMissNothing},
		{"Floor before the first entry", Options{}, floorBeforeFirst},
		{"Close", Options{}, closeReader},
		{"Cancelled context", Options{}, cancelledContext},

		{"Read limit", Options{}, readLimit},
		{"Read from any position", Options{}, readFromAnyPosition},
		{"Read up to the end", Options{}, readUpToEnd},
		{"Entries stay as they were read", Options{Entries: 8}, entriesStay},

		{"Gap outside the log", Options{}, gapOutsideLog},
		{"Gap after trimming", Options{Entries: 8}, gapAfterTrimming},
		{"Gap in a trimmed scope", Options{Entries: 8}, gapInTrimmedScope},
		{"No gap beside a trimmed session", Options{Entries: 8}, noGapBesideTrimmed},

		{"Scope", Options{}, scopeIsMerged},
		{"Scope by default", Options{}, scopeByDefault},
		{"Scope names do not mix with ids", Options{}, scopeNamesDoNotMix},

		{"Wake", Options{}, wakesItsReaders},
		{"Wake in a scope", Options{}, wakesScope},
		{"Wake ends with Close", Options{}, wakeEndsWithClose},

		{"Hammer", Options{}, hammer},
		{"Hammer with trimming", Options{Entries: 24}, hammer},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.run(newFixture(t, open(t, test.options), test.options))
		})
	}
}
