package wps

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // a mistake to be recognised
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign/mockserver"
)

// vector is one file of specs/wps/signing.txtar.
type vector struct {
	Scheme       string            `json:"scheme"`
	Grade        string            `json:"grade"`
	Source       string            `json:"source"`
	Key          string            `json:"key"`
	Secret       string            `json:"secret"`
	Token        string            `json:"token"`
	Method       string            `json:"method"`
	URL          string            `json:"url"`
	Headers      map[string]string `json:"headers"`
	Body         string            `json:"body"`
	StringToSign string            `json:"string_to_sign"`
	Signature    string            `json:"signature"`
}

func readVectors(t testing.TB) map[string]vector {
	t.Helper()
	data, err := os.ReadFile("../../specs/wps/signing.txtar")
	if err != nil {
		t.Fatal(err)
	}
	vectors := map[string]vector{}
	for _, file := range strings.Split("\n"+string(data), "\n-- ")[1:] {
		name, text, ok := strings.Cut(file, ".json --\n")
		if !ok {
			t.Fatalf("no file begins with %q", file)
		}
		var v vector
		dec := json.NewDecoder(strings.NewReader(text))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&v); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		vectors[name] = v
	}
	if len(vectors) < 9 {
		t.Fatalf("%d vectors, want at least the 9 that are known", len(vectors))
	}
	return vectors
}

func (v vector) request() *mockserver.Request {
	r := &mockserver.Request{Method: v.Method, URI: v.URL, Header: http.Header{}, Body: []byte(v.Body)}
	r.RawPath, r.RawQuery, _ = strings.Cut(v.URL, "?")
	for name, value := range v.Headers {
		if strings.EqualFold(name, "Host") {
			r.Host = value
			continue
		}
		r.Header.Set(name, value)
	}
	return r
}

func TestVectors(t *testing.T) {
	t.Parallel()
	for name, v := range readVectors(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := v.request()
			cred, problem := parseAuthorization(r.Header.Get(headerAuthorization))
			if problem != "" || cred != (credential{v.Key, v.Signature}) {
				t.Fatalf("X-Kso-Authorization gives %v %s, want %s and %s", cred, problem, v.Key, v.Signature)
			}
			if got := signedParts(r).text(); got != v.StringToSign {
				t.Errorf("string to sign %q, want %q", got, v.StringToSign)
			}
			if !verify(r, v.Secret, v.Signature) {
				t.Errorf("signature %s does not verify", v.Signature)
			}
			if _, ok := parseDate(r.Header.Get(headerDate), false); !ok {
				t.Errorf("date %q is refused", r.Header.Get(headerDate))
			}
		})
	}
}

// TestVectorsSpoiled changes one byte at a time in everything that is signed, in the signature and in the key.
func TestVectorsSpoiled(t *testing.T) {
	t.Parallel()
	for name, v := range readVectors(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := 0
			refused := func(what string, r *mockserver.Request, key, signature string) {
				n++
				if verify(r, key, signature) {
					t.Errorf("verifies with another %s", what)
				}
			}
			for i := range v.Method {
				r := v.request()
				r.Method = flip(v.Method, i)
				refused("method", r, v.Secret, v.Signature)
			}
			for i := range v.URL {
				r := v.request()
				r.URI = flip(v.URL, i)
				r.RawPath, r.RawQuery, _ = strings.Cut(r.URI, "?")
				refused(fmt.Sprintf("URI %s", r.URI), r, v.Secret, v.Signature)
			}
			for _, h := range []string{"Content-Type", headerDate} {
				for i := range v.Headers[h] {
					r := v.request()
					r.Header.Set(h, flip(v.Headers[h], i))
					refused(h, r, v.Secret, v.Signature)
				}
				r := v.request()
				r.Header.Set(h, v.Headers[h]+"x")
				refused("longer "+h, r, v.Secret, v.Signature)
			}
			for i := range v.Body {
				r := v.request()
				r.Body = []byte(flip(v.Body, i))
				refused("body", r, v.Secret, v.Signature)
			}
			r := v.request()
			r.Body = append(r.Body, '\n')
			refused("longer body", r, v.Secret, v.Signature)
			for i := range v.Signature {
				refused("signature", v.request(), v.Secret, flip(v.Signature, i))
			}
			for i := range v.Secret {
				refused("key", v.request(), flip(v.Secret, i), v.Signature)
			}
			if n < len(v.URL)+len(v.Signature)+len(v.Secret) {
				t.Errorf("only %d spoiled requests", n)
			}
		})
	}
}

func flip(s string, i int) string { return s[:i] + string(s[i]^1) + s[i+1:] }

