package quickbi

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/vendortest"
)

func TestEveryErrorByName(t *testing.T) {
	t.Parallel()
	g := newRig(t, mockserver.WorldSetting{})
	heard := func(c call) func() vendortest.Heard {
		return func() vendortest.Heard {
			got := g.send(c)
			return vendortest.Heard{Status: got.status, Header: got.header, Body: got.body}
		}
	}
	vendortest.EveryErrorByName(t, g.world, "quickbi", map[string]func() vendortest.Heard{
		callbackAction:  heard(call{params: g.callback()}),
		authorizeAction: heard(call{action: authorizeAction, params: g.authorize()}),
	})
	if n := len(g.audit()); n != 0 {
		t.Errorf("%d calls were carried out", n)
	}
}

// TestThrottling: 400 Throttling.User with x-ratelimit-user, where SDKs read how long to wait.
func TestThrottling(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, after, left string
		retry             time.Duration
		v1                bool
	}{
		{"V3", "", "TimeLeft:1000", 0, false},
		{"V1", "", "TimeLeft:1000", 0, true},
		{"RetryAfter", "5", "TimeLeft:5000", 5 * time.Second, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := newRig(t, mockserver.WorldSetting{Faults: []mockserver.FaultRule{
				{Vendor: "quickbi", Times: 1, Effect: mockserver.FaultEffect{Throttle: &mockserver.Throttling{RetryAfter: mockserver.Duration(tt.retry)}}}}})
			params := g.callback()
			got := g.send(call{v1: tt.v1, params: params})
			if got.status != 400 || got.code != "Throttling.User" || got.header.Get("Retry-After") != tt.after ||
				!strings.Contains(got.header.Get("x-ratelimit-user"), tt.left) {
				t.Errorf("got %d %v %s", got.status, got.header, got.body)
			}
			if got := g.send(call{v1: tt.v1, params: params}); got.status != 200 || got.header.Get("x-ratelimit-user") != "" {
				t.Errorf("the next call got %d %v %s", got.status, got.header, got.body)
			}
		})
	}
}

func TestInjectedDenialHasItsDetail(t *testing.T) {
	t.Parallel()
	g := newRig(t, mockserver.WorldSetting{})
	rule := mockserver.FaultRule{Vendor: "quickbi", Effect: mockserver.FaultEffect{Error: errNoPermission}}
	if _, err := g.world.AddFaults(rule); err != nil {
		t.Fatal(err)
	}
	detail := func(got *reply) map[string]any {
		d, _ := got.members["AccessDeniedDetail"].(map[string]any)
		return d
	}
	if d := detail(as(callbackAction, "ram-user")(g)); d["AuthAction"] != "quickbi-public:ResultCallback" {
		t.Errorf("got %v", d)
	}
	if d := detail(g.send(call{params: g.callback()})); d != nil {
		t.Errorf("an account's own key has the detail %v", d)
	}
}

// TestFaultsOfXML: what spoils a body spoils XML too, and an injected error is XML where the call wants it.
func TestFaultsOfXML(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		effect mockserver.FaultEffect
		whole  bool
		has    string
	}{
		{"Error", mockserver.FaultEffect{Error: errInternal}, true, "<Code>InternalError</Code>"},
		{"Throttle", mockserver.FaultEffect{Throttle: &mockserver.Throttling{}}, true, "<Code>Throttling.User</Code>"},
		{"Truncated", mockserver.FaultEffect{Malformed: "truncated"}, false, "<ResultCallbackResponse>"},
		{"Garbage", mockserver.FaultEffect{Malformed: "garbage"}, false, "%"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := newRig(t, mockserver.WorldSetting{Faults: []mockserver.FaultRule{{Vendor: "quickbi", Effect: tt.effect}}})
			req := g.request(call{v1: true, params: g.callback(), edit: func(common map[string]string) { common["Format"] = "XML" }})
			resp, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil || resp.ContentLength != int64(len(body)) || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/xml") {
				t.Errorf("%v, length %d of %d, %v", err, resp.ContentLength, len(body), resp.Header)
			}
			var v struct{ XMLName xml.Name }
			if err := xml.Unmarshal(body, &v); (err == nil) != tt.whole || !strings.Contains(string(body), tt.has) || json.Valid(body) {
				t.Errorf("%v: %s", err, body)
			}
		})
	}
}

// TestDecidedThoughRefused: with a fault behind the handler the application is decided, and only the caller hears
// otherwise.
func TestDecidedThoughRefused(t *testing.T) {
	t.Parallel()
	g := newRig(t, mockserver.WorldSetting{Faults: []mockserver.FaultRule{
		{Vendor: "quickbi", Operation: callbackAction, Moment: mockserver.After, Times: 1, Effect: mockserver.FaultEffect{Error: errServiceUnavailable}}}})
	params := g.callback()
	if got := g.send(call{params: params}); got.status != 503 || got.code != errServiceUnavailable {
		t.Errorf("got %d %s", got.status, got.body)
	}
	if got := g.send(call{params: params}); got.code != errRecordClosed {
		t.Errorf("the next call got %d %s, want it decided", got.status, got.body)
	}
}

// TestInjectedErrorsFollowSwitches: a world that answers another code for a cause answers it for the injected error.
func TestInjectedErrorsFollowSwitches(t *testing.T) {
	t.Parallel()
	g := newRig(t, mockserver.WorldSetting{Assumptions: map[string]string{"QB-005": "gateway"}, Faults: []mockserver.FaultRule{
		{Vendor: "quickbi", Operation: callbackAction, Effect: mockserver.FaultEffect{Error: errParamEmpty, Parameter: "Status"}}}})
	if got := g.send(call{params: g.callback()}); got.code != "MissingStatus" {
		t.Errorf("got %d %s", got.status, got.body)
	}
}
