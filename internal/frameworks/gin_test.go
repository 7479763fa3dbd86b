package frameworks_test

import (
	"context"
	"io"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/mixstream/mixstream/internal/frameworks/ginapi"
	"github.com/mixstream/mixstream/server"
)

// ginApp implements oapi-codegen's interface for gin.
type ginApp struct{ *app }

func (a ginApp) OrderEvents(c *gin.Context, orderID string, _ ginapi.OrderEventsParams) {
	a.orders.Serve(c.Writer, c.Request, orderID)
}

func (a ginApp) WarehouseAlerts(c *gin.Context, _ ginapi.WarehouseAlertsParams) {
	a.alerts.ServeHTTP(c.Writer, c.Request)
}

func (a ginApp) CreateAnswer(c *gin.Context) {
	a.answers.Serve(c.Writer, c.Request, a.answer(), server.ResumeAfter("0"))
}

func (a ginApp) ResumeAnswer(c *gin.Context, answerID string, params ginapi.ResumeAnswerParams) {
	a.answers.Serve(c.Writer, c.Request, answerID, server.ResumeAfter(*params.After))
}

func (ginApp) PlaceOrder(c *gin.Context) { c.Status(http.StatusCreated) }

// newGinEngine returns an engine that is as quiet as the others.
func newGinEngine() *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	gin.DefaultWriter = io.Discard
	e := gin.New()
	e.Use(gin.Logger(), gin.Recovery())
	return e
}

func refuseGin(c *gin.Context, err error, status int) { writeFault(c.Writer, status, err.Error()) }

func newGin(a *app) http.Handler {
	e := newGinEngine()
	ginapi.RegisterHandlersWithOptions(e, ginApp{a}, ginapi.GinServerOptions{ErrorHandler: refuseGin})
	return e
}

// strictGin implements the strict server without the streams.
type strictGin struct{ ginapi.UnimplementedServer }

func (strictGin) PlaceOrder(context.Context, ginapi.PlaceOrderRequestObject) (ginapi.PlaceOrderResponseObject, error) {
	return ginapi.PlaceOrder201JSONResponse{ID: "1"}, nil
}

// strictGinApp is the strict handler, with the streams in place of its own methods.
type strictGinApp struct {
	ginapi.ServerInterface
	streams ginApp
}

func (a strictGinApp) OrderEvents(c *gin.Context, orderID string, params ginapi.OrderEventsParams) {
	a.streams.OrderEvents(c, orderID, params)
}

func (a strictGinApp) WarehouseAlerts(c *gin.Context, params ginapi.WarehouseAlertsParams) {
	a.streams.WarehouseAlerts(c, params)
}

func (a strictGinApp) CreateAnswer(c *gin.Context) { a.streams.CreateAnswer(c) }

func (a strictGinApp) ResumeAnswer(c *gin.Context, answerID string, params ginapi.ResumeAnswerParams) {
	a.streams.ResumeAnswer(c, answerID, params)
}

func newStrictGin(a *app) http.Handler {
	e := newGinEngine()
	app := strictGinApp{ginapi.NewStrictHandler(strictGin{}, nil), ginApp{a}}
	ginapi.RegisterHandlersWithOptions(e, app, ginapi.GinServerOptions{ErrorHandler: refuseGin})
	return e
}
