package quickbi

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/countersign/countersign/mockserver"
)

// newest is the last entry of the world's journal.
func (g *rig) newest() mockserver.EntryView {
	g.t.Helper()
	list, _ := g.srv.Requests(mockserver.JournalQuery{World: g.world.Name(), Limit: 1})
	if len(list) != 1 {
		g.t.Fatalf("the journal has %d entries", len(list))
	}
	return list[0]
}

// oddCall is a request in which every mistake shows.
func oddCall(v1 bool, method string) call {
	c := call{v1: v1, method: method, params: map[string]string{"LlmCubes": "x", "LlmCubeThemes": "y", "ApplicationId": "a b*c~d/e!f你",
		"HandleReason": "", "Status": "1"}}
	if method == http.MethodPost {
		c.form = map[string]string{"F": "1*", "E": " "}
		if !v1 { // a body that is not what any library writes
			c.form, c.body = nil, "F=1%2a&E=+"
		}
	}
	return c
}

// TestEveryMistakeIsExplained makes each known mistake over the wire and reads its explanation in the journal.
func TestEveryMistakeIsExplained(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	for _, v1 := range []bool{true, false} {
		for _, method := range []string{"GET", "POST"} {
			t.Run(map[bool]string{true: "V1 ", false: "V3 "}[v1]+method, func(t *testing.T) {
				t.Parallel()
				g := rigOn(t, srv, mockserver.WorldSetting{})
				key := g.key("administrator")
				for i, name := range mistakeNames(v1) {
					if pointless(name, method) || name == "SecurityToken left out" {
						continue
					}
					c := oddCall(v1, method)
					c.nonce = "same"
					c.spoil = func(r *http.Request) {
						if !v1 && method == http.MethodPost {
							r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
						}
						resign(t, r, v1, key.Secret, g.key("authorized").Secret, name)
					}
					if got := g.send(c); got.code != "SignatureDoesNotMatch" {
						t.Errorf("%d %s: got %s", i, name, got.body)
						continue
					}
					e := g.newest().Explanation
					if e == nil || e.Mistake != name || e.Advice == "" || e.StringToSign == "" {
						t.Errorf("made the mistake %q, the journal explains %+v", name, e)
					}
				}
			})
		}
	}
}

func mistakeNames(v1 bool) []string {
	names := []string{otherSecretName}
	if v1 {
		for _, m := range rpcMistakes {
			names = append(names, m.mistake)
		}
		return names
	}
	for _, m := range acs3Mistakes {
		names = append(names, m.mistake)
	}
	return names
}

var sentSignature = regexp.MustCompile(`\bSignature=[^&]*`)

// resign puts the signature of a mistake in place of the right one.
func resign(t *testing.T, r *http.Request, v1 bool, secret, other, mistake string) {
	t.Helper()
	seen := received(t, r)
	attempts := rpcAttempts(seen, secret, []string{other})
	var a acs3Auth
	if !v1 {
		var err error
		if a, err = parseACS3(r.Header.Get("Authorization")); err != nil {
			t.Fatal(err)
		}
		if mistake == "x-acs-content-sha256 of another body" || mistake == "hash of an empty body" {
			r.Header.Set(hashHeader, sha256Hex(nil))
			if strings.HasPrefix(mistake, "x-acs") {
				r.Header.Set(hashHeader, sha256Hex([]byte("another body")))
			}
			seen = received(t, r)
		}
		attempts = acs3Attempts(seen, a.SignedHeaders.list(), secret, []string{other})
	}
	for _, attempt := range attempts {
		if attempt.Mistake != mistake {
			continue
		}
		if v1 {
			r.URL.RawQuery = sentSignature.ReplaceAllString(r.URL.RawQuery, "Signature="+slowEncode(attempt.Signature))
			return
		}
		auth := r.Header.Get("Authorization")
		r.Header.Set("Authorization", strings.Replace(auth, a.Signature, attempt.Signature, 1))
		return
	}
	t.Fatalf("no attempt makes the mistake %q", mistake)
}

