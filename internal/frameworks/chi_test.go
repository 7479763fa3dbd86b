package frameworks_test

import (
	"context"
	"net/http"

	"github.com/mixstream/mixstream/internal/frameworks/chiapi"
	"github.com/mixstream/mixstream/server"
)

// chiApp implements oapi-codegen's interface for chi.
type chiApp struct{ *app }

func (a chiApp) OrderEvents(w http.ResponseWriter, r *http.Request, orderID string, _ chiapi.OrderEventsParams) {
	a.orders.Serve(w, r, orderID)
}

func (a chiApp) WarehouseAlerts(w http.ResponseWriter, r *http.Request, _ chiapi.WarehouseAlertsParams) {
	a.alerts.ServeHTTP(w, r)
}

func (a chiApp) CreateAnswer(w http.ResponseWriter, r *http.Request) {
	a.answers.Serve(w, r, a.answer(), server.ResumeAfter("0"))
}

func (a chiApp) ResumeAnswer(w http.ResponseWriter, r *http.Request, answerID string, params chiapi.ResumeAnswerParams) {
	a.answers.Serve(w, r, answerID, server.ResumeAfter(*params.After))
}

func (chiApp) PlaceOrder(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusCreated) }

func newChi(a *app) http.Handler {
	return chiapi.HandlerWithOptions(chiApp{a}, chiapi.ChiServerOptions{ErrorHandlerFunc: refuseStd})
}

// strictChi implements the strict server without the streams.
type strictChi struct{ chiapi.UnimplementedServer }

func (strictChi) PlaceOrder(context.Context, chiapi.PlaceOrderRequestObject) (chiapi.PlaceOrderResponseObject, error) {
	return chiapi.PlaceOrder201JSONResponse{ID: "1"}, nil
}

// strictChiApp is the strict handler, with the streams in place of its own methods.
type strictChiApp struct {
	chiapi.ServerInterface
	streams chiApp
}

func (a strictChiApp) OrderEvents(w http.ResponseWriter, r *http.Request, orderID string, params chiapi.OrderEventsParams) {
	a.streams.OrderEvents(w, r, orderID, params)
}

func (a strictChiApp) WarehouseAlerts(w http.ResponseWriter, r *http.Request, params chiapi.WarehouseAlertsParams) {
	a.streams.WarehouseAlerts(w, r, params)
}

func (a strictChiApp) CreateAnswer(w http.ResponseWriter, r *http.Request) {
	a.streams.CreateAnswer(w, r)
}

func (a strictChiApp) ResumeAnswer(w http.ResponseWriter, r *http.Request, answerID string, params chiapi.ResumeAnswerParams) {
	a.streams.ResumeAnswer(w, r, answerID, params)
}

func newStrictChi(a *app) http.Handler {
	strict := chiapi.NewStrictHandler(strictChi{}, nil)
	return chiapi.HandlerWithOptions(strictChiApp{strict, chiApp{a}}, chiapi.ChiServerOptions{ErrorHandlerFunc: refuseStd})
}
