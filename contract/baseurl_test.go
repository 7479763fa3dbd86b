package contract_test

import (
	"testing"

	"github.com/mixstream/mixstream/contract"
)

func TestBaseURL(t *testing.T) {
	for server, want := range map[string]string{
		"https://host":          "https://host/",
		"https://host/":         "https://host/",
		"https://host/v2":       "https://host/v2/",
		"https://host/v2/":      "https://host/v2/",
		"https://host/a%2Fb":    "https://host/a%2Fb/",
		"https://host/v2?key=a": "https://host/v2/?key=a",
		"":                      "/",
		"://":                   "://",
	} {
		if got := contract.BaseURL(server); got != want {
			t.Errorf("%q: got %q, want %q", server, got, want)
		}
	}
}