// received is a request of the client as the server will see it.
func received(t *testing.T, r *http.Request) *mockserver.Request {
	t.Helper()
	body, err := r.GetBody()
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return &mockserver.Request{Method: r.Method, RawPath: "/", RawQuery: r.URL.RawQuery, Host: r.Host, Header: r.Header.Clone(), Body: text}
}

func TestUnknownMistakeSaysSo(t *testing.T) {
	t.Parallel()
	g := newRig(t, mockserver.WorldSetting{})
	g.send(call{v1: true, params: g.callback(), secret: "made up"})
	if e := g.newest().Explanation; e == nil || e.Mistake != "" || !strings.Contains(e.Advice, "none of") || e.FirstDifference != nil {
		t.Errorf("explained as %+v", e)
	}
}

// TestNoSecretInTheJournal sends every credential in every place and every spelling and looks for it afterwards.
func TestNoSecretInTheJournal(t *testing.T) {
	t.Parallel()
	g := newRig(t, mockserver.WorldSetting{})
	key := *g.key("temporary")
	token := "CAIS+/ " + key.Token
	for _, v1 := range []bool{true, false} {
		for _, c := range []call{
			{token: key.Token}, {token: key.Token, secret: "wrong"}, {token: token}, {token: token, secret: "wrong"},
			{token: key.Token, form: map[string]string{"Status": "1"}, secret: "wrong"},
		} {
			c.v1, c.key, c.params = v1, &key, g.callback()
			g.send(c)
		}
	}
	list, _ := g.srv.Requests(mockserver.JournalQuery{World: g.world.Name()})
	if len(list) != 10 {
		t.Fatalf("the journal has %d entries, want 10", len(list))
	}
	text, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{key.Secret, key.Token, g.key("administrator").Secret} {
		if i := bytes.Index(text, []byte(secret)); i >= 0 {
			t.Errorf("the journal shows %s in …%s", secret, text[max(0, i-300):i+len(secret)])
		}
	}
	if !strings.Contains(string(text), key.ID) {
		t.Error("the journal does not show the access key id, so this test proves nothing")
	}
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	for name, c := range map[string]struct {
		send func(*rig) *reply
		want string
	}{
		"get":      {sends(call{method: "GET"}), "ResultCallback is documented as POST only"},
		"http":     {authorizing(), "SmartqAuthorize is documented for HTTPS only"},
		"unknown":  {callingBack("RegionId", "cn-hangzhou"), "parameter RegionId is not documented"},
		"repeated": {sends(call{v1: true, edit: func(p map[string]string) { p["Status"] = "1" }}), "parameter Status was sent more than once; the first counts"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := rigOn(t, srv, mockserver.WorldSetting{})
			if got := c.send(g); got.status != 200 {
				t.Errorf("got %s", got.body)
			}
			if w := g.newest().Warnings; len(w) != 1 || w[0] != c.want {
				t.Errorf("warnings %q, want %q", w, c.want)
			}
			strict := rigOn(t, srv, mockserver.WorldSetting{Strict: true})
			if got := c.send(strict); got.status != 400 || name == "http" && got.code != errNeedSSL || name == "get" && got.code != errHTTPMethod {
				t.Errorf("in a strict world: %s", got.body)
			}
		})
	}
}

// TestClosedSaysWhich reads a reason that is made when the journal is read, after the application has changed.
func TestClosedSaysWhich(t *testing.T) {
	t.Parallel()
	g := newRig(t, mockserver.WorldSetting{})
	id := g.given("application-closed")[applicationParam].(string)
	g.send(call{params: but(g.callback(), "ApplicationId", id)})
	before := g.newest().Error
	if _, err := g.world.PatchRecord(t.Context(), vendor, "applications", id, []byte(`{"flag_status": 0}`)); err != nil {
		t.Fatal(err)
	}
	for _, e := range []*mockserver.ErrorView{before, g.newest().Error} {
		if e == nil || e.Name != errRecordClosed || e.Reason != "application "+id+" is closed with status 1" {
			t.Errorf("the journal says %+v", e)
		}
	}
}
