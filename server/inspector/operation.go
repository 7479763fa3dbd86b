package inspector

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/mixstream/mixstream/contract"
)

// operation is what the page needs to know of the operation.
type operation struct {
	ID            string            `json:"id"`
	Path          string            `json:"path"`     // the template of the spec, without its first slash
	Session       *parameter        `json:"session"`  // null: all readers share one stream
	Position      string            `json:"position"` // the query parameter that carries the last event id
	TellsPosition bool              `json:"tellsPosition"`
	NameIn        string            `json:"nameIn"` // the member of the data that names the event; empty: the SSE field does
	Connected     string            `json:"connected"`
	Heartbeat     string            `json:"heartbeat"`
	Gap           string            `json:"gap"` // the event's name; empty: a gap is a 410
	GapSet        map[string]string `json:"gapSet"`
	Agent         bool              `json:"agent"`
}

type parameter struct {
	In   string `json:"in"`
	Name string `json:"name"`
}

// positionQuery is the query parameter that carries the last event id from the page to the
// handler, if the operation has none for it.
const positionQuery = "inspector-after"

func describe(path, id string, session, position contract.Param, control *contract.Control, nameIn string, agent bool) operation {
	o := operation{ID: id, Path: strings.TrimPrefix(path, "/"), Position: positionQuery, NameIn: nameIn, Agent: agent}
	if session.In != "" {
		o.Session = &parameter{session.In, session.Name}
	}
	if position.In == "query" {
		o.Position = position.Name
	}
	if control != nil {
		o.TellsPosition = control.Connected.Name != ""
		o.Connected, o.Heartbeat = control.Connected.Name, control.Heartbeat.Name
		o.Gap, o.GapSet = control.Gap.Name, control.Gap.Set
	}
	return o
}

// namesOf returns a JavaScript module with the operation and the names of its events. The page
// needs the names: an EventSource gives an event only to a listener for its name.
func namesOf(o operation, names []string) []byte {
	return fmt.Appendf(nil, "export const eventNames = %s;\nexport const operation = %s;\n", mustMarshal(names), mustMarshal(o))
}

// mustMarshal returns the JSON of v, which has only strings and booleans: they always marshal.
func mustMarshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

func (h *Handler) serveNames(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	_, _ = w.Write(h.names) // a client that has left gets nothing
}

// fromPage returns a request with what an EventSource cannot send: the credentials from the
// page's cookie, and the position after which the page goes on. The header Last-Event-ID of a
// browser that reconnects wins over that position.
func (h *Handler) fromPage(r *http.Request) *http.Request {
	r = h.withCredentials(r)
	if !h.resume || r.Method != http.MethodGet || !isFromPage(r) {
		return r
	}
	query := r.URL.Query()
	if !query.Has(positionQuery) {
		return r
	}
	id := query.Get(positionQuery)
	query.Del(positionQuery)
	r = r.Clone(r.Context())
	r.URL.RawQuery = query.Encode()
	if id != "" && r.Header.Get("Last-Event-ID") == "" {
		r.Header.Set("Last-Event-ID", id)
	}
	return r
}
