package wps_test

import (
	"net/http"
	"testing"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/vendortest"
)

func TestEveryErrorByName(t *testing.T) {
	t.Parallel()
	c := newClient(t, newServer(t))
	heard := func(send func() answer) func() vendortest.Heard {
		return func() vendortest.Heard {
			got := send()
			return vendortest.Heard{Status: got.status, Header: got.header, Body: got.body}
		}
	}
	vendortest.EveryErrorByName(t, c.world, "wps", map[string]func() vendortest.Heard{
		"getUserManageApprovalDefinitionList": heard(func() answer { return c.send(c.list("cursor=&page=10")) }),
		"getAccessToken":                      heard(func() answer { return c.tokenCall(c.form("client_credentials")) }),
	})
}

// TestThrottling: 429 with 429000001 for the API; nothing is known of throttling at the token endpoint.
func TestThrottling(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	c := newClientIn(t, srv, mockserver.WorldSetting{Faults: []mockserver.FaultRule{
		{ID: "it", Vendor: "wps", Nth: 2, Effect: mockserver.FaultEffect{Throttle: &mockserver.Throttling{RetryAfter: mockserver.Duration(3e9)}}},
		{Vendor: "wps", Nth: 1, Effect: mockserver.FaultEffect{Throttle: &mockserver.Throttling{}}}}})
	for _, want := range []struct{ status, after string }{{"429000001", ""}, {"429000001", "3"}, {"0", ""}} {
		got := c.send(c.list("cursor=&page=10"))
		if got.code() != want.status || got.header.Get("Retry-After") != want.after || (got.status == 429) != (want.status != "0") {
			t.Errorf("got %d %v %s, want %v", got.status, got.header, got.body, want)
		}
	}
	if got := c.tokenCall(c.form("client_credentials")); got.status != 200 {
		t.Errorf("the token endpoint: %d %s", got.status, got.body)
	}
	if st, err := c.world.Fault("it"); err != nil || len(st.Operations) != 1 || st.Operations[0] != "getUserManageApprovalDefinitionList" {
		t.Errorf("%+v, %v", st, err)
	}
	if _, err := c.world.AddFaults(mockserver.FaultRule{Vendor: "wps", Operation: "getAccessToken", Effect: mockserver.FaultEffect{Throttle: &mockserver.Throttling{}}}); err == nil {
		t.Error("throttling of the token endpoint is taken")
	}
}

// TestCodeUsedThoughRefused: behind the handler an authorization code is used up, whatever the caller hears.
func TestCodeUsedThoughRefused(t *testing.T) {
	t.Parallel()
	c := newClientIn(t, newServer(t), mockserver.WorldSetting{Faults: []mockserver.FaultRule{{Vendor: "wps", Operation: "getAccessToken",
		Parameters: []mockserver.ParameterMatch{{Name: "grant_type", Equals: new("authorization_code")}}, Moment: mockserver.After, Times: 1,
		Effect: mockserver.FaultEffect{Error: "50300007"}}}})
	told := c.state("wps-authorization-code", nil)
	form := c.form("authorization_code", "code", told["code"].(string), "redirect_uri", told["redirect_uri"].(string))
	if got := c.tokenCall(c.form("client_credentials")); got.status != 200 {
		t.Errorf("another grant: %d %s", got.status, got.body)
	}
	if got := c.tokenCall(form); got.status != http.StatusServiceUnavailable || got.code() != "50300007" {
		t.Errorf("got %d %s", got.status, got.body)
	}
	if got := c.tokenCall(form); got.code() != "40100009" {
		t.Errorf("the code was not used up: %d %s", got.status, got.body)
	}
}
