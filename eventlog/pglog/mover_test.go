package pglog_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/internal/pgtest"
)

// AppendTx works while transactions have all connections of the pool, even as the first call of a
// log, and what they publish is moved after each commit.
func TestAppendTxOfSmallPools(t *testing.T) {
	for _, n := range []int{1, 2, 4} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			url := pgtest.Shared(t).URL("postgres")
			o := migrated(t, pgtest.Pool(t, url), pglog.Options{PollInterval: time.Hour})
			small := pgtest.Pool(t, fmt.Sprintf("%s&pool_max_conns=%d", url, n))
			m := tester{t, mustOpen(t, small, o)}
			r := tester{t, mustOpen(t, pgtest.Pool(t, url), o)}.follow(own("0"))
			_, end := r.bounds()
			for _, text := range []string{"1", "2"} {
				txs := make([]pgx.Tx, n)
				for i := range txs {
					txs[i] = begin(t, small)
				}
				for i, tx := range txs {
					m.appendTx(tx, own(fmt.Sprint(i)), text)
				}
				for _, tx := range txs {
					commit(t, tx)
				}
				end = r.expect(end, text)
			}
		})
	}
}
