package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/examples/ordertable/api"
	"github.com/mixstream/mixstream/server"
	"github.com/mixstream/mixstream/server/pgstream"
)

// replica is one server of the shop. Replicas share only the database.
type replica struct {
	db     *pgxpool.Pool
	log    *pglog.Log
	server *server.Server[api.CustomerEvent]
	events *pgstream.Publisher[api.CustomerEvent]
	site   *httptest.Server
}

func startReplica(ctx context.Context, database string) (*replica, error) {
	db, err := pgxpool.New(ctx, database)
	if err != nil {
		return nil, err
	}
	r := &replica{db: db}
	if r.log, err = pglog.Open(ctx, db, pglog.Options{}); err == nil {
		r.server, err = server.New(api.CustomerEvents, server.WithLog(r.log))
	}
	if err == nil {
		r.events, err = pgstream.New(r.server)
	}
	if err != nil {
		r.stop()
		return nil, err
	}
	r.site = httptest.NewServer(r.server)
	return r, nil
}

// errDeclined rolls back an order.
var errDeclined = errors.New("the payment is declined")

// place puts an order into the table and publishes it, or does neither.
func (r *replica) place(ctx context.Context, customer string, total int) error {
	return pgx.BeginFunc(ctx, r.db, func(tx pgx.Tx) error {
		var order int64
		err := tx.QueryRow(ctx, "insert into orders (customer, total) values ($1, $2) returning id", customer, total).Scan(&order)
		if err != nil {
			return err
		}
		if _, err := r.events.PublishTx(ctx, tx, customer, &api.OrderPlaced{Order: order, Total: total}); err != nil {
			return err
		}
		if total%500 == 0 {
			return errDeclined
		}
		return nil
	})
}

// stop cuts all connections of the replica, as if its process died.
func (r *replica) stop() {
	if r.site != nil {
		stopSite(r.site)
	}
	if r.log != nil {
		_ = r.log.Close() // never fails
	}
	r.db.Close()
}

func stopSite(s *httptest.Server) {
	s.CloseClientConnections()
	s.Close()
}

// startFront starts a proxy that uses the replicas in turn.
func startFront(replicas ...string) *httptest.Server {
	var n atomic.Uint64
	return httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			target, _ := url.Parse(replicas[n.Add(1)%uint64(len(replicas))]) // of httptest
			r.SetURL(target)
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	})
}
