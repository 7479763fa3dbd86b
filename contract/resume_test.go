package contract_test

import (
	"reflect"
	"testing"

	"github.com/mixstream/mixstream/contract"
)

func TestParseExpression(t *testing.T) {
	for from, want := range map[string]contract.Expression{
		"":                            {},
		"true":                        {Constant: "true"},
		"a$event.id":                  {Constant: "a$event.id"},
		"$event.id":                   {EventID: true},
		"$event.data":                 {InData: true},
		"$event.data#":                {InData: true},
		"$event.data#/":               {InData: true, Pointer: []string{""}},
		"$event.data#/answer/id":      {InData: true, Pointer: []string{"answer", "id"}},
		"$event.data#/0/a~1b/c~0d":    {InData: true, Pointer: []string{"0", "a/b", "c~d"}},
		"$event.data#/~01":            {InData: true, Pointer: []string{"~1"}},
		"$request.path.answer_id":     {PathParam: "answer_id"},
		"$request.path.answer.id":     {PathParam: "answer.id"},
		"$request.path.$request.path": {PathParam: "$request.path"},
	} {
		if got, err := contract.ParseExpression(from); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v", from, got, err)
		}
	}
}

func TestParseMalformedExpression(t *testing.T) {
	const forms = ": an expression is $event.id, $event.data#/json/pointer or $request.path.NAME, and a constant cannot begin with $"
	for from, want := range map[string]string{
		"$":                  `malformed expression "$"` + forms,
		"$event":             `malformed expression "$event"` + forms,
		"$event.ids":         `malformed expression "$event.ids"` + forms,
		"$event.database":    `malformed expression "$event.database"` + forms,
		"$event.data/a":      `malformed expression "$event.data/a"` + forms,
		"$request.path.":     `malformed expression "$request.path."` + forms,
		"$request.query.a":   `malformed expression "$request.query.a"` + forms,
		"$response.body#/id": `malformed expression "$response.body#/id"` + forms,
		"$event.data#a":      `malformed expression "$event.data#a": the JSON pointer "a" does not begin with /`,
		"$event.data#/a~":    `malformed expression "$event.data#/a~": the JSON pointer "/a~" has a ~ that is neither ~0 nor ~1`,
		"$event.data#/a~2":   `malformed expression "$event.data#/a~2": the JSON pointer "/a~2" has a ~ that is neither ~0 nor ~1`,
	} {
		if got, err := contract.ParseExpression(from); err == nil || err.Error() != want {
			t.Errorf("%s: got %+v, %v\nwant %s", from, got, err, want)
		}
	}
}
