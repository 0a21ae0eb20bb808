package replay_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/countersign/countersign/contracts/client"
	"github.com/countersign/countersign/contracts/client/dataarts"
	"github.com/countersign/countersign/contracts/client/quickbi"
	"github.com/countersign/countersign/contracts/client/wps"
	"github.com/countersign/countersign/contracts/pact/replay"
	"github.com/countersign/countersign/mockserver"
	fakedataarts "github.com/countersign/countersign/mockserver/dataarts"
	fakequickbi "github.com/countersign/countersign/mockserver/quickbi"
	fakewps "github.com/countersign/countersign/mockserver/wps"
)

var moment = time.Date(2026, 1, 15, 8, 0, 0, 0, time.UTC)

// rig is a stand-in behind a session's proxy.
type rig struct {
	t       *testing.T
	session *replay.Session
	url     string
}

func start(t *testing.T, provider func(*mockserver.Running) replay.Provider) *rig {
	t.Helper()
	srv := mockserver.Run(t, mockserver.Options{
		Vendors: []mockserver.Vendor{fakequickbi.New, fakewps.New, fakedataarts.New},
		World:   mockserver.WorldSetting{Clock: moment.Format(time.RFC3339), SigningClock: "world"}, AdminToken: "admin",
	})
	target, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	var n atomic.Uint64
	s := replay.New(replay.Config{Provider: provider(srv), Host: target.Host, Now: func() time.Time { return moment },
		Nonce: func() string { return fmt.Sprintf("%032x", n.Add(1)) }})
	proxy := httptest.NewServer(s.Proxy(target, &http.Transport{}))
	t.Cleanup(proxy.Close)
	return &rig{t, s, proxy.URL}
}

func inProcess(srv *mockserver.Running) replay.Provider {
	return replay.InProcess{Server: srv.Server, URL: srv.URL}
}

func admin(srv *mockserver.Running) replay.Provider {
	return replay.Admin{URL: srv.URL, Token: "admin"}
}

// recorded are requests as a consumer may have recorded them: long ago, with credentials and a host of his own.
var recorded = map[string]func(t *testing.T, url string) *http.Request{
	"quickbi V3": func(t *testing.T, url string) *http.Request { return rpc(t, url, quickbi.V3, "testid", "") },
	"quickbi V1": func(t *testing.T, url string) *http.Request { return rpc(t, url, quickbi.V1, "testid", "") },
	"quickbi temporary": func(t *testing.T, url string) *http.Request {
		return rpc(t, url, quickbi.V3, "STS.recorded", "CAISrecorded")
	},
	"wps": func(t *testing.T, url string) *http.Request {
		r := request(t, http.MethodGet, url+"/v7/workflow/approval_defines/user_manage?page=2&cursor=", "")
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer recorded")
		wps.Sign(r, nil, wps.Credentials{AppID: "recorded", AppKey: "k"}, moment.AddDate(-2, 0, 0))
		return r
	},
	"dataarts": func(t *testing.T, url string) *http.Request {
		r := request(t, http.MethodGet, url+daPath+"?limit=2&offset=0&approver_name=%E5%BC%A0", "")
		r.Header.Set("Workspace", "9ce2cfd08fda4f3b95faa5ba65fa5ec3")
		sign(t, dataarts.Sign(r, nil, dataarts.Credentials{AccessKey: "recorded", SecretKey: "k"}, moment.AddDate(-2, 0, 0), "workspace", "host"))
		return r
	},
	"dataarts body": func(t *testing.T, url string) *http.Request {
		body := `{"approver_name":"wang_fang","user_id":"e5114ca3ad156756b751a56b6737898c"}`
		r := request(t, http.MethodPost, url+daPath, body)
		r.Header.Set("Workspace", "9ce2cfd08fda4f3b95faa5ba65fa5ec3")
		r.Header.Set("Content-Type", "application/json")
		sign(t, dataarts.Sign(r, []byte(body), dataarts.Credentials{AccessKey: "recorded", SecretKey: "k"}, moment))
		return r
	},
	"dataarts token": func(t *testing.T, url string) *http.Request {
		r := request(t, http.MethodGet, url+daPath, "")
		r.Header.Set("Workspace", "9ce2cfd08fda4f3b95faa5ba65fa5ec3")
		r.Header.Set("X-Auth-Token", "recorded")
		return r
	},
}