func TestParseAuthorization(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]struct {
		cred    credential
		problem string
	}{
		"KSO-1 AK:abc":    {credential{"AK", "abc"}, ""},
		"KSO-1 AK:a:b":    {credential{"AK", "a:b"}, ""},
		"":                {credential{}, errSignatureMissing},
		"KSO-1":           {credential{}, errSignatureMalformed},
		"KSO-1 AK":        {credential{}, errSignatureMalformed},
		"KSO-1 :abc":      {credential{}, errSignatureMalformed},
		"KSO-1 AK:":       {credential{}, errSignatureMalformed},
		"AK:abc":          {credential{}, errSignatureMalformed},
		"KSO-2 AK:abc":    {credential{}, errSignatureVersion},
		"kso-1 AK:abc":    {credential{}, errSignatureVersion},
		"WPS-4 AK:abc":    {credential{}, errSignatureVersion},
		"KSO-1  AK:abc":   {credential{" AK", "abc"}, ""},
		"KSO-1\tAK:abc":   {credential{}, errSignatureMalformed},
		"Bearer token":    {credential{}, errSignatureVersion},
		"KSO-1 AK=x:y z ": {credential{"AK=x", "y z "}, ""},
	} {
		if cred, problem := parseAuthorization(header); cred != want.cred || problem != want.problem {
			t.Errorf("%q gives %v %q, want %v %q", header, cred, problem, want.cred, want.problem)
		}
	}
}

func TestParseDate(t *testing.T) {
	t.Parallel()
	want := time.Date(2013, 1, 23, 6, 43, 8, 0, time.UTC)
	for text, ok := range map[string][2]bool{ // accepted by any-zone, by gmt (WPS-002)
		"Wed, 23 Jan 2013 06:43:08 GMT":        {true, true},
		"Wed, 23 Jan 2013 06:43:08 UTC":        {true, false},
		"Wed, 23 Jan 2013 14:43:08 +0800":      {true, false},
		"Wed, 23 Jan 2013 06:43:08 +0000":      {true, false},
		"Wednesday, 23 Jan 2013 06:43:08 GMT":  {true, false},
		"Wednesday, 23-Jan-13 06:43:08 GMT":    {true, false},
		"Wed, 23 Jan 2013 06:43:08":            {false, false},
		"2013-01-23T06:43:08Z":                 {false, false},
		"1358923388":                           {false, false},
		"Wed, 32 Jan 2013 06:43:08 GMT":        {false, false},
		"Wed, 23 Jan 2013 06:43:08 GMT ":       {false, false},
		"Wed, 23 Jan 2013 06:43:08 GMT\nHost:": {false, false},
	} {
		for i, onlyGMT := range []bool{false, true} {
			got, accepted := parseDate(text, onlyGMT)
			if accepted != ok[i] || accepted && !got.Equal(want) {
				t.Errorf("%q (gmt only: %v) gives %v %v, want %v", text, onlyGMT, got, accepted, ok[i])
			}
		}
	}
}

// slowText is the string to sign written as the page says it, part by part.
func slowText(r *mockserver.Request) string {
	hash := ""
	if len(r.Body) != 0 {
		hash = fmt.Sprintf("%x", sha256Of(r.Body))
	}
	uri := r.RawPath
	if strings.Contains(r.URI, "?") {
		uri += "?" + r.RawQuery
	}
	return fmt.Sprint("KSO-1", r.Method, uri, strings.Join(r.Header["Content-Type"], ""), strings.Join(r.Header[headerDate], ""), hash)
}

// FuzzDate holds the short cut for the usual form of dates against the reading of all forms.
func FuzzDate(f *testing.F) {
	for _, text := range []string{"Thu, 15 Jan 2026 08:00:00 GMT", "Thu, 15 Jan 2026 08:00:00 UTC", "Thu, 15 Jan 2026 08:00:00 GMT+3", "Thu, 15 Jan 2026 8:00:00.5 GMT",
		"Thu, 15 Jan 2026 08:00:00 +0800", "Thursday, 15-Jan-26 08:00:00 GMT", "Thursday, 15 Jan 2026 08:00:00 CST", "thu, 15 jan 2026 08:00:00 gmt", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var want time.Time
		known := false
		for _, form := range dateForms {
			if at, err := time.ParseInLocation(form, text, time.UTC); err == nil && !known {
				want, known = at.UTC(), true
			}
		}
		if got, ok := parseDate(text, false); ok != known || !got.Equal(want) {
			t.Errorf("%q is read as %v %v, want %v %v", text, got, ok, want, known)
		}
	})
}

