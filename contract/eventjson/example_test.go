package eventjson_test

import (
	"fmt"

	"github.com/mixstream/mixstream/contract/eventjson"
)

// Content is what a generated type looks like.
type Content struct {
	Text string
	Tags []string
}

func decodeContent(d *eventjson.Decoder, v *Content) {
	for ok := d.Object(); ok; ok = d.NextMember() {
		switch string(d.Name()) {
		case "text":
			v.Text = d.String()
		case "tags":
			v.Tags = nil
			for ok := d.Array(); ok; ok = d.NextItem() {
				v.Tags = append(v.Tags, d.String())
			}
		default:
			d.Skip()
		}
	}
}

func encodeContent(e *eventjson.Encoder, v *Content) {
	e.Object()
	e.StringMember(`"text":`, v.Text)
	e.Name(`"tags":`)
	e.Array()
	for _, tag := range v.Tags {
		e.String(tag)
	}
	e.EndArray()
	e.EndObject()
}

func ExampleDecoder() {
	for _, text := range []string{`{"text":"hi","tags":["a","b"],"more":{}}`, `{"text":"hi","tags":["a",7]}`} {
		var v Content
		d := eventjson.NewDecoder([]byte(text))
		decodeContent(&d, &v)
		fmt.Println(v, d.Finish())
	}
	// Output:
	// {hi [a b]} <nil>
	// {hi [a ]} data/tags/1: must be of type string, not number
}

func ExampleEncoder() {
	e := eventjson.NewEncoder([]byte("data: "))
	encodeContent(&e, &Content{Text: "a\nb", Tags: []string{"x"}})
	text, err := e.Finish()
	fmt.Printf("%s %v\n", text, err)
	// Output: data: {"text":"a\nb","tags":["x"]} <nil>
}
