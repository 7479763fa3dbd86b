package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"net/http"
	"strings"
	"sync"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
)

// api is the application's own part of the HTTP interface. It starts turns of an agent, which
// publish their progress.
type api struct {
	srv *mix.Server

	// A turn outlives the request that started it, so it needs a context of the api.
	ctx   context.Context
	stop  context.CancelFunc
	turns sync.WaitGroup
}

func newAPI(srv *mix.Server) *api {
	a := &api{srv: srv}
	a.ctx, a.stop = context.WithCancel(context.Background())
	return a
}

// close stops the running turns, and waits for them.
func (a *api) close() {
	a.stop()
	a.turns.Wait()
}

func (a *api) health(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]string{"status": "ok"})
}

// createSession creates a session, which clients can then follow.
func (a *api) createSession(w http.ResponseWriter, r *http.Request) {
	session := r.PathValue("session")
	switch _, err := a.srv.CreateSession(r.Context(), session, "An example"); {
	case errors.Is(err, eventlog.ErrSessionExists):
		answer(w, http.StatusConflict, map[string]string{"error": "the session exists"})
	case err != nil:
		answer(w, http.StatusInternalServerError, map[string]string{"error": err.Error()})
	default:
		answer(w, http.StatusCreated, map[string]string{"session": session})
	}
}

// startTurn answers at once; the client reads the agent's progress from the stream.
func (a *api) startTurn(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Prompt string `json:"prompt"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&body); err != nil || body.Prompt == "" {
		answer(w, http.StatusBadRequest, map[string]string{"error": "a JSON object with a prompt is expected"})
		return
	}
	session := r.PathValue("session")
	a.turns.Go(func() {
		if err := a.turn(session, body.Prompt); err != nil {
			log.Printf("turn of session %q: %v", session, err) //nolint:gosec // quoted, so that it cannot forge a log line
		}
	})
	answer(w, http.StatusAccepted, map[string]string{"session": session})
}

// turn is where an agent would call its model. This one repeats the prompt, word by word.
func (a *api) turn(session, prompt string) error {
	events := []gen.Event{
		&gen.UserMessageCreatedData{Type: string(gen.EventNameUserMessageCreated), MessageID: "m1", Content: prompt},
	}
	for word := range strings.SplitAfterSeq(prompt, " ") {
		events = append(events, &gen.ContentData{Type: string(gen.EventNameContent), Content: word})
	}
	events = append(events, &gen.CompleteData{Type: string(gen.EventNameComplete), Content: &prompt, Done: true})

	for _, event := range events {
		if _, err := a.srv.Publish(a.ctx, session, event); err != nil {
			return err
		}
	}
	return nil
}

// answer writes a JSON object.
func answer(w http.ResponseWriter, status int, body map[string]string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		log.Printf("write an answer: %v", err) // the client has left
	}
}
