package eventjson_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/contract/eventjson"
)

// token is a short event, as a model's output consists of.
type token struct {
	Type               string  `json:"type"`
	Content            string  `json:"content"`
	AssistantMessageID *string `json:"assistantMessageId,omitempty"`
}

func decodeToken(d *eventjson.Decoder, v *token) {
	for ok := d.Object(); ok; ok = d.NextMember() {
		switch string(d.Name()) {
		case "type":
			v.Type = d.Const("content")
		case "content":
			v.Content = d.String()
		case "assistantMessageId":
			if v.AssistantMessageID = nil; !d.Null() {
				v.AssistantMessageID = new(d.String())
			}
		default:
			d.Skip()
		}
	}
}

func encodeToken(e *eventjson.Encoder, v *token) {
	e.Object()
	e.StringMember(`"type":`, v.Type)
	e.StringMember(`"content":`, v.Content)
	if v.AssistantMessageID != nil {
		e.StringMember(`"assistantMessageId":`, *v.AssistantMessageID)
	}
	e.EndObject()
}

// notice is an event with many members.
type notice struct {
	Choices   []string `json:"choices,omitempty"`
	CreatedAt int64    `json:"createdAt"`
	ID        string   `json:"id"`
	Message   string   `json:"message"`
	Kind      string   `json:"notificationType"`
	Parent    *string  `json:"parentToolCallId,omitempty"`
	Response  string   `json:"responseType"`
	SessionID string   `json:"sessionId"`
	Timeout   int64    `json:"timeout"`
	Title     string   `json:"title"`
	Type      string   `json:"type"`
}

func decodeNotice(d *eventjson.Decoder, v *notice) {
	for ok := d.Object(); ok; ok = d.NextMember() {
		switch string(d.Name()) {
		case "choices":
			v.Choices = decodeStrings(d)
		case "createdAt":
			v.CreatedAt = d.Int(64)
		case "id":
			v.ID = d.String()
		case "message":
			v.Message = d.String()
		case "notificationType":
			v.Kind = d.String()
		case "parentToolCallId":
			if v.Parent = nil; !d.Null() {
				v.Parent = new(d.String())
			}
		case "responseType":
			v.Response = d.String()
		case "sessionId":
			v.SessionID = d.String()
		case "timeout":
			v.Timeout = d.Int(64)
		case "title":
			v.Title = d.String()
		case "type":
			v.Type = d.Const("notification")
		default:
			d.Skip()
		}
	}
}

func encodeNotice(e *eventjson.Encoder, v *notice) {
	e.Object()
	if len(v.Choices) > 0 {
		e.Name(`"choices":`)
		encodeStrings(e, v.Choices)
	}
	e.Name(`"createdAt":`)
	e.Int(v.CreatedAt)
	e.StringMember(`"id":`, v.ID)
	e.StringMember(`"message":`, v.Message)
	e.StringMember(`"notificationType":`, v.Kind)
	if v.Parent != nil {
		e.StringMember(`"parentToolCallId":`, *v.Parent)
	}
	e.StringMember(`"responseType":`, v.Response)
	e.StringMember(`"sessionId":`, v.SessionID)
	e.Name(`"timeout":`)
	e.Int(v.Timeout)
	e.StringMember(`"title":`, v.Title)
	e.StringMember(`"type":`, v.Type)
	e.EndObject()
}

// The texts of the benchmarks.
var (
	tokenText  = `{"type":"content","content":" token","assistantMessageId":"msg_01abc"}`
	noticeText = `{"choices":["yes","no","later"],"createdAt":1767225600000,"id":"ntf_01HX2",` +
		`"message":"The build of the main branch is done. Shall I deploy it?","notificationType":"question",` +
		`"parentToolCallId":"toolu_01A09q90qw90lq917835lq9","responseType":"choice","sessionId":"ses_7f3a",` +
		`"timeout":300000,"title":"Build finished","type":"notification"}`
	plainText   = `{"type":"content","content":"` + strings.Repeat("All is well. ", 315) + `"}`
	escapedText = `{"type":"content","content":"` + strings.Repeat(`func add(a, b int) int {\n\treturn a + b // the sum\n}\n\nfmt.Println(\"1 \u003c 2:\", add(1, 2))\n`, 42) + `"}`
	foreignText = `{"type":"content","content":"` + strings.Repeat("Größe: 你好，世界。", 160) + `"}`
)

