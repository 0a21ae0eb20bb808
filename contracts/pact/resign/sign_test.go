package resign

import (
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestParseMode(t *testing.T) {
	t.Parallel()
	for _, m := range Modes {
		if got, err := ParseMode(string(m)); got != m || err != nil {
			t.Errorf("%s: %s, %v", m, got, err)
		}
	}
	if got, err := ParseMode(""); got != Good || err != nil {
		t.Errorf("empty: %s, %v", got, err)
	}
	if _, err := ParseMode("perhaps"); err == nil {
		t.Error("perhaps is a mode")
	}
}

func TestPick(t *testing.T) {
	t.Parallel()
	var k Keys
	k.Learn(map[string]any{"quickbi": map[string]any{"access_key_id": "first", "access_key_secret": "s1",
		"temporary_access_key_id": "STS.1", "temporary_access_key_secret": "s2", "security_token": "t1"}})
	k.LearnRecords([]map[string]any{{"id": "second", "secret": "s3"}, {"id": "STS.expired", "secret": "s5", "token": "t3"}})
	k.LearnState(map[string]any{"access_key_id": "STS.2", "access_key_secret": "s4", "security_token": "t2"})
	k.LearnState(map[string]any{"access_key_id": "no secret"})
	k.LearnRecords([]map[string]any{{"id": "STS.late", "secret": "s6", "token": "t4"}})
	tests := []struct {
		name, recorded string
		temporary      bool
		want           string
	}{
		{"Recorded", "second", false, "second"},
		{"RecordedTemporary", "STS.1", true, "STS.1"},
		{"Unknown", "testid", false, "first"},
		{"UnknownTemporary", "STS.x", true, "STS.2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, ok := k.pick("quickbi", tt.recorded, tt.temporary); !ok || got.ID != tt.want {
				t.Errorf("got %q, %v", got.ID, ok)
			}
		})
	}
	if _, ok := k.pick("wps", "x", false); ok {
		t.Error("a key of wps")
	}
}

func TestWithout(t *testing.T) {
	t.Parallel()
	tests := []struct{ query, want string }{
		{"", ""}, {"a=1", "a=1"}, {"Signature=x", ""}, {"a=%e4&Signature=x&b", "a=%e4&b"}, {"Signatur%65=x&a=1", "a=1"}, {"%zz=1&Signature", "%zz=1"},
	}
	for _, tt := range tests {
		if got := without(tt.query, "Signature"); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.query, got, tt.want)
		}
	}
}

// What is kept is kept as it was written, and in its order; what can be read has no such name any more.
func FuzzWithout(f *testing.F) {
	f.Add("a=1&Signature=x&Signature=y&b=%2B+")
	f.Add("&&=&%zz&Sign%61ture")
	f.Fuzz(func(t *testing.T, query string) {
		got := without(query, "Signature")
		parts := strings.Split(query, "&")
		at := 0
		for _, part := range strings.Split(got, "&") {
			n := slices.Index(parts[at:], part)
			if n < 0 && got != "" {
				t.Fatalf("%q has %q, which %q has not", got, part, query)
			}
			at += max(n, 0)
		}
		if values, err := url.ParseQuery(got); err == nil && values.Has("Signature") {
			t.Errorf("%q is left of %q", got, query)
		}
	})
}
