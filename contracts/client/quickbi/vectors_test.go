package quickbi

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/countersign/countersign/contracts/client"
	"github.com/countersign/countersign/contracts/client/clienttest"
)

// vector is a published or captured request, with what this vendor's tests ask of it.
type vector struct {
	clienttest.Vector
	scheme Scheme
}

func vectors(t testing.TB) []vector {
	t.Helper()
	var all []vector
	for _, v := range clienttest.Vectors(t, "quickbi", 39) {
		all = append(all, vector{v, Scheme(v.Scheme)})
	}
	return all
}

func (v vector) credentials() Credentials {
	return Credentials{AccessKeyId: v.Key, AccessKeySecret: v.Secret, SecurityToken: v.Token}
}

// pairs are the parameters of query and form.
func (v vector) pairs(t testing.TB) []pair {
	t.Helper()
	req := v.Request(t)
	query, err := pairsOf(req.URL.RawQuery)
	if err != nil {
		t.Fatal(err)
	}
	form, err := formPairs(req.Header, []byte(v.Body))
	if err != nil {
		t.Fatal(err)
	}
	return slices.Concat(query, form)
}

// signed says when and with which nonce a vector was signed.
func (v vector) signed(t testing.TB) (date time.Time, nonce string) {
	t.Helper()
	text := v.Headers["x-acs-date"]
	nonce = v.Headers["x-acs-signature-nonce"]
	for _, p := range v.pairs(t) {
		switch {
		case v.scheme == V1 && p.name == "Timestamp":
			text = p.value
		case v.scheme == V1 && p.name == "SignatureNonce":
			nonce = p.value
		}
	}
	date, err := time.Parse(timeFormat, text)
	if err != nil {
		t.Fatal(err)
	}
	return date, nonce
}

// Sign gives every published and every captured request the signature that it has.
func TestSignGivesTheVectorsTheirSignatures(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			if v.scheme == V1 {
				v.checkV1(t)
				return
			}
			req := v.Request(t)
			want := req.Header.Clone()
			for _, name := range []string{"Authorization", "x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256",
				"x-acs-security-token", "x-acs-accesskey-id"} {
				req.Header.Del(name)
			}
			date, nonce := v.signed(t)
			if err := Sign(req, []byte(v.Body), V3, v.credentials(), date, nonce); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, req.Header); diff != "" {
				t.Errorf("headers, want - got +\n%s", diff)
			}
		})
	}
}

func (v vector) checkV1(t *testing.T) {
	t.Helper()
	pairs := v.pairs(t)
	text := stringToSignV1(v.Method, pairs)
	if v.StringToSign != "" && text != v.StringToSign {
		t.Errorf("string to sign\n got %s\nwant %s", text, v.StringToSign)
	}
	if got := signatureV1(v.Secret, text); got != v.Signature {
		t.Errorf("signature %s, want %s", got, v.Signature)
	}
	req := v.Request(t)
	if !strings.Contains(req.URL.RawQuery, "SignatureNonce=") {
		return // all of it stands in the form, where Sign puts nothing
	}
	want := req.URL.Query()
	date, nonce := v.signed(t)
	if err := Sign(req, []byte(v.Body), V1, v.credentials(), date, nonce); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, req.URL.Query()); diff != "" {
		t.Errorf("parameters, want - got +\n%s", diff)
	}
}

func TestSignRefusesAFormWithASignature(t *testing.T) {
	t.Parallel()
	req, _ := http.NewRequest(http.MethodPost, "http://h/", http.NoBody)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	err := Sign(req, []byte("Action=ResultCallback&Signature=x"), V1, Credentials{}, time.Time{}, "n")
	if err == nil {
		t.Error("signed")
	}
}

// The client sends what the vendor's Go SDK sends: the same request line and the same signature.
func TestClientSendsWhatTheSDKSends(t *testing.T) {
	t.Parallel()
	compared := 0
	for _, v := range vectors(t) {
		params := url.Values{}
		for _, p := range v.pairs(t) {
			params.Add(p.name, p.value)
		}
		action := v.Headers["x-acs-action"] + params.Get("Action")
		known := strings.Contains(action, "ResultCallback") || strings.Contains(action, "SmartqAuthorize")
		_, provider := v.Headers["x-acs-credentials-provider"] // sent by newer SDKs, in no document
		if !known || v.Method != http.MethodPost || v.Body != "" || provider || params.Has("RegionId") {
			continue
		}
		compared++
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			got := v.sendAlike(t, params)
			if v.scheme == V1 {
				params.Set("Format", "json") // the SDK for Go spells it so, the derived vectors do not
				if v.Request(t).URL.Query().Get("Format") == "JSON" {
					params.Set("Signature", signatureV1(v.Secret, stringToSignV1(v.Method, pairsFrom(params))))
				}
			}
			if want := "/?" + params.Encode(); got.URL.RequestURI() != want {
				t.Errorf("sent\n %s\nwant\n %s", got.URL.RequestURI(), want)
			}
			want := v.Request(t)
			for _, name := range []string{"Authorization", "x-acs-date", "x-acs-version", "x-acs-content-sha256", "Content-Type"} {
				if got, want := got.Header.Get(name), want.Header.Get(name); got != want && (v.scheme == V3 || name != "x-acs-version") {
					t.Errorf("%s: sent %q, want %q", name, got, want)
				}
			}
		})
	}
	if compared < 8 {
		t.Errorf("only %d requests compared", compared)
	}
}

func pairsFrom(values url.Values) (pairs []pair) {
	for name, all := range values {
		for _, v := range all {
			pairs = append(pairs, pair{name, v})
		}
	}
	return pairs
}

// sendAlike has a client send the call of a vector, and returns what it sent.
func (v vector) sendAlike(t *testing.T, params url.Values) *http.Request {
	t.Helper()
	date, nonce := v.signed(t)
	var sent *http.Request
	c, err := New(Config{
		Endpoint:    "http://" + v.Request(t).Host,
		Credentials: v.credentials(),
		Scheme:      v.scheme,
		Nonce:       func() string { return nonce },
		Options: client.Options{
			Clock:      func() time.Time { return date.In(time.FixedZone("CST", 8*60*60)) },
			HTTPClient: &http.Client{Transport: handler(func(r *http.Request) (*http.Response, error) { sent = r; return says(200, success)(r) })},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	list := func(name string) []string {
		if !params.Has(name) {
			return nil
		}
		return strings.Split(params.Get(name), ",")
	}
	if params.Has("ApplicationId") {
		_, err = c.ResultCallback(t.Context(), ResultCallbackRequest{
			ApplicationId: params.Get("ApplicationId"), HandleReason: params.Get("HandleReason"), Status: Status(params.Get("Status"))})
	} else {
		_, err = c.SmartqAuthorize(t.Context(), SmartqAuthorizeRequest{
			OperationType: OperationType(params.Get("OperationType")), UserIds: list("UserIds"), LlmCubes: list("LlmCubes"),
			LlmCubeThemes: list("LlmCubeThemes"), ExpireDay: params.Get("ExpireDay")})
	}
	if sent == nil {
		t.Fatalf("nothing was sent: %v", err)
	}
	return sent
}
