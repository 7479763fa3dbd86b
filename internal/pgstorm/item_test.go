package pgstorm_test

import (
	"fmt"
	"strconv"

	"github.com/mixstream/mixstream/eventlog"
)

// item is the data of an entry, by which it is known again: who published it with which call, and
// its place among the entries of that call.
type item uint64

// kinds of calls.
const (
	plain   = iota // Append without a key
	keyed          // Append under a key
	ordered        // AppendTx, with a row in the table of orders
	scoped         // Create or Delete
)

// The bits of an item, from the lowest.
const (
	indexBits     = 6
	sizeBits      = 6
	callBits      = 24
	publisherBits = 5
	lifeBits      = 13
	sessionBits   = 4
)

// call is a call that publishes.
type call struct {
	kind      int
	session   int // whose entries they are; of those in a scope: the number of the scope
	life      int // of the process: each restart is another one
	publisher int // a goroutine of the process
	number    int // the calls of a publisher are numbered
}

// items returns the items of a call.
func (c call) items(size int) []item {
	all := make([]item, size)
	for i := range all {
		n := uint64(c.kind)
		for _, part := range []struct{ bits, value int }{
			{sessionBits, c.session}, {lifeBits, c.life}, {publisherBits, c.publisher}, {callBits, c.number}, {sizeBits, size}, {indexBits, i},
		} {
			if part.value>>part.bits != 0 {
				panic(fmt.Sprintf("%d does not fit into %d bits", part.value, part.bits))
			}
			n = n<<part.bits | uint64(part.value)
		}
		all[i] = item(n)
	}
	return all
}

// take removes the lowest bits, and returns them.
func (i *item) take(bits int) int {
	n := int(*i & (1<<bits - 1))
	*i >>= bits
	return n
}

// call returns the call of an item, how many items that has, and the place of this one.
func (i item) call() (c call, size, index int) {
	index, size = i.take(indexBits), i.take(sizeBits)
	c.number, c.publisher, c.life, c.session = i.take(callBits), i.take(publisherBits), i.take(lifeBits), i.take(sessionBits)
	c.kind = int(i)
	return c, size, index
}

func (i item) String() string {
	c, size, index := i.call()
	return fmt.Sprintf("%+v %d/%d", c, index, size)
}

// text returns the item as it stands in entries and reports.
func (i item) text() string { return strconv.FormatUint(uint64(i), 36) }

func parse(text string) (uint64, error) { return strconv.ParseUint(text, 36, 64) }

// entries returns the entries of items.
func entries(items []item) []eventlog.Entry {
	all := make([]eventlog.Entry, len(items))
	for i, it := range items {
		all[i] = eventlog.Entry{Name: "content", Data: []byte(`"` + it.text() + `"`)}
	}
	return all
}

// itemOf returns the item of an entry.
func itemOf(e eventlog.Entry) (item, error) {
	if len(e.Data) < 2 {
		return 0, fmt.Errorf("an entry has the data %q", e.Data)
	}
	n, err := parse(string(e.Data[1 : len(e.Data)-1]))
	return item(n), err
}
