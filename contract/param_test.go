package contract_test

import (
	"strings"
	"testing"

	"github.com/mixstream/mixstream/contract"
)

func TestCanonical(t *testing.T) {
	const uuid = "0b1e4c6a-9b5d-4f6e-8a57-3c2d1e0f9a8b"
	for _, test := range []struct{ typ, value, want string }{
		{"", "007", "007"},
		{"", "", ""},
		{"", "\x00\xff", "\x00\xff"},
		{"integer", "7", "7"},
		{"integer", "007", "7"},
		{"integer", "+7", "7"},
		{"integer", "-07", "-7"},
		{"integer", "-0", "0"},
		{"integer", "-9223372036854775808", "-9223372036854775808"},
		{"integer", "018446744073709551615", "18446744073709551615"},
		{"uuid", uuid, uuid},
		{"uuid", strings.ToUpper(uuid), uuid},
	} {
		p := contract.Param{In: "path", Name: "id", Type: test.typ}
		if got, err := p.Canonical(test.value); got != test.want || err != nil {
			t.Errorf("%s %q: got %q, %v, want %q", test.typ, test.value, got, err, test.want)
		}
		if again, err := p.Canonical(test.want); again != test.want || err != nil {
			t.Errorf("%s %q is not canonical: %q, %v", test.typ, test.want, again, err)
		}
	}
	for _, test := range []struct{ typ, value, want string }{
		{"integer", "", "query parameter id: must be an integer"},
		{"integer", "1.0", "query parameter id: must be an integer"},
		{"integer", "1e3", "query parameter id: must be an integer"},
		{"integer", "0x7", "query parameter id: must be an integer"},
		{"integer", "1_000", "query parameter id: must be an integer"},
		{"integer", " 7", "query parameter id: must be an integer"},
		{"integer", "\u0667", "query parameter id: must be an integer"},
		{"integer", "18446744073709551616", "query parameter id: must be an integer"},
		{"uuid", "", "query parameter id: must be a UUID"},
		{"uuid", uuid[1:], "query parameter id: must be a UUID"},
		{"uuid", uuid + "0", "query parameter id: must be a UUID"},
		{"uuid", strings.ReplaceAll(uuid, "-", "0"), "query parameter id: must be a UUID"},
		{"uuid", "g" + uuid[1:], "query parameter id: must be a UUID"},
		{"uuid", "{" + uuid[:34] + "}", "query parameter id: must be a UUID"},
	} {
		p := contract.Param{In: "query", Name: "id", Type: test.typ}
		if got, err := p.Canonical(test.value); got != "" || err == nil || err.Error() != test.want {
			t.Errorf("%s %q: got %q, %v, want %q", test.typ, test.value, got, err, test.want)
		}
	}
}
