// Package listing prints what eventgen finds in a document.
package listing

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Listing is what eventgen finds in a document. Its JSON form is for programs.
type Listing struct {
	Operations []Operation `json:"operations"`
	Warnings   []string    `json:"warnings,omitempty"`
}

// Operation is a streaming operation.
type Operation struct {
	ID        string   `json:"id"`
	Method    string   `json:"method"`
	Path      string   `json:"path"`
	Place     string   `json:"place,omitempty"` // file:line:column
	GoName    string   `json:"goName"`
	Interface string   `json:"interface"` // the Go type of the events
	Request   string   `json:"request"`   // the Go type of the parameters
	Namespace string   `json:"namespace,omitempty"`
	Session   *Param   `json:"session,omitempty"`
	Undecided bool     `json:"sessionUndecided,omitempty"`
	Position  string   `json:"position,omitempty"` // a query parameter
	NameIn    string   `json:"nameIn,omitempty"`   // the member of the data that names an event
	AnyName   bool     `json:"anyName,omitempty"`
	IDs       bool     `json:"ids"` // the schema of the events describes ids
	Control   *Control `json:"control,omitempty"`
	End       *End     `json:"end,omitempty"`
	Resume    string   `json:"resume,omitempty"` // the operation that resumes, with a request of its own
	Events    []Event  `json:"events"`
}

// Param is a parameter.
type Param struct {
	In   string `json:"in"`
	Name string `json:"name"`
}

// Control holds the names of the events that the server itself sends.
type Control struct {
	Connected string `json:"connected,omitempty"`
	Heartbeat string `json:"heartbeat,omitempty"`
	Gap       string `json:"gap,omitempty"`
	Created   string `json:"created,omitempty"`
	Deleted   string `json:"deleted,omitempty"`
}

// End describes what ends the stream.
type End struct {
	Data   string   `json:"data,omitempty"` // a sentinel
	Events []string `json:"events,omitempty"`
}

// Event is an event.
type Event struct {
	Name   string   `json:"name"`            // empty: it has no name
	Names  []string `json:"names,omitempty"` // the possible names, if the data tells which applies
	GoType string   `json:"goType"`
	Data   string   `json:"data"` // the type of the data, for a person
	Schema string   `json:"schema,omitempty"`
	Text   bool     `json:"text,omitempty"` // the data is text, not JSON
	Place  string   `json:"place,omitempty"`
}

// WriteJSON writes the listing for a program.
func (l *Listing) WriteJSON(w io.Writer) error {
	text, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n", text)
	return err
}

// WriteText writes the listing for a person.
func (l *Listing) WriteText(w io.Writer) error {
	for i := range l.Operations {
		o := &l.Operations[i]
		if i > 0 {
			_, _ = fmt.Fprintln(w)
		}
		_, _ = fmt.Fprintf(w, "%s  %s %s\n", o.ID, o.Method, o.Path)
		promises, events := columns(w), columns(w)
		for _, p := range o.promises() {
			_, _ = fmt.Fprintf(promises, "  %s\t%s\n", p[0], p[1])
		}
		_, _ = fmt.Fprint(events, "  EVENT\tGO TYPE\tDATA\n")
		for _, e := range o.Events {
			_, _ = fmt.Fprintf(events, "  %s\t*%s\t%s\n", e.title(o), e.GoType, e.Data)
		}
		if err := promises.Flush(); err != nil {
			return err
		}
		_, _ = fmt.Fprintln(w)
		if err := events.Flush(); err != nil {
			return err
		}
	}
	return nil
}

func columns(w io.Writer) *tabwriter.Writer { return tabwriter.NewWriter(w, 0, 0, 2, ' ', 0) }

// title returns the name of an event for a person.
func (e Event) title(o *Operation) string {
	switch name := cmp.Or(strings.Join(e.Names, ", "), e.Name); {
	case name != "":
		return name
	case o.AnyName:
		return "(any name)"
	}
	return "(no name)"
}

// promises returns what the document promises for the stream, and the defaults where it is
// silent.
func (o *Operation) promises() [][2]string {
	session := "none: all readers share one stream"
	switch {
	case o.Undecided:
		session = "undecided: set x-mixstream.session, or name it in the server's handler"
	case o.Session != nil:
		session = fmt.Sprintf("the %s parameter %s", o.Session.In, o.Session.Name)
	}
	names := `the field "event"`
	if o.NameIn != "" {
		names = "the member " + o.NameIn + " of the data"
	}
	if o.AnyName {
		names += "; other names are one of these events"
	}
	ids := "not described: our server sends them; without them a reader cannot resume"
	switch {
	case o.Resume != "" && !o.IDs:
		ids = "not described: our server sends them"
	case o.IDs:
		ids = "described: a reader resumes after the last one"
	}
	if o.Position != "" {
		ids += "; the query parameter " + o.Position + " carries one, too"
	}
	control := cmp.Or(o.Control, &Control{})
	said := func(event, otherwise string) string {
		if event != "" {
			return "the event " + event
		}
		return otherwise
	}
	promises := [][2]string{
		{"Go", fmt.Sprintf("%s, %s, %s", o.GoName, o.Request, o.Interface)},
		{"session", session},
		{"names", names},
		{"ids", ids},
		{"start", said(control.Connected, "no event: the header Last-Event-ID holds the position")},
		{"idle", said(control.Heartbeat, "no event: a comment line")},
		{"gap", said(control.Gap, "no event: an open stream ends, and a request gets status 410")},
		{"end", o.End.text(said(control.Deleted, "no event: status 204 when a reader reconnects"))},
	}
	if o.Resume != "" {
		promises = append(promises, [2]string{"resume", "with the operation " + o.Resume + " and values of the events"})
	}
	return promises
}

// text describes, for a person, what ends the stream. otherwise describes the end of every
// stream.
func (e *End) text(otherwise string) string {
	if e == nil {
		return otherwise
	}
	var all []string
	for _, name := range e.Events {
		all = append(all, "the event "+cmp.Or(name, "without a name"))
	}
	if e.Data != "" {
		all = append(all, fmt.Sprintf("the data %q", e.Data))
	}
	return strings.Join(append(all, strings.TrimPrefix(otherwise, "no event: ")), "; ")
}
