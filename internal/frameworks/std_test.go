package frameworks_test

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/mixstream/mixstream/internal/frameworks/stdapi"
	"github.com/mixstream/mixstream/server"
)

// writeFault answers with an error of the spec.
func writeFault(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(fault{Status: status, Fault: text})
}

// stdApp implements oapi-codegen's interface for net/http.
type stdApp struct{ *app }

func (a stdApp) OrderEvents(w http.ResponseWriter, r *http.Request, orderID string, _ stdapi.OrderEventsParams) {
	a.orders.Serve(w, r, orderID)
}

func (a stdApp) WarehouseAlerts(w http.ResponseWriter, r *http.Request, _ stdapi.WarehouseAlertsParams) {
	a.alerts.ServeHTTP(w, r)
}

func (a stdApp) CreateAnswer(w http.ResponseWriter, r *http.Request) {
	a.answers.Serve(w, r, a.answer(), server.ResumeAfter("0"))
}

func (a stdApp) ResumeAnswer(w http.ResponseWriter, r *http.Request, answerID string, params stdapi.ResumeAnswerParams) {
	a.answers.Serve(w, r, answerID, server.ResumeAfter(*params.After))
}

func (stdApp) PlaceOrder(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusCreated) }

func newStd(a *app) http.Handler {
	return stdapi.HandlerWithOptions(stdApp{a}, stdapi.StdHTTPServerOptions{ErrorHandlerFunc: refuseStd})
}

func refuseStd(w http.ResponseWriter, _ *http.Request, err error) {
	writeFault(w, http.StatusBadRequest, err.Error())
}

// strictStd implements the strict server without the streams.
type strictStd struct{ stdapi.UnimplementedServer }

func (strictStd) PlaceOrder(context.Context, stdapi.PlaceOrderRequestObject) (stdapi.PlaceOrderResponseObject, error) {
	return stdapi.PlaceOrder201JSONResponse{ID: "1"}, nil
}

// strictStdApp is the strict handler, with the streams in place of its own methods.
type strictStdApp struct {
	stdapi.ServerInterface
	streams stdApp
}

func (a strictStdApp) OrderEvents(w http.ResponseWriter, r *http.Request, orderID string, params stdapi.OrderEventsParams) {
	a.streams.OrderEvents(w, r, orderID, params)
}

func (a strictStdApp) WarehouseAlerts(w http.ResponseWriter, r *http.Request, params stdapi.WarehouseAlertsParams) {
	a.streams.WarehouseAlerts(w, r, params)
}

func (a strictStdApp) CreateAnswer(w http.ResponseWriter, r *http.Request) {
	a.streams.CreateAnswer(w, r)
}

func (a strictStdApp) ResumeAnswer(w http.ResponseWriter, r *http.Request, answerID string, params stdapi.ResumeAnswerParams) {
	a.streams.ResumeAnswer(w, r, answerID, params)
}

func newStrictStd(a *app) http.Handler {
	strict := stdapi.NewStrictHandler(strictStd{}, nil)
	return stdapi.HandlerWithOptions(strictStdApp{strict, stdApp{a}}, stdapi.StdHTTPServerOptions{ErrorHandlerFunc: refuseStd})
}
