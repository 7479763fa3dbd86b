package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
)

// printer prints events for a person: pieces of text as they arrive, and a line for each other
// event.
type printer struct {
	w       io.Writer
	colours bool
	screen  bool   // w is a terminal
	flowing string // the kind of text on the unfinished last line
	err     error  // the first failed write; after it the printer writes nothing
}

func newPrinter(w io.Writer) *printer {
	return &printer{w: w, colours: hasColours(w), screen: isTerminal(w)}
}

// ANSI styles.
const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
	cyan   = "36"
)

func (p *printer) style(style, s string) string {
	if !p.colours || s == "" {
		return s
	}
	return "\x1b[" + style + "m" + s + "\x1b[0m"
}

// event prints one event, whose data is raw. It returns the error of the first write that
// failed.
func (p *printer) event(e mix.Event, raw []byte) error {
	switch d := e.Data.(type) {
	case *gen.ContentData:
		p.flow(e.Name, "", d.Content)
	case *gen.ThinkingData:
		p.flow(e.Name, dim, d.Content)
	case *gen.ToolUseParameterDeltaData:
		p.flow(e.Name, dim, d.Input)
	case *gen.HeartbeatData:
	case *gen.ConnectedData:
		p.line(dim, "connected", fmt.Sprintf("session %s, from %s", d.SessionID, e.ID))
	case *gen.UserMessageCreatedData:
		p.line(bold, "user", d.Content)
	case *gen.ToolUseStartData:
		p.line(cyan, "tool", d.Name)
	case *gen.ToolUseParameterStreamingCompleteData:
		p.line(cyan, "call", d.Name+" "+d.Input)
	case *gen.ToolExecutionStartData:
		p.line(cyan, "run", d.Progress)
	case *gen.ToolExecutionCompleteData:
		style := green
		if !d.Success {
			style = red
		}
		p.line(style, "done", d.ToolName+": "+d.Progress)
	case *gen.PermissionData:
		p.line(yellow, "permission", d.Description)
	case *gen.NotificationData:
		p.line(yellow, string(d.NotificationType), d.Title+": "+d.Message)
	case *gen.ErrorData:
		p.line(red, "error", d.Error)
	case *gen.CompleteData:
		p.line(green, "complete", "")
	default:
		p.line(dim, e.Name, string(raw))
	}
	return p.err
}

// flow appends a piece of text to the paragraph of its kind.
func (p *printer) flow(name, style, text string) {
	if p.flowing != name {
		p.endLine()
		p.flowing = name
	}
	p.write(p.style(style, flowing(text)))
}

func (p *printer) endLine() {
	if p.flowing != "" {
		p.write("\n")
		p.flowing = ""
	}
}

func (p *printer) line(style, label, text string) {
	p.endLine()
	p.write(strings.TrimRight(p.style(style, fmt.Sprintf("%-10s", printable(label)))+" "+printable(text), " ") + "\n")
}

// json prints a line of JSON. On a terminal it escapes characters that could control it;
// otherwise it prints the line byte for byte. It returns the error of the first write that
// failed.
func (p *printer) json(line []byte) error {
	if p.screen {
		line = escapeJSON(line)
	}
	p.write(string(line))
	return p.err
}

func (p *printer) write(s string) {
	if p.err == nil {
		_, p.err = io.WriteString(p.w, s)
	}
}

// eventJSON returns an event as a line of JSON, with its data byte for byte. Data that is not
// JSON becomes a string, and data of several lines becomes one line.
func eventJSON(e mix.Event, data []byte) []byte {
	switch {
	case data == nil:
		data = []byte("null") // the data was too large to keep
	case !json.Valid(data):
		data = quote(string(data))
	case bytes.ContainsAny(data, "\n\r"):
		var line bytes.Buffer
		if err := json.Compact(&line, data); err == nil {
			data = line.Bytes()
		}
	}
	return fmt.Appendf(nil, `{"id":%s,"event":%s,"data":%s}`+"\n", quote(e.ID), quote(e.Name), data)
}

func quote(s string) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string always marshals
	}
	return b
}
