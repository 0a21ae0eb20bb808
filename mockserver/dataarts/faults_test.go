package dataarts

import (
	"slices"
	"strings"
	"testing"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/vendortest"
)

func TestEveryErrorByName(t *testing.T) {
	t.Parallel()
	c := open(t, server(t), mockserver.WorldSetting{})
	before, _ := c.list("")
	heard := func(good func() *sent) func() vendortest.Heard {
		return func() vendortest.Heard {
			got := c.send(good())
			return vendortest.Heard{Status: got.status, Header: got.header, Body: got.body}
		}
	}
	vendortest.EveryErrorByName(t, c.world, "dataarts", map[string]func() vendortest.Heard{
		opCreateApprover: heard(func() *sent { return createSelf(c, nil) }),
		opListApprovers:  heard(func() *sent { return list(c, nil) }),
		opDeleteApprover: heard(func() *sent { return remove(c, nil) }),
		opCreateToken:    heard(func() *sent { return c.tokenRequest(c.scoped("")) }),
		opListProjects:   heard(func() *sent { return c.request("GET", "/v3/projects", "", "") }),
		opListDomains:    heard(func() *sent { return c.request("GET", "/v3/auth/domains", "", "") }),
	})
	if after, _ := c.list(""); after != before {
		t.Errorf("%d approvers, %d before", after, before)
	}
}

// TestThrottling: 429 APIGW.0308 in the gateway's envelope, with the request's number.
func TestThrottling(t *testing.T) {
	t.Parallel()
	c := open(t, server(t), mockserver.WorldSetting{Assumptions: map[string]string{"DA-002": "both"}, Faults: []mockserver.FaultRule{
		{ID: "it", Vendor: "dataarts", Times: 2, Effect: mockserver.FaultEffect{Throttle: &mockserver.Throttling{}}}}})
	for range 2 {
		g := c.send(list(c, nil))
		v := g.want(t, 429)
		if v["error_code"] != "APIGW.0308" || v["error_msg"] != "The throttling threshold has been reached." ||
			v["request_id"] != g.header.Get("X-Request-Id") || g.header.Get("Retry-After") != "" {
			t.Errorf("got %v %s", g.header, g.body)
		}
	}
	c.send(list(c, nil)).want(t, 200)
	_, _, err := c.world.PutFault(mockserver.FaultRule{ID: "it", Vendor: "dataarts", Operation: opListApprovers,
		Effect: mockserver.FaultEffect{Throttle: &mockserver.Throttling{RetryAfter: mockserver.Duration(60e9)}}})
	if err != nil {
		t.Fatal(err)
	}
	if g := c.send(list(c, nil)); g.status != 429 || g.header.Get("Retry-After") != "60" {
		t.Errorf("got %d %v", g.status, g.header)
	}
}

// TestInjectedErrorsFollowSwitches: codes, envelope and details are those that the world has chosen.
func TestInjectedErrorsFollowSwitches(t *testing.T) {
	t.Parallel()
	c := open(t, server(t), mockserver.WorldSetting{Assumptions: map[string]string{"DA-001": "DS.6000", "DA-002": "errors"}, Faults: []mockserver.FaultRule{
		{Vendor: "dataarts", Nth: 1, Effect: mockserver.FaultEffect{Error: errParameter, Parameter: "limit"}},
		{Vendor: "dataarts", Nth: 2, Operation: opListApprovers, Effect: mockserver.FaultEffect{Error: errWorkspace}}}})
	for _, want := range []string{"DS.6000", "DLG.0818"} {
		errors, _ := c.send(list(c, nil)).want(t, 400)["errors"].([]any)
		if len(errors) != 1 || errors[0].(map[string]any)["error_code"] != want {
			t.Errorf("got %v, want %s", errors, want)
		}
	}
}

// TestTokenNotLeaked: a token that was minted does not reach a caller who hears of an error.
func TestTokenNotLeaked(t *testing.T) {
	t.Parallel()
	c := open(t, server(t), mockserver.WorldSetting{Faults: []mockserver.FaultRule{
		{Vendor: "dataarts", Operation: opCreateToken, Moment: mockserver.After, Effect: mockserver.FaultEffect{Error: errInternal}}}})
	g := c.send(c.tokenRequest(c.scoped("")))
	if g.status != 500 || g.header.Get("X-Subject-Token") != "" || g.header.Get("X-Request-Id") == "" {
		t.Errorf("got %d %v %s", g.status, g.header, g.body)
	}
}

// TestDoneThoughRefused: behind the handler the approver is there, whatever the caller hears.
func TestDoneThoughRefused(t *testing.T) {
	t.Parallel()
	c := open(t, server(t), mockserver.WorldSetting{Faults: []mockserver.FaultRule{{Vendor: "dataarts", Operation: opCreateApprover, Moment: mockserver.After,
		Parameters: []mockserver.ParameterMatch{{Name: "/approver_name", Contains: new("uesr")}}, Effect: mockserver.FaultEffect{Error: "APIGW.0201/504"}}}})
	before := strings.Fields(c.names(""))
	if g := c.send(createSelf(c, nil)); g.status != 504 {
		t.Fatalf("got %d %s", g.status, g.body)
	}
	after := strings.Fields(c.names(""))
	if len(after) != len(before)+1 || !slices.Contains(after, "test_uesr") {
		t.Errorf("approvers %v, before %v", after, before)
	}
}
