package redact_test

import (
	"errors"
	"io"
	"net/url"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/internal/redact"
)

func TestURL(t *testing.T) {
	for raw, want := range map[string]string{
		"http://host:80/a":              "http://host:80/a",
		"http://host/a@b":               "http://host/a@b",
		"http://user:secret@host/a?b=c": "http://xxxxx@host/a?b=c",
		"http://secret@host":            "http://xxxxx@host",
		"http://:secret@host":           "http://xxxxx@host",
		"http://user:secret@host:port":  "http://xxxxx@host:port",
		"http://user:se/cret@host":      "http://xxxxx@host",
		"http://user:se cret@host":      "http://xxxxx@host",
		"http://user:s%zzecret@host":    "http://xxxxx@host",
		"http://user:sec@ret@host":      "http://xxxxx@host",
		"user:secret@host":              "xxxxx@host",
		"//user:secret@host":            "//xxxxx@host",
		"http://host/?password=secret":  "http://host/?password=xxxxx",
		"host=h password='sec ret'":     "host=h password=xxxxx",

		"postgres://host:5432/db":                          "postgres://host:5432/db",
		"postgresql://user:secret@a:1,b,[::1]:2/db":        "postgresql://xxxxx@a:1,b,[::1]:2/db",
		"postgres://user:se?c#ret@host":                    "postgres://xxxxx@host",
		"postgres://user:s%zzecret@%2Frun:1/":              "postgres://xxxxx@%2Frun:1/",
		"postgres://host/db?sslmode=require&pass%77ord=se": "postgres://host/db?xxxxx",
		"postgres://user:sec@ret:1@host":                   "postgres://xxxxx",
		"postgres://user:12/secret@host":                   "postgres://xxxxx",
		"postgres://user:12?secret@host/db":                "postgres://xxxxx@host/db",
		"postgres://host/x?a=se@cret":                      "postgres://xxxxx",
		"postgres://user:se\ncret@host":                    "postgres://xxxxx@host",
		"postgres://user:secret":                           "postgres://xxxxx",
		"POSTGRES://user:secret@host/db":                   "POSTGRES://xxxxx@host/db",
	} {
		if got := redact.URL(raw); got != want {
			t.Errorf("%s: got %s, want %s", raw, got, want)
		}
		_, err := url.Parse(raw)
		if err = redact.Error(err); err != nil && (strings.Contains(err.Error(), "cret") || strings.Contains(err.Error(), `":se"`)) {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

func TestError(t *testing.T) {
	err := redact.Error(&url.Error{Op: "Get", URL: "http://secret@host/", Err: io.ErrUnexpectedEOF})
	if err.Error() != `Get "http://xxxxx@host/": unexpected EOF` || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
	if err := redact.Error(io.EOF); !errors.Is(err, io.EOF) || redact.Error(nil) != nil {
		t.Error("another error is not as it was")
	}
}

func TestText(t *testing.T) {
	const text = `Get "http://user:secret@host/a@b": nats://token@a,nats://b and mail@example.com, "postgres://u:p@h/d?x=y" or postgres://h; password=secret`
	if got, want := redact.Text(text), `Get "http://xxxxx@host/a@b": nats://xxxxx@a,nats://b and mail@example.com, "postgres://xxxxx@h/d?xxxxx" or postgres://h; password=xxxxx`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
