package dataarts

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// vector is one entry of specs/dataarts/signing.txtar.
type vector struct {
	Scheme, Grade, Source, Key, Secret, Token, Method, URL string
	Headers                                                map[string]string
	Body, Canonical                                        string
	StringToSign                                           string `json:"string_to_sign"`
	CanonicalSHA256                                        string `json:"canonical_sha256"`
	Signature                                              string
}

// vectors reads the archive; what stands before the first file is its description.
func vectors(t testing.TB) map[string]*vector {
	t.Helper()
	text, err := os.ReadFile("../../specs/dataarts/signing.txtar")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*vector{}
	for _, part := range strings.Split("\n"+string(text), "\n-- ")[1:] {
		name, data, ok := strings.Cut(part, ".json --\n")
		if !ok {
			t.Fatalf("no file name in %.40q", part)
		}
		v := &vector{}
		dec := json.NewDecoder(strings.NewReader(data))
		dec.DisallowUnknownFields()
		if err := dec.Decode(v); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all[name] = v
	}
	if len(all) < 28 {
		t.Fatalf("only %d vectors", len(all))
	}
	return all
}

// message is the vector's request as a server gets it.
func (v *vector) message() *message {
	m := &message{Method: v.Method, Header: http.Header{}, Body: []byte(v.Body)}
	m.Path, m.Query, _ = strings.Cut(v.URL, "?")
	for name, value := range v.Headers {
		if strings.EqualFold(name, "Host") {
			m.Host = value
		} else {
			m.Header.Set(name, value)
		}
	}
	return m
}

func (v *vector) authorization(t testing.TB) *authorization {
	t.Helper()
	a, ok := parseAuthorization(v.message().Header.Get("Authorization"))
	if !ok {
		t.Fatalf("cannot read the Authorization header of %s", v.Source)
	}
	return &a
}

func TestVectorsVerify(t *testing.T) {
	t.Parallel()
	for name, v := range vectors(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, a := v.message(), v.authorization(t)
			if a.Access != v.Key || a.Signature != v.Signature {
				t.Errorf("read access key %q and signature %q", a.Access, a.Signature)
			}
			canonical := appendCanonical(nil, m, a.names(nil))
			if got := hexHash(canonical); got != v.CanonicalSHA256 {
				t.Errorf("canonical hash %s, want %s, of\n%s\nwant\n%s", got, v.CanonicalSHA256, canonical, v.Canonical)
			}
			if v.Canonical != "" && string(canonical) != v.Canonical {
				t.Errorf("canonical\n%s\nwant\n%s", canonical, v.Canonical)
			}
			if !verify(m, a, v.Secret) {
				t.Error("does not verify")
			}
		})
	}
}

// TestVectorsSpoiled changes one byte in every signed part, one after the other; none may verify.
func TestVectorsSpoiled(t *testing.T) {
	t.Parallel()
	for name, v := range vectors(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for part, spoil := range spoilers(v.message(), v.authorization(t)) {
				m, a, secret := v.message(), v.authorization(t), v.Secret
				spoil(m, a, &secret)
				if verify(m, a, secret) {
					t.Errorf("verifies with a changed %s", part)
				}
			}
		})
	}
}

// flip changes the byte in the middle of s into another letter or digit.
func flip(s string) string {
	b := []byte(s)
	i := len(b) / 2
	if b[i] == 'z' {
		b[i] = 'y'
	} else {
		b[i] = 'z'
	}
	return string(b)
}

func spoilers(m *message, a *authorization) map[string]func(*message, *authorization, *string) {
	all := map[string]func(*message, *authorization, *string){
		"method":    func(m *message, _ *authorization, _ *string) { m.Method = flip(m.Method) },
		"path":      func(m *message, _ *authorization, _ *string) { m.Path = m.Path[:1] + flip(m.Path[1:]) },
		"path end":  func(m *message, _ *authorization, _ *string) { m.Path += "x" },
		"secret":    func(_ *message, _ *authorization, s *string) { *s = flip(*s) },
		"signature": func(_ *message, a *authorization, _ *string) { a.Signature = flip(a.Signature) },
		"date": func(m *message, _ *authorization, _ *string) {
			m.Header.Set(headerDate, flip(m.Header.Get(headerDate)))
		},
		"list of signed headers": func(_ *message, a *authorization, _ *string) {
			a.Signed += ";accept-encodinh"
		},
		"added parameter": func(m *message, _ *authorization, _ *string) { m.Query += "&z=1" },
	}
	if m.Query != "" {
		all["query"] = func(m *message, _ *authorization, _ *string) { m.Query = flip(m.Query) }
	}
	if m.Header.Get(headerPayload) != unsigned {
		all["body"] = func(m *message, _ *authorization, _ *string) { m.Body = append(m.Body, ' ') }
		if len(m.Body) > 0 {
			all["body byte"] = func(m *message, _ *authorization, _ *string) { m.Body = []byte(flip(string(m.Body))) }
		}
	}
	for _, name := range a.names(nil) {
		all["header "+name] = func(m *message, _ *authorization, _ *string) {
			if name == "host" {
				m.Host = flip(m.Host)
			} else {
				m.Header.Set(name, flip(m.Header.Get(name)+"x"))
			}
		}
		if name != "host" && m.Header.Get(name) != "" {
			all["removed header "+name] = func(m *message, _ *authorization, _ *string) { m.Header.Del(name) }
		}
	}
	return all
}