const daPath = "/v2/0833a5737480d53b2f25c010dc1a7b88/design/approvals/users"

func request(t *testing.T, method, target, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func sign(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func rpc(t *testing.T, target string, scheme quickbi.Scheme, key, token string) *http.Request {
	t.Helper()
	r := request(t, http.MethodPost, target+"/?ApplicationId=contract&HandleReason=a%20b%2Bc&Status=1", "")
	if scheme == quickbi.V1 {
		r.URL.RawQuery += "&Action=ResultCallback&Version=2022-01-01&Format=json"
	}
	r.Header.Set("x-acs-action", "ResultCallback")
	r.Header.Set("x-acs-version", "2022-01-01")
	sign(t, quickbi.Sign(r, nil, scheme, quickbi.Credentials{AccessKeyId: key, AccessKeySecret: "k", SecurityToken: client.Secret(token)}, moment.AddDate(-2, 0, 0), "recorded"))
	return r
}

// vendorState is a state of each vendor that can carry the mode.
func vendorState(name string) (string, map[string]any) {
	switch {
	case strings.HasPrefix(name, "quickbi"):
		return "application-open", map[string]any{"application_id": "contract"}
	case strings.HasPrefix(name, "wps"):
		return "wps-definitions", map[string]any{"count": 3}
	}
	return "no-approvers", map[string]any{}
}

// answer sends a recorded request after a state and returns status and body.
func (g *rig) answer(name, mode string) (int, string) {
	g.t.Helper()
	state, params := vendorState(name)
	if mode != "" {
		params["sign"] = mode
	}
	if _, err := g.session.Setup(g.t.Context(), state, params); err != nil {
		g.t.Fatal(err)
	}
	defer g.session.Teardown()
	resp, err := http.DefaultTransport.RoundTrip(recorded[name](g.t, g.url))
	if err != nil {
		g.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// Every mode gets from the stand-in what a client that signs so would get.
func TestModes(t *testing.T) {
	t.Parallel()
	want := map[string]map[string]string{ // request -> mode -> in the reply; empty is success
		"quickbi V3": {"": "", "good": "", "wrong-secret": "SignatureDoesNotMatch", "expired": "InvalidTimeStamp.Expired",
			"unknown-key": "InvalidAccessKeyId.NotFound", "none": "MissingAccessKeyId"},
		"quickbi V1": {"": "", "wrong-secret": "SignatureDoesNotMatch", "expired": "InvalidTimeStamp.Expired",
			"unknown-key": "InvalidAccessKeyId.NotFound", "none": "MissingAccessKeyId"},
		"quickbi temporary": {"": "", "wrong-secret": "SignatureDoesNotMatch", "unknown-key": "InvalidAccessKeyId.NotFound"},
		"wps":               {"": "", "wrong-secret": "invalid signature", "unknown-key": "unknown access key", "none": "401000001"},
		"dataarts": {"": "", "wrong-secret": "verify aksk signature fail", "expired": "signature expired",
			"unknown-key": "not exist", "none": "x-auth-token not found"},
		"dataarts body":  {"": "", "wrong-secret": "verify aksk signature fail"},
		"dataarts token": {"": "", "wrong-secret": "decrypt token fail", "unknown-key": "decrypt token fail", "none": "x-auth-token not found"},
	}
	for kind, provider := range map[string]func(*mockserver.Running) replay.Provider{"in process": inProcess, "admin": admin} {
		for name, modes := range want {
			t.Run(kind+" "+name, func(t *testing.T) {
				t.Parallel()
				g := start(t, provider)
				for mode, text := range modes {
					status, body := g.answer(name, mode)
					if (status == http.StatusOK) != (text == "") || !strings.Contains(body, text) {
						t.Errorf("%q: status %d, want %q\n%s", mode, status, text, body)
					}
				}
			})
		}
	}
}

// A token cannot be made expired by signing: the contract must ask for a state that does it.
func TestExpiredTokenIsRefused(t *testing.T) {
	t.Parallel()
	g := start(t, inProcess)
	if status, body := g.answer("dataarts token", "expired"); status != http.StatusBadGateway || !strings.Contains(body, "provider state") {
		t.Errorf("status %d, %s", status, body)
	}
	if problems := g.session.Problems(); len(problems) != 1 {
		t.Errorf("problems %v", problems)
	}
}

// Interactions do not see each other, the states of one interaction do.
func TestReset(t *testing.T) {
	t.Parallel()
	g := start(t, inProcess)
	decide := func() int {
		resp, err := http.DefaultTransport.RoundTrip(recorded["quickbi V3"](t, g.url))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	setup := func(state string, params map[string]any) {
		t.Helper()
		if _, err := g.session.Setup(t.Context(), state, params); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // the second time only if the application is open again
		setup("application-open", map[string]any{"application_id": "contract"})
		setup("application-closed", nil)
		if status := decide(); status != http.StatusOK {
			t.Errorf("status %d", status)
		}
		g.session.Teardown()
	}
	if status := decide(); status != http.StatusBadRequest { // without any state: there is no such application
		t.Errorf("status %d, want 400", status)
	}
}

func TestStatesThatFail(t *testing.T) {
	t.Parallel()
	for kind, provider := range map[string]func(*mockserver.Running) replay.Provider{"in process": inProcess, "admin": admin,
		"nothing takes states": func(*mockserver.Running) replay.Provider { return replay.Forward{} }} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			g := start(t, provider)
			for _, body := range []string{
				`{"action":"setup","state":"no-such-state","params":{}}`,
				`{"action":"setup","state":"application-open","params":{"sign":"perhaps"}}`,
				`{"action":"setup","state":"application-open","unknown":1}`,
				`no JSON`,
			} {
				resp, err := http.Post(g.url+replay.StatesPath, "application/json", strings.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				if resp.StatusCode < http.StatusBadRequest {
					t.Errorf("%s: status %d", body, resp.StatusCode)
				}
			}
		})
	}
}

func TestForward(t *testing.T) {
	t.Parallel()
	var got string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = string(body)
		_, _ = io.WriteString(w, `{"id":"7"}`)
	}))
	defer srv.Close()
	values, err := replay.Forward{URL: srv.URL}.Apply(t.Context(), "a state", map[string]any{"n": 1})
	if err != nil || values["id"] != "7" || got != `{"action":"setup","params":{"n":1},"state":"a state"}` {
		t.Errorf("%v, %v, sent %s", values, err, got)
	}
}

