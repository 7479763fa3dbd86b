package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// outside is a module in a temporary folder that requires this one.
type outside struct{ dir string }

// newOutside makes an empty module. It has the requirements of this module, so that no test
// downloads anything new.
func newOutside(t *testing.T, replace string) outside {
	t.Helper()
	module, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile("../../go.sum")
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs(replace)
	if err != nil {
		t.Fatal(err)
	}
	o := outside{t.TempDir()}
	text := strings.Replace(string(module), "module github.com/mixstream/mixstream", "module outside", 1)
	o.write(t, "go.mod", text+"\nrequire github.com/mixstream/mixstream v0.0.0\n\nreplace github.com/mixstream/mixstream => "+root+"\n")
	o.write(t, "go.sum", string(sums))
	return o
}

func (o outside) write(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(o.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// eventgen runs the command for a folder of the module, and returns its standard error.
func (o outside) eventgen(t *testing.T, folder string, args ...string) string {
	t.Helper()
	var stderr bytes.Buffer
	if status := run(append([]string{"-o", filepath.Join(o.dir, folder)}, args...), io.Discard, &stderr); status != 0 {
		t.Fatalf("eventgen %s: exit status %d:\n%s", args, status, &stderr)
	}
	return stderr.String()
}

// golang runs the go command in the module.
func (o outside) golang(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = o.dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off", "GOPROXY=off")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// slow skips a test that compiles a module.
func slow(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("it compiles a module")
	}
}

// wireEvent is an event in the form of the wire and of the log.
type wireEvent struct{ op, name, data string }

// specEvents has rows for TestSpecs beside the examples that it makes: data that an example
// does not show, and data for schemas without examples. Text is a JSON string, as in the log.
var specEvents = map[string][]wireEvent{
	"array-of-events": {
		{"TaskProgress", "", `{"percent":12.5}`},
		{"TaskProgress", "finished", `{"files":["a","b"]}`},
		{"TaskProgress", "finished", `{"files":null}`},
	},
	"data-only": {{"StreamPrices", "", `{"at":"2026-01-02T03:04:05Z","price":1741290958.25,"size":9007199254740991,"venue":"X"}`}},
	"data-ref": {
		{"LivePets", "Kitten", `{"lives":9}`},
		{"LivePets", "Puppy", `{"tricks":["sit"]}`},
		{"LiveTodos", "", `{"id":1,"title":"a","done":true}`},
		{"LiveTodos", "added", `{"id":1,"title":null}`},
	},
	"itemschema": {
		{"WatchRoom", "said", `"Hello,\nyou"`},
		{"WatchRoom", "counted", `42`},
		{"WatchRoom", "joined", `{"name":"Ann","seat":3}`},
		{"WatchRoom", "moved", `{"from":[1,2],"to":[3,4]}`},
	},
	"mix": {
		{"StreamEvents", "complete", `{"content":"日本語 \u2028 \u003c/script\u003e","done":false,"messageId":"m","parentToolCallId":"p","reasoning":"line\r\nid: 1\n\ndata: x","reasoningDuration":9223372036854775807,"type":"complete"}`},
		{"StreamEvents", "connected", `{"sessionId":"s"}`},
		{"StreamEvents", "content", `{"assistantMessageId":"a","content":"b","parentToolCallId":"p","type":"content"}`},
		{"StreamEvents", "error", `{"attempt":1,"error":"e","maxAttempts":-9223372036854775808,"parentToolCallId":"p","retryAfter":0,"type":"rate_limit"}`},
		{"StreamEvents", "heartbeat", `{"type":"ping"}`},
		{"StreamEvents", "notification", `{"choices":["yes","no",""],"createdAt":9007199254740993,"id":"n","message":"m","notificationType":"question","parentToolCallId":"p","responseType":"choice","sessionId":"s","timeout":30,"title":"t","type":"notification"}`},
		{"StreamEvents", "permission", `{"action":"run","description":"d","id":"p","params":{"a":[1.5,null,true],"b":{"c":""}},"parentToolCallId":"p","path":"/","sessionId":"s","toolName":"brave_search","type":"permission"}`},
		{"StreamEvents", "session_created", `{"createdAt":9223372036854775807,"sessionId":"other","title":"t","type":"session_created"}`},
		{"StreamEvents", "session_deleted", `{"sessionId":"other","type":"session_deleted"}`},
		{"StreamEvents", "thinking", `{"assistantMessageId":"a","content":"c","parentToolCallId":"p","type":"thinking"}`},
		{"StreamEvents", "tool_execution_complete", `{"parentToolCallId":"p","progress":"p","success":true,"toolCallId":"c","toolName":"a_b","type":"tool_execution_complete"}`},
		{"StreamEvents", "tool_execution_start", `{"parentToolCallId":"p","progress":"p","toolCallId":"c","toolName":"a_b","type":"tool_execution_start"}`},
		{"StreamEvents", "tool_use_parameter_delta", `{"assistantMessageId":"a","input":"\":1}","parentToolCallId":"p","toolCallId":"c","type":"tool_use_parameter_delta"}`},
		{"StreamEvents", "tool_use_parameter_streaming_complete", `{"assistantMessageId":"a","id":"i","input":"{}","name":"a_b","parentToolCallId":"p","type":"tool_use_parameter_streaming_complete"}`},
		{"StreamEvents", "tool_use_start", `{"assistantMessageId":"a","id":"i","name":"a_b","parentToolCallId":"p","type":"tool_use_start"}`},
		{"StreamEvents", "user_message_created", `{"content":"c","messageId":"m","parentToolCallId":"p","type":"user_message_created"}`},
	},
	"one-event-shape": {
		{"SseItemsItemsStreamGet", "", `{"name":"a","description":null}`},
		{"SseItemsItemsStreamGet", "item", `{"name":"a","description":"b"}`},
	},
	"openapi30": {
		{"OrderEvents", "order_placed", `{"id":"7","lines":[{"sku":"abc","count":2,"gift":true}]}`},
		{"OrderEvents", "order_changed", `{"id":"7","lines":[{"sku":"abc","count":2}]}`},
		{"OrderEvents", "order_shipped", `{"carrier":"DHL","parcels":{"1":[{"sku":"abc","count":2}]}}`},
		{"OrderEvents", "note", `"Leave it at the door"`},
		{"WarehouseAlerts", "alert", `{"level":"high","text":"Fire"}`},
	},
	"resumed": {
		{"CreateAnswer", "", `{"type":"answer.created","sequence_number":0,"answer":{"id":"a","status":"in_progress"}}`},
		{"CreateAnswer", "", `{"type":"answer.text.delta","sequence_number":1,"delta":"Hi"}`},
		{"GetAnswer", "", `{"type":"answer.completed","sequence_number":2,"answer":{"id":"a","status":"completed","text":"Hi"}}`},
		{"GetAnswer", "", `{"type":"answer.failed","sequence_number":2,"answer":{"id":"a","status":"failed"}}`},
	},
	"type-in-data": {
		{"CreateAnswer", "", `{"type":"answer.created","sequence_number":1,"answer":{"id":"a","text":""}}`},
		{"CreateAnswer", "", `{"type":"answer.text.delta","sequence_number":2,"delta":"Hi"}`},
		{"CreateAnswer", "x", `{"type":"answer.completed","sequence_number":3,"answer":{"id":"a","text":"Hi","usage":{"tokens":2}}}`},
	},
	"untyped": {
		{"FollowLogs", "", `"a line"`},
		{"FollowLogs", "stderr", `"a line"`},
		{"FollowTicks", "", `"tick"`},
	},
	"unions": {
		{"FollowJob", "", `{"type":"job.started","trace_id":"a","instructions":"Hi"}`},
		{"FollowJob", "", `{"type":"job.started","trace_id":1,"instructions":[{"kind":"output.text","text":"Hi"}]}`},
		{"FollowJob", "", `{"type":"job.part.added","part":{"kind":"picture","url":"a"}}`},
		{"FollowJob", "", `{"type":"job.part.done","part":{"kind":"refusal","why":"a"}}`},
		{"FollowJob", "", `{"type":"job.completed","seconds":1.5,"finish":"stop","last":{"kind":"refusal","why":"a"},"first":{"kind":"refusal","why":"a"},"next":{"type":"job.completed","seconds":null,"finish":null,"last":null,"first":null}}`},
		{"FollowJob", "", `{"type":"job.completed","seconds":null,"finish":null,"last":null,"first":null}`},
		{"FollowJob", "", `{"type":"job.failed","reason":{"code":"quota","quota":9007199254740993}}`},
		{"FollowJob", "", `{"type":"job.failed","reason":{"code":"trouble","early":true}}`},
	},
	"constants": {
		{"FollowOrders", "", `{"inner":{"a":"b"},"total":{"cents":1,"currency":"EUR"},"type":"placed","lines":[{"kind":"line"}],"gift":{"mood":"sad","wrap":"paper","rest":{"kind":"rest","more":1}}}`},
		{"FollowOrders", "", `{"carrier":"a","type":"shipped"}`},
		{"FollowOrders", "", `{"of":{},"type":"noted"}`},
		{"FollowOrders", "", `{"a":1,"type":"returned"}`},
		{"FollowLogs", "line", `{"kind":"line"}`},
		{"FollowLogs", "shipment", `{"type":"a"}`},
		{"FollowLogs", "end", `"[END]"`},
		{"FollowLogs", "ends", `[{"of":"all"}]`},
	},
	"kinds": {
		{"GetNested", "", `{"type":"walked","steps":1}`},
		{"GetNested", "", `{"type":"cycled","km":16777217.5}`},
		{"GetNested", "", `{"type":"driven","km":2}`},
		{"GetNested", "", `{"type":"stopped","why":"tired"}`},
		{"Based", "", `{"at":1,"kind":"up","by":2}`},
		{"Based", "", `{"at":1,"kind":"down"}`},
		{"CreateThing", "made", `{"size":1,"color":"red"}`},
		{"ThingEvents", "made", `{"size":1}`},
		{"ThingEvents", "gone", `{"name":"a","children":[{"name":"b"}]}`},
		{"SendForm", "list", `[{"name":"a"}]`},
		{"SendForm", "count", `9007199254740991`},
		{"SendForm", "flag", `true`},
		{"SendForm", "maybe", `null`},
		{"SendForm", "maybe", `"x"`},
		{"SendForm", "map", `{"a":1}`},
		{"SendForm", "extra", `{"a":"b","c":1}`},
		{"SendForm", "extras", `{"a":"b","c":1}`},
		{"SendForm", "either", `{"kind":"down","by":1}`},
		{"SendForm", "any", `[1,{"a":null}]`},
		{"SendForm", "quoted", `"x"`},
		{"SendForm", "when", `"2026-01-02T03:04:05Z"`},
		{"SendForm", "level", `"high"`},
		{"SendForm", "narrowed", `{"name":"a","children":[]}`},
		{"SendForm", "tree", `{"name":"a"}`},
		{"SendForm", "node", `{"next":{"next":{"value":1}}}`},
		{"SendForm", "one", `{"name":"a"}`},
		{"SendForm", "two", `{"name":"a"}`},
		{"SendForm", "a-b", `"x"`},
		{"SendForm", "", `{"kind":"down"}`},
		{"SendForm", "whatever", `{"kind":"down"}`},
	},
	"spring": {
		{"StreamSse", "", `{"id":1,"createdAt":"2026-01-02T03:04:05Z"}`},
		{"StreamSse", "placed", `{"id":9007199254740991}`},
		{"StreamOrders", "", `{"id":1}`},
		{"Emit", "", `{"timeout":1}`},
	},
	"nest": {
		{"AppControllerSse", "", `{"a":[1,null]}`},
		{"AppControllerSse", "x", `{}`},
		{"NotificationsControllerStream", "notification", `{"text":"a","read":false}`},
	},
	"named-twice": {
		{"StartTalk", "talk.started", `{"type":"talk.started","id":"a"}`},
		{"StartTalk", "talk.delta", `{"type":"talk.delta","text":"a"}`},
		{"StartTalk", "talk.failed", `{"code":1}`},
		{"StartTalk", "talk.other", `{"type":"talk.delta","text":"a"}`},
	},
	"micronaut": {
		{"FollowRun", "", `{"id":"a"}`},
		{"FollowRun", "progress", `{"id":"a","state":"DONE"}`},
	},
	"dotnet10": {
		{"GetSseItem", "", `{"bpm":70,"mean":70.5,"note":true}`},
		{"GetSseItem", "beat", `{"bpm":70,"note":"a"}`},
	},
	"fern": {
		{"MonitorPlant", "", `{"moisture":0.5}`},
		{"ChatAboutPlants", "", `{"delta":"a"}`},
	},
	"typespec": {
		{"SearchChannel", "userconnect", `{"username":"a","time":"b"}`},
		{"SearchChannel", "usermessage", `"a"`},
		{"SearchChannel", "done", `"[unsubscribe]"`},
		{"SearchChannel", "", `"a"`},
		{"SearchChannel", "x", `"a"`},
		{"WatchChannel", "", `{"kind":"opened","by":"a"}`},
		{"WatchChannel", "", `{"kind":"closed","text":"a"}`},
	},
	"assistants": {
		{"CreateThreadAndRun", "thread.created", `{"id":"a"}`},
		{"CreateThreadAndRun", "thread.run.created", `{"id":"a","usage":{"tokens":1}}`},
		{"CreateThreadAndRun", "thread.run.step.delta", `{"steps":[{"id":"a"},{"id":"b","error":{"code":"c"}}]}`},
		{"CreateThreadAndRun", "done", `"[DONE]"`},
		{"CreateChat", "", `{"delta":"a"}`},
		{"CreateMixed", "", `{"delta":"a"}`},
		{"CreateMixed", "", `{"id":"a"}`},
	},
	"classes": {
		{"WatchFleet", "", `{"kind":"car","plate":"a","doors":3}`},
		{"WatchFleet", "", `{"kind":"truck","plate":"a","load":{"tons":1.5}}`},
		{"FleetEvents", "moved", `{"at":1,"speed":2}`},
		{"FleetEvents", "Parked", `{"at":1}`},
	},
	"nullable30": {
		{"SensorEvents", "read", `{"value":1.5,"unit":{"name":"a"}}`},
		{"SensorEvents", "read", `{"value":null}`},
		{"SensorEvents", "read", `null`},
		{"SensorEvents", "described", `{"value":1}`},
		{"SensorEvents", "level", `"low"`},
		{"SensorEvents", "level", `null`},
		{"SensorEvents", "moved", `{"to":"a"}`},
		{"SensorEvents", "moved", `null`},
		{"SensorEvents", "lost", `{"since":"a"}`},
		{"SensorEvents", "lost", `null`},
	},
	"nullable31": {
		{"SensorEvents", "read", `{"value":1.5,"unit":"a"}`},
		{"SensorEvents", "read", `null`},
		{"SensorEvents", "reread", `{"value":null}`},
		{"SensorEvents", "reread", `null`},
		{"SensorEvents", "moved", `{"to":"a"}`},
		{"SensorEvents", "moved", `null`},
		{"SensorEvents", "level", `"low"`},
		{"SensorEvents", "level", `null`},
		{"SensorEvents", "gone", `null`},
	},
	"odd-names": {
		{"GetAB", "", `{"foo-bar":"a","foo_bar":1,"fooBar":true,"+1":2,"-1":3,"1st":4,"名":"b","server":{"x":"c"}}`},
		{"GetAB2", "", `{"a-b":"a","a_b":1}`},
		{"ClientOperation", "", `{"message":"a"}`},
		{"N2OddThings", "type", `"a"`},
		{"N2OddThings", "404", `1`},
		{"N2OddThings", "größe", `1`},
		{"N2OddThings", "日本", `1`},
		{"N2OddThings", "🎉", `1`},
		{"N2OddThings", "a.b/c d", `1`},
		{"N2OddThings", "", `1`},
		{"N2OddThings", "foo-bar", `{"x":1}`},
		{"N2OddThings", "foo_bar", `{"x":1}`},
		{"N2OddThings", "fooBar", `{"x":1}`},
		{"N2OddThings", "unknown", `{"a-b":"a"}`},
	},
	"recursive": {
		{"TreeEvents", "grown", `{"leaves":[{"on":{},"next":{}}]}`},
		{"TreeEvents", "quoted", `{"of":{"event":"quoted","data":{"by":"a"}},"by":"b"}`},
		{"TreeEvents", "index", `{"a":{"b":{}}}`},
		{"TreeEvents", "twig", `{"twigs":[{}]}`},
	},
	"statuses": {
		{"ExportEvents", "row", `{"text":"a"}`},
		{"ExportEvents", "finished", `{"rows":9007199254740991}`},
		{"ExportEvents", "resumed", `1`},
		{"WatchExports", "", `{"text":"a"}`},
		{"WatchHealth", "", `{"text":"a"}`},
	},
	"serde": {
		{"Internal", "", `{"type":"Started","id":"123e4567-e89b-12d3-a456-426614174000"}`},
		{"Internal", "", `{"type":"Failed","code":1,"why":"a"}`},
		{"Internal", "", `{"type":"Idle"}`},
		{"ExternalStream", "", `{"Started":{"id":"a"}}`},
		{"ExternalStream", "", `{"Failed":{"code":1}}`},
		{"ExternalStream", "", `"Idle"`},
	},
	"files": {
		{"ShopEvents", "order_placed", `{"id":"a","total":{"cents":1,"currency":"EUR"},"follows":{"id":"b"},"lines":[{"sku":"c"}]}`},
		{"ShopEvents", "order_noted", `{"text":"a","order":{"id":"b"}}`},
		{"ShopEvents", "closed", `{"cents":1}`},
	},
}

// TestConfigurations generates the events beside every server that oapi-codegen makes, and
// compiles those whose modules are available.
func TestConfigurations(t *testing.T) {
	slow(t)
	o := newOutside(t, "../..")
	const spec, options = "testdata/specs/openapi30.yaml", "output-options: {name-normalizer: ToCamelCaseWithInitialisms}\n"
	compiled := []string{"client", "models", "std", "stdstrict", "chi", "chistrict", "embedded", "eventsonly"}
	for folder, generate := range map[string]string{
		"client": "client: true", "models": "", "std": "std-http-server: true", "stdstrict": "std-http-server: true, strict-server: true, client: true",
		"chi": "chi-server: true", "chistrict": "chi-server: true, strict-server: true", "embedded": "std-http-server: true, embedded-spec: true",
		"gin": "gin-server: true", "ginstrict": "gin-server: true, strict-server: true, client: true",
		"echo": "echo-server: true", "echostrict": "echo-server: true, strict-server: true", "echo5": "echo5-server: true",
		"fiber": "fiber-server: true, strict-server: true", "gorilla": "gorilla-server: true", "iris": "iris-server: true",
	} {
		o.write(t, folder+"/oapi-codegen.yaml", "generate: {models: true, "+generate+"}\n"+options)
		o.eventgen(t, folder, spec)
		code, err := os.ReadFile(filepath.Join(o.dir, folder, "api.gen.go"))
		if err != nil {
			t.Fatal(err)
		}
		for text, want := range map[string]bool{
			"Requests: &requestsOfOrderEvents": strings.Contains(generate, "client"),
			"type UnimplementedServer struct":  strings.Contains(generate, "strict"),
			"type OrderShipped struct":         true,
			"type OrderPlaced Order":           true,
		} {
			if strings.Contains(string(code), text) != want {
				t.Errorf("%s: that it has %q is %t", folder, text, !want)
			}
		}
		if !slices.Contains(compiled, folder) {
			if err := os.RemoveAll(filepath.Join(o.dir, folder)); err != nil {
				t.Fatal(err)
			}
		}
	}
	// The user runs oapi-codegen, and generates only the events.
	own := ownOutput(t, spec, "eventsonly", options)
	o.write(t, "eventsonly/api.gen.go", own)
	o.write(t, "eventsonly/oapi-codegen.yaml", ownConfig+options)
	o.eventgen(t, "eventsonly", "-events-only", spec)
	if got, err := os.ReadFile(filepath.Join(o.dir, "eventsonly", "api.gen.go")); err != nil || string(got) != own {
		t.Errorf("-events-only has changed what oapi-codegen made: %v", err)
	}
	if out, err := o.golang(t, "vet", "./..."); err != nil {
		t.Errorf("go vet: %v\n%s", err, out)
	}
}
