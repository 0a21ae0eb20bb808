package client

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"
)

func TestSecretIsNeverPrinted(t *testing.T) {
	t.Parallel()
	type holder struct {
		S Secret
		P *Secret
		L []Secret
		M map[string]Secret
	}
	s := Secret("hidden")
	h := holder{s, &s, []Secret{s}, map[string]Secret{"k": s}}
	var shown strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "%t", "%10s", "%e"} {
		fmt.Fprintf(&shown, verb+verb+verb, s, h, &s)
	}
	for _, handler := range []slog.Handler{slog.NewTextHandler(&shown, nil), slog.NewJSONHandler(&shown, nil)} {
		slog.New(handler).Info("m", "s", s, "h", h, "p", &s)
	}
	data, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	shown.Write(data)
	shown.WriteString(s.String() + s.GoString() + s.LogValue().String())
	if got := shown.String(); strings.Contains(got, "hidden") || strings.Contains(got, "68696464656e") || !strings.Contains(got, redacted) {
		t.Errorf("printed %s", got)
	}
	var read Secret
	if err := json.Unmarshal([]byte(`"hidden"`), &read); err != nil || read != s {
		t.Errorf("read %q, %v", string(read), err)
	}
}

func TestScrub(t *testing.T) {
	t.Parallel()
	const s = "a/b+c=d e"
	once := strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
	twice := url.QueryEscape(once)
	text := "x" + s + "y" + once + "z" + twice
	if got, want := scrub(text, []Secret{"", "abc", s}), "x[redacted]y[redacted]z[redacted]"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := scrub("abc and ab", []Secret{"ab"}); got != "abc and ab" {
		t.Errorf("a short secret: %q", got)
	}
}

// Whatever the secret and whatever stands around it: it is in no scrubbed text, neither as it is nor percent-encoded.
func FuzzScrub(f *testing.F) {
	f.Add("secret/+=%", "before ", " after")
	f.Add("dact", "[redacted]", "dac")
	f.Fuzz(func(t *testing.T, secret, before, after string) {
		if len(secret) < shortestScrubbed || strings.Contains(secret, "\x00") {
			return
		}
		once := strings.ReplaceAll(url.QueryEscape(secret), "+", "%20")
		got := scrub(before+secret+after+once+before, []Secret{Secret(secret)})
		rest := strings.ReplaceAll(got, redacted, "\x00") // what a secret and "[redacted]" have in common is no leak
		if strings.Contains(rest, secret) || strings.Contains(rest, once) {
			t.Errorf("%q shows in %q", secret, got)
		}
	})
}

func TestParseEndpoint(t *testing.T) {
	t.Parallel()
	for endpoint, want := range map[string]string{
		"https://h.example": "https://h.example", "http://127.0.0.1:8080/": "http://127.0.0.1:8080", "h.example": "https://h.example",
		"https://h/openapi/": "https://h/openapi", "h:8443": "https://h:8443",
		"": "", "ftp://h": "", "http://": "", "https://u:p@h": "", "https://h?x": "", "https://h#x": "", "http://[::1": "", "https://h/%zz": "",
	} {
		u, err := ParseEndpoint(endpoint)
		switch {
		case err != nil && want != "", err == nil && u.String() != want:
			t.Errorf("%q: %v, %v; want %q", endpoint, u, err, want)
		case err != nil && strings.Contains(err.Error(), "p@"):
			t.Errorf("%q: a password shows: %v", endpoint, err)
		}
	}
}

func TestHeaderSafe(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{"": true, "a b": true, "审": true, "a\n": false, "a\x7f": false, " a": false, "a\tb": false} {
		if got := HeaderSafe(s); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
}