func FuzzStringToSign(f *testing.F) {
	for _, v := range readVectors(f) {
		f.Add(v.Method, v.URL, v.Headers["Content-Type"], v.Headers[headerDate], []byte(v.Body), v.Secret)
	}
	f.Add("GET", "/v7/x?", "", "", []byte{}, "k")
	f.Add("POST", "/v7/%2F?a=%zz&b=+", "text/plain", "x", []byte{0, 255}, "")
	f.Fuzz(func(t *testing.T, method, uri, contentType, date string, body []byte, key string) {
		if !strings.HasPrefix(uri, "/") {
			return // no origin form
		}
		r := vector{Method: method, URL: uri, Headers: map[string]string{"Content-Type": contentType, headerDate: date}, Body: string(body)}.request()
		text := signedParts(r).text()
		if want := slowText(r); text != want {
			t.Fatalf("string to sign %q, want %q", text, want)
		}
		if got := string(appendSigned(nil, r)); got != text {
			t.Fatalf("the string to sign is appended as %q, want %q", got, text)
		}
		signature := sign(key, text)
		if !verify(r, key, signature) {
			t.Fatal("a request that was just signed does not verify")
		}
		for _, a := range attempts(r, "AK", key, []App{{ID: "AK2", Key: key + "2"}}) {
			if a.Text != text && a.Signature == signature {
				t.Fatalf("mistake %s has the right signature for another text", a.Mistake)
			}
			if a.Mistake == "" || a.Advice == "" {
				t.Fatalf("attempt without a name or advice: %+v", a)
			}
		}
	})
}

const mistakeKey = "sk098765"

type mistakeCase struct {
	want string
	sent vector
	text string // what the client signed
}

