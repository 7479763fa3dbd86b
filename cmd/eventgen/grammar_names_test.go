package main

import (
	"fmt"
	"strconv"
)

// hostileNames are names that break generators: keywords and names of Go, of imported packages
// and of eventgen's own declarations, and names that become the same Go name or none.
var hostileNames = []string{
	"type", "func", "string", "error", "nil", "len", "any", "iota", "init", "main", "_", "__",
	"Event", "Client", "Operation", "UnknownEvent", "Context", "Message", "Request", "Response", "Params", "Server", "Body", "Value",
	"server", "params", "body", "url", "path", "query", "err", "ctx", "req", "r", "w", "c", "id", "session",
	"context", "contract", "json", "http", "time", "fmt", "runtime", "eventSchemas", "ServerInterface", "ClientOption", "NewClient",
	"foo-bar", "foo_bar", "foo bar", "fooBar", "FooBar", "foo.bar", "FOO_BAR",
	"größe", "日本", "Ωmega", "1st", "123", "4.5", "a.b.c", "a/b", "a~b", "with space", "", " ", "é", "+1", "-1", "$x", "@", "#a",
	"null", "true", "~", "a\"b", "a'b", "a`b", `a\b`, "{{.}}", "*/", "//", "a:b", "ID", "Id", "URL", "url", "x-y",
	"MixstreamProbe0x0", "MixstreamProbe0x0Value", "isEvent", "MarshalJSON", "UnmarshalJSON", "Union", "union", "AdditionalProperties", "additionalProperties",
}

func (g *grammar) hostileName() string { return hostileNames[g.n(len(hostileNames))] }

// propertyName returns a name of a member or a parameter.
func (g *grammar) propertyName(usual string) string {
	if g.hostile && g.one(3) {
		return g.hostileName()
	}
	g.names++
	return usual + strconv.Itoa(g.names)
}

// componentName returns an unused name for a component.
func (g *grammar) componentName() string {
	if g.hostile && g.one(2) {
		if name := g.hostileName(); g.schemas[name] == nil && name != "" {
			return name
		}
	}
	g.names++
	return fmt.Sprintf(choose(g.choices, "Order%d", "line_item%d", "thing-%d", "a.b%d", "userEvent%d", "%dth"), g.names)
}

// eventName returns the name of an event.
func (g *grammar) eventName() string {
	if g.hostile && g.one(2) {
		if name := g.hostileName(); name != "" {
			return name
		}
	}
	g.names++
	return choose(g.choices, "order_placed", "answer.text.delta", "made", "thread/started", "OrderGone", "x-y", "ping pong") + strconv.Itoa(g.names)
}

// description returns a text that becomes a comment in Go.
func (g *grammar) description() string {
	return choose(g.choices, "A text.", "Two\nlines", "*/ end", "//go:build x", "a `b` \"c\" %s", "  ", "\n", "Deprecated: no", "größe\r\nx", "{{.X}}")
}
