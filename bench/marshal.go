package main

import (
	"context"
	stdjson "encoding/json"
	"fmt"
	"reflect"
	"time"

	"github.com/bytedance/sonic"
	jsonv2 "github.com/go-json-experiment/json"
	gojson "github.com/goccy/go-json"

	"github.com/mixstream/mixstream/gen"
)

// marshaling is one way to make JSON of a typed event.
type marshaling struct {
	name    string
	marshal func(event gen.Event) ([]byte, error)
}

// marshalings returns the floor, the generated code, and then the peers.
func marshalings() []marshaling {
	var buf []byte
	return []marshaling{
		{"encoding/json", func(event gen.Event) ([]byte, error) { return stdjson.Marshal(event) }},
		{"**the generated code**", func(event gen.Event) ([]byte, error) {
			_, data, err := gen.StreamEvents.Encode(event)
			return data, err
		}},
		{"**the generated code, appended to a buffer**", func(event gen.Event) (data []byte, err error) {
			_, buf, err = gen.StreamEvents.Events.Encode(buf[:0], event)
			return buf, err
		}},
		{"go-json-experiment/json", func(event gen.Event) ([]byte, error) { return jsonv2.Marshal(event) }},
		{"goccy/go-json", func(event gen.Event) ([]byte, error) { return gojson.Marshal(event) }},
		{"bytedance/sonic", func(event gen.Event) ([]byte, error) { return sonic.Marshal(event) }},
	}
}

// typedToken returns the token event i of an agent.
func typedToken(i int) gen.Event {
	return &gen.ContentData{Type: "content", Content: fmt.Sprintf(" %06d", i), AssistantMessageID: new("msg_0123")}
}

// typedPermission returns an event with eight strings and a free-form object.
func typedPermission(i int) gen.Event {
	return &gen.PermissionData{
		Type: "permission", Action: "write", Description: "Write to a file of the project", ID: fmt.Sprintf("perm_%06d", i),
		SessionID: "session_0123456789", ToolName: "Write", Path: new("/home/user/project/main.go"), ParentToolCallID: new("toolu_0123456789"),
		Params: map[string]any{"path": "/home/user/project/main.go", "lines": 120.0, "overwrite": true},
	}
}

// check compares what comes of an event with what comes of it by encoding/json.
func (m marshaling) check(event gen.Event) error {
	want, err := stdjson.Marshal(event)
	if err != nil {
		return err
	}
	data, err := m.marshal(event)
	if err != nil {
		return fmt.Errorf("%s: %w", m.name, err)
	}
	var got, members map[string]any
	if err := stdjson.Unmarshal(want, &members); err != nil {
		return err
	}
	if err := stdjson.Unmarshal(data, &got); err != nil || !reflect.DeepEqual(got, members) {
		return fmt.Errorf("%s: %s, want %s: %w", m.name, data, want, err)
	}
	return nil
}

func (m marshaling) job(events []gen.Event) *job {
	return &job{ops: len(events), run: func() error {
		for _, event := range events {
			if data, err := m.marshal(event); err != nil || len(data) == 0 {
				return fmt.Errorf("%s: %d bytes, error %w", m.name, len(data), err)
			}
		}
		return nil
	}}
}

func writeMarshal(_ context.Context, o *output) error {
	tokens, permissions := make([]gen.Event, 64), make([]gen.Event, 64)
	for i := range tokens {
		tokens[i], permissions[i] = typedToken(i), typedPermission(i)
	}
	var small, large, all []*job
	list := marshalings()
	for _, m := range list {
		for _, event := range []gen.Event{tokens[0], permissions[0]} {
			if err := m.check(event); err != nil {
				return err
			}
		}
		small, large = append(small, m.job(tokens)), append(large, m.job(permissions))
		all = append(all, small[len(small)-1], large[len(large)-1])
	}
	if err := measure(all, budget{rounds: 51, least: 5, total: 6 * time.Second, sample: 4 * time.Millisecond}); err != nil {
		return err
	}
	o.head("", "token", "× encoding/json", "allocs", "bytes", "permission", "× encoding/json", "allocs", "bytes")
	for i, m := range list {
		token, permission := small[i].result(), large[i].result()
		o.row(m.name, duration(token.ns), digits(small[i].ratio(small[0])), count(token.allocs), count(token.bytes),
			duration(permission.ns), digits(large[i].ratio(large[0])), count(permission.allocs), count(permission.bytes))
	}
	o.goal("encode of a typed token, appended / json.Marshal", 0.35, small[2], small[0])
	o.goal("encode of a typed permission, appended / json.Marshal", 0.35, large[2], large[0])
	return nil
}