func BenchmarkDecode(b *testing.B) {
	for _, bench := range []struct{ name, text string }{
		{"token", tokenText}, {"plain 4 KB", plainText}, {"escaped 4 KB", escapedText}, {"foreign 4 KB", foreignText},
	} {
		benchmarkDecode[token](b, bench.name, bench.text, func(data []byte) error {
			v := new(token)
			d := eventjson.NewDecoder(data)
			decodeToken(&d, v)
			return d.Finish()
		})
	}
	benchmarkDecode[notice](b, "notice", noticeText, func(data []byte) error {
		v := new(notice)
		d := eventjson.NewDecoder(data)
		decodeNotice(&d, v)
		return d.Finish()
	})
	benchmarkDecode[any](b, "any", noticeText, func(data []byte) error {
		d := eventjson.NewDecoder(data)
		d.Any()
		return d.Finish()
	})
	benchmarkDecode[json.RawMessage](b, "raw", noticeText, func(data []byte) error {
		d := eventjson.NewDecoder(data)
		d.Raw()
		return d.Finish()
	})
}

// benchmarkDecode measures a function beside json.Unmarshal into a T.
func benchmarkDecode[T any](b *testing.B, name, text string, decode func(data []byte) error) {
	for _, by := range []struct {
		name   string
		decode func(data []byte) error
	}{
		{"eventjson", decode},
		{"encoding", func(data []byte) error { return json.Unmarshal(data, new(T)) }},
	} {
		b.Run(name+"/"+by.name, func(b *testing.B) {
			data := []byte(text)
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if err := by.decode(data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkEncode(b *testing.B) {
	for _, bench := range []struct{ name, text string }{
		{"token", tokenText}, {"plain 4 KB", plainText}, {"escaped 4 KB", escapedText}, {"foreign 4 KB", foreignText},
	} {
		benchmarkEncode(b, bench.name, bench.text, func(b []byte, v *token) ([]byte, error) {
			e := eventjson.NewEncoder(b)
			encodeToken(&e, v)
			return e.Finish()
		})
	}
	benchmarkEncode(b, "notice", noticeText, func(b []byte, v *notice) ([]byte, error) {
		e := eventjson.NewEncoder(b)
		encodeNotice(&e, v)
		return e.Finish()
	})
	benchmarkEncode(b, "any", noticeText, func(b []byte, v *any) ([]byte, error) {
		e := eventjson.NewEncoder(b)
		e.Any(*v)
		return e.Finish()
	})
	benchmarkEncode(b, "raw", noticeText, func(b []byte, v *json.RawMessage) ([]byte, error) {
		e := eventjson.NewEncoder(b)
		e.Raw(*v)
		return e.Finish()
	})
}

// benchmarkEncode measures a function, which appends to a slice, beside an encoder of
// encoding/json with a buffer.
func benchmarkEncode[T any](b *testing.B, name, text string, encode func(b []byte, v *T) ([]byte, error)) {
	v := new(T)
	if err := json.Unmarshal([]byte(text), v); err != nil {
		b.Fatal(err)
	}
	var slice []byte
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	for _, by := range []struct {
		name   string
		encode func() error
	}{
		{"eventjson", func() (err error) {
			slice, err = encode(slice[:0], v)
			return err
		}},
		{"encoding", func() error {
			buffer.Reset()
			return encoder.Encode(v)
		}},
	} {
		b.Run(name+"/"+by.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if err := by.encode(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
