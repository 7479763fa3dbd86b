package pathtemplate_test

import (
	"net/url"
	"slices"
	"testing"

	"github.com/mixstream/mixstream/internal/pathtemplate"
)

// A template matches the path that Fill makes, whatever comes before it.
func TestTemplate(t *testing.T) {
	for _, test := range []struct {
		template, base string
		values         []string
		want           string
	}{
		{"/orders/{id}/events", "", []string{"7"}, "/orders/7/events"},
		{"/orders/{id}/events", "/v2%2F", []string{"a/b %ü?"}, "/orders/a%2Fb%20%25%C3%BC%3F/events"},
		{"/a/{x}-{y}/{z}.json", "/api/v2", []string{"1", "2", "3.4"}, "/a/1-2/3.4.json"},
		{"/plain", "/api", nil, "/plain"},
	} {
		template := pathtemplate.Compile(test.template)
		i := -1
		path := template.Fill(func(name string) string {
			if i++; template.Params()[i] != name {
				t.Errorf("%s: parameter %d is %s", test.template, i, name)
			}
			return test.values[i]
		})
		if path != test.want {
			t.Errorf("%s: filled to %s, want %s", test.template, path, test.want)
		}
		u, err := url.Parse("https://host" + test.base + path + "?a=b")
		if err != nil {
			t.Fatal(err)
		}
		if values, ok := template.Match(u); !ok || !slices.Equal(values, test.values) || template.Base(u) != test.base {
			t.Errorf("%s: %s matches as %q, %t, below %q", test.template, u, values, ok, template.Base(u))
		}
	}
	for path, want := range map[string]bool{"/x-y": true, "/x-y-z": false, "/x--y": false, "/a%2Db-c": false} {
		u, err := url.Parse("https://host/api" + path)
		if err != nil {
			t.Fatal(err)
		}
		if got := pathtemplate.Compile("/{a}-{b}").IsUnique(u); got != want {
			t.Errorf("%s: unique: %t", path, got)
		}
	}
	u := &url.URL{Path: "/orders"}
	if _, ok := pathtemplate.Compile("/orders/{id}/events").Match(u); ok {
		t.Error("a shorter path matches")
	}
}
