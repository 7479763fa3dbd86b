package frameworks_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/mixstream/mixstream/internal/frameworks/echoapi"
	"github.com/mixstream/mixstream/server"
)

// echoApp implements oapi-codegen's interface for echo.
type echoApp struct{ *app }

func (a echoApp) OrderEvents(c echo.Context, orderID string, _ echoapi.OrderEventsParams) error {
	a.orders.Serve(c.Response(), c.Request(), orderID)
	return nil
}

func (a echoApp) WarehouseAlerts(c echo.Context, _ echoapi.WarehouseAlertsParams) error {
	a.alerts.ServeHTTP(c.Response(), c.Request())
	return nil
}

func (a echoApp) CreateAnswer(c echo.Context) error {
	a.answers.Serve(c.Response(), c.Request(), a.answer(), server.ResumeAfter("0"))
	return nil
}

func (a echoApp) ResumeAnswer(c echo.Context, answerID string, params echoapi.ResumeAnswerParams) error {
	a.answers.Serve(c.Response(), c.Request(), answerID, server.ResumeAfter(*params.After))
	return nil
}

func (echoApp) PlaceOrder(c echo.Context) error { return c.NoContent(http.StatusCreated) }

func newEchoRouter() *echo.Echo {
	e := echo.New()
	e.Use(middleware.Recover())
	e.HTTPErrorHandler = func(err error, c echo.Context) {
		status := http.StatusInternalServerError
		if refused := new(echo.HTTPError); errors.As(err, &refused) {
			status = refused.Code
		}
		writeFault(c.Response(), status, fmt.Sprint(err))
	}
	return e
}

func newEcho(a *app) http.Handler {
	e := newEchoRouter()
	echoapi.RegisterHandlers(e, echoApp{a})
	return e
}

// strictEcho implements the strict server without the streams.
type strictEcho struct{ echoapi.UnimplementedServer }

func (strictEcho) PlaceOrder(context.Context, echoapi.PlaceOrderRequestObject) (echoapi.PlaceOrderResponseObject, error) {
	return echoapi.PlaceOrder201JSONResponse{ID: "1"}, nil
}

// strictEchoApp is the strict handler, with the streams in place of its own methods.
type strictEchoApp struct {
	echoapi.ServerInterface
	streams echoApp
}

func (a strictEchoApp) OrderEvents(c echo.Context, orderID string, params echoapi.OrderEventsParams) error {
	return a.streams.OrderEvents(c, orderID, params)
}

func (a strictEchoApp) WarehouseAlerts(c echo.Context, params echoapi.WarehouseAlertsParams) error {
	return a.streams.WarehouseAlerts(c, params)
}

func (a strictEchoApp) CreateAnswer(c echo.Context) error { return a.streams.CreateAnswer(c) }

func (a strictEchoApp) ResumeAnswer(c echo.Context, answerID string, params echoapi.ResumeAnswerParams) error {
	return a.streams.ResumeAnswer(c, answerID, params)
}

func newStrictEcho(a *app) http.Handler {
	e := newEchoRouter()
	echoapi.RegisterHandlers(e, strictEchoApp{echoapi.NewStrictHandler(strictEcho{}, nil), echoApp{a}})
	return e
}