func TestUnsignedPartsMayChange(t *testing.T) {
	t.Parallel()
	v := vectors(t)["sdk-create"]
	m, a := v.message(), v.authorization(t)
	m.Host = "elsewhere.example:443"
	m.Header.Set("Content-Type", "application/json;charset=UTF-8")
	m.Header.Set("X-Domain-Id", "added after signing")
	if !verify(m, a, v.Secret) {
		t.Error("a header that is not signed changes the signature")
	}
}

func TestUnsignedPayload(t *testing.T) {
	t.Parallel()
	v := vectors(t)["derived-unsigned-payload"]
	m, a := v.message(), v.authorization(t)
	m.Body = []byte("anything")
	if !verify(m, a, v.Secret) {
		t.Error("the payload counts though it is declared as not signed")
	}
	m.Header.Set(headerPayload, hexHash(m.Body))
	if verify(m, a, v.Secret) {
		t.Error("the declaration itself is signed and may not change")
	}
}

func TestParseAuthorization(t *testing.T) {
	t.Parallel()
	good := map[string]string{
		"blanks":     "SDK-HMAC-SHA256 Access=A, SignedHeaders=host;x-sdk-date, Signature=f00",
		"no blanks":  "SDK-HMAC-SHA256 Access=A,SignedHeaders=host;x-sdk-date,Signature=f00",
		"other case": "SDK-HMAC-SHA256 Access=A, SignedHeaders=Host;X-Sdk-Date, Signature=f00",
		"any order":  "SDK-HMAC-SHA256 Signature=f00, SignedHeaders=host;x-sdk-date, Access=A",
	}
	for name, header := range good {
		a, ok := parseAuthorization(header)
		if !ok || a.Access != "A" || a.Signature != "f00" || a.Signed != "host;x-sdk-date" || len(a.names(nil)) != 2 {
			t.Errorf("%s: %+v, %v", name, a, ok)
		}
		if !a.signs("host") || a.signs("workspace") {
			t.Errorf("%s: signs is wrong", name)
		}
	}
	for _, header := range []string{
		"", "SDK-HMAC-SHA256", "SDK-HMAC-SHA256 ", "Basic QWxhZGRpbg==", "Bearer x",
		"SDK-HMAC-SHA256 Access=A, SignedHeaders=host",
		"SDK-HMAC-SHA256 Access=A, Signature=f00",
		"SDK-HMAC-SHA256 SignedHeaders=host, Signature=f00",
		"SDK-HMAC-SHA256 Access=, SignedHeaders=host, Signature=f00",
		"SDK-HMAC-SHA256 Access=A, Access=B, SignedHeaders=host, Signature=f00",
		"SDK-HMAC-SHA256 Access=A, SignedHeaders=host, Signature=f00, More=x",
		"SDK-HMAC-SM3 Access=A, SignedHeaders=host, Signature=f00",
	} {
		if a, ok := parseAuthorization(header); ok {
			t.Errorf("%q is read as %+v", header, a)
		}
	}
}

func TestFresh(t *testing.T) {
	t.Parallel()
	now, _ := parseDate("20211217T065804Z")
	for date, want := range map[string]bool{
		"20211217T065804Z": true, "20211217T064304Z": true, "20211217T064303Z": false,
		"20211217T071304Z": true, "20211217T071305Z": false,
	} {
		signed, ok := parseDate(date)
		if !ok {
			t.Fatalf("cannot read %s", date)
		}
		if fresh(signed, now) != want {
			t.Errorf("%s is fresh: %v", date, !want)
		}
	}
	for _, date := range []string{"", "20211217T065804", "20211317T065804Z", "2021-12-17T06:58:04Z", "20211217t065804z", "20211217T065804+"} {
		if d, ok := parseDate(date); ok {
			t.Errorf("%q is read as %v", date, d.Format(time.RFC3339))
		}
	}
}

// FuzzParseDate holds the reader of dates against time.Parse.
func FuzzParseDate(f *testing.F) {
	for _, s := range []string{"20240229T235959Z", "20230229T000000Z", "20240431T240000Z", "00000101T000060Z", "20240001T00:000Z", "2024010aT000000Z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want, err := time.Parse(dateLayout, s)
		got, ok := parseDate(s)
		if fits := err == nil && len(s) == len(dateLayout); ok != fits || ok && !got.Equal(want) {
			t.Errorf("%q is read as %v, %v, want %v, %v", s, got, ok, want, fits)
		}
	})
}

func TestVerifyAllocations(t *testing.T) {
	v := vectors(t)["wire-go-list-filtered"]
	m, a := v.message(), v.authorization(t)
	if n := testing.AllocsPerRun(100, func() { verify(m, a, v.Secret) }); n > 1 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, name := range []string{"wire-go-list", "wire-go-list-filtered", "wire-go-create", "wire-node-list-filtered"} {
		v := vectors(b)[name]
		m, header := v.message(), v.message().Header.Get("Authorization")
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				a, _ := parseAuthorization(header)
				if !verify(m, &a, v.Secret) {
					b.Fatal("does not verify")
				}
			}
		})
	}
}

func hexMAC(key, text string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}