func TestAdminWithoutToken(t *testing.T) {
	t.Parallel()
	g := start(t, func(srv *mockserver.Running) replay.Provider { return replay.Admin{URL: srv.URL} })
	if _, err := g.session.Setup(t.Context(), "no-approvers", nil); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("got %v", err)
	}
}

// keyless is a provider that tells no credentials.
type keyless struct{ replay.Forward }

func TestWithoutCredentials(t *testing.T) {
	t.Parallel()
	g := start(t, func(*mockserver.Running) replay.Provider { return keyless{} })
	r := recorded["wps"](t, g.url)
	if err := g.session.Sign(r); err == nil || !strings.Contains(err.Error(), "no credentials of wps") {
		t.Errorf("got %v", err)
	}
}

var errBroken = errors.New("broken")

type brokenProvider struct{ replay.Forward }

func (brokenProvider) Reset(context.Context) error { return errBroken }

func TestResetThatFails(t *testing.T) {
	t.Parallel()
	g := start(t, func(*mockserver.Running) replay.Provider { return brokenProvider{} })
	if _, err := g.session.Setup(t.Context(), "", nil); !errors.Is(err, errBroken) {
		t.Errorf("got %v", err)
	}
	if err := g.session.Sign(recorded["wps"](t, g.url)); !errors.Is(err, errBroken) {
		t.Errorf("got %v", err)
	}
}