// mistakeCases make each known mistake as a client would.
func mistakeCases() []mistakeCase {
	const key, date = mistakeKey, "Mon, 02 Jan 2006 15:04:05 GMT"
	base := func() vector {
		return vector{Method: "GET", URL: "/v7/workflow/approval_defines/user_manage?page=10&cursor=", Key: "AK123456", Secret: key,
			Headers: map[string]string{"Host": "127.0.0.1:8080", "Content-Type": "application/json", headerDate: date}}
	}
	post := func() vector {
		v := base()
		v.Method, v.Body = "POST", "{\"b\": 1, \"a\":\"x, y: \\\" z\"}"
		return v
	}
	head := "KSO-1GET"
	tail := "application/json" + date
	list := "/v7/workflow/approval_defines/user_manage"
	return []mistakeCase{
		{"content-type", base(), head + list + "?page=10&cursor=" + date},
		{"content-type", base(), head + list + "?page=10&cursor=application/json; charset=utf-8" + date},
		{"date-zone", base(), head + list + "?page=10&cursor=application/jsonMon, 02 Jan 2006 15:04:05 UTC"},
		{"query-order", base(), head + list + "?cursor=&page=10" + tail},
		{"query-missing", base(), head + list + tail},
		{"empty-parameter", base(), head + list + "?page=10" + tail},
		{"empty-parameter", base(), head + list + "?page=10&cursor" + tail},
		{"host", base(), head + "http://127.0.0.1:8080" + list + "?page=10&cursor=" + tail},
		{"final-slash", base(), head + list + "/?page=10&cursor=" + tail},
		{"openapi-prefix", base(), head + "/openapi" + list + "?page=10&cursor=" + tail},
		{"empty-body-hash", base(), head + list + "?page=10&cursor=" + tail + "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{"method", base(), "KSO-1get" + list + "?page=10&cursor=" + tail},
		{"version", base(), "WPS-4GET" + list + "?page=10&cursor=" + tail},
		{"separators", base(), "KSO-1\nGET\n" + list + "?page=10&cursor=\napplication/json\n" + date + "\n"},
		{"separators", base(), head + list + "?page=10&cursor=" + date + "application/json"},
		{"space", with2(base(), "?cursor=a+b&page=10"), head + list + "?cursor=a%20b&page=10" + tail},
		{"space", with2(base(), "?cursor=a%20b&page=10"), head + list + "?cursor=a+b&page=10" + tail},
		{"query-encoding", with2(base(), "?cursor=a%2Fb&page=10"), head + list + "?cursor=a/b&page=10" + tail},
		{"query-encoding", with2(base(), "?cursor=a%2Fb&page=10"), head + list + "?cursor=a%2fb&page=10" + tail},
		{"query-encoding", with2(base(), "?cursor=a*b&page=10"), head + list + "?cursor=a%2Ab&page=10" + tail},
		{"body-reserialised", post(), "KSO-1POST" + list + "?page=10&cursor=" + tail + hexOf(`{"b":1,"a":"x, y: \" z"}`)},
		{"body-reserialised", post(), "KSO-1POST" + list + "?page=10&cursor=" + tail + hexOf(`{"b": 1, "a": "x, y: \" z"}`)},
		{"body-reserialised", post(), "KSO-1POST" + list + "?page=10&cursor=" + tail + hexOf(`{"a":"x, y: \" z","b":1}`)},
		{"body-hash", post(), "KSO-1POST" + list + "?page=10&cursor=" + tail},
		{"body-hash", post(), "KSO-1POST" + list + "?page=10&cursor=" + tail + strings.ToUpper(hexOf(post().Body))},
	}
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	for _, tt := range mistakeCases() {
		t.Run(tt.want, func(t *testing.T) {
			t.Parallel()
			got := diagnose(tt.sent.request(), sign(mistakeKey, tt.text))
			if got.Mistake != tt.want || got.Advice == "" {
				t.Errorf("named %q (%s), want %q", got.Mistake, got.Advice, tt.want)
			}
			if got.FirstDifference == nil {
				t.Error("no first difference")
			} else if i := got.FirstDifference.Offset; !differs(got.StringToSign, tt.text, i) {
				t.Errorf("first difference at %d of %q and %q", i, got.StringToSign, tt.text)
			}
		})
	}
}

func with2(v vector, query string) vector {
	path, _, _ := strings.Cut(v.URL, "?")
	v.URL = path + query
	return v
}

// differs reports whether i is the first byte in which the texts differ.
func differs(a, b string, i int) bool {
	return i <= len(a) && i <= len(b) && a[:i] == b[:i] && (i == len(a) || i == len(b) || a[i] != b[i])
}

func diagnose(r *mockserver.Request, signature string) *mockserver.Explanation {
	text := signedParts(r).text()
	e := &mockserver.Explanation{StringToSign: text, ClientSignature: signature}
	return e.Diagnose(text, attempts(r, "AK123456", "sk098765", []App{{ID: "AK777", Key: "sk777"}}))
}

// keyCases make each known mistake with the key or the form of the signature, over the right text.
func keyCases(text string) map[string]string {
	mac := hmac.New(sha256.New, []byte(mistakeKey))
	mac.Write([]byte(text))
	old := hmac.New(sha1.New, []byte(mistakeKey))
	old.Write([]byte(text))
	return map[string]string{
		"other-key":     sign("sk777", text),
		"key-is-app-id": sign("AK123456", text),
		"key-blank":     sign(mistakeKey+"\n", text),
		"hex-upper":     strings.ToUpper(sign(mistakeKey, text)),
		"base64":        base64.StdEncoding.EncodeToString(mac.Sum(nil)),
		"hmac-sha1":     fmt.Sprintf("%x", old.Sum(nil)),
		"no-hmac":       hexOf(mistakeKey + text),
		"":              sign("something else", text),
	}
}

func TestMistakesOfTheKey(t *testing.T) {
	t.Parallel()
	r := readVectors(t)["page-get"].request()
	for want, signature := range keyCases(signedParts(r).text()) {
		got := diagnose(r, signature)
		if got.Mistake != want {
			t.Errorf("named %q, want %q", got.Mistake, want)
		}
		if want == "" && !strings.HasPrefix(got.Advice, "none of ") {
			t.Errorf("advice %q, want it to say that none fits", got.Advice)
		}
	}
}

// TestMistakesAreAllMade wants every known mistake in the cases of the tests above.
func TestMistakesAreAllMade(t *testing.T) {
	t.Parallel()
	made := map[string]bool{}
	for _, c := range mistakeCases() {
		made[c.want] = true
	}
	for name := range keyCases("") {
		made[name] = true
	}
	r := readVectors(t)["page-get"].request()
	for _, a := range attempts(r, "AK123456", mistakeKey, []App{{ID: "AK777", Key: "sk777"}}) {
		if !made[a.Mistake] {
			t.Errorf("no test makes the mistake %s", a.Mistake)
		}
	}
	for _, m := range mistakes {
		if !made[m.name] {
			t.Errorf("no test makes the mistake %s", m.name)
		}
	}
}

func TestTargetOfAProxiedRequest(t *testing.T) {
	t.Parallel()
	u, err := url.Parse("http://openapi.wps.cn/v7/x?page=1")
	if err != nil {
		t.Fatal(err)
	}
	r := &mockserver.Request{URI: u.String(), RawPath: u.Path, RawQuery: u.RawQuery}
	if got := target(r); got != "/v7/x?page=1" {
		t.Errorf("target %q", got)
	}
}
