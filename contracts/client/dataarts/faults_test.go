package dataarts_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/countersign/countersign/contracts/client"
	"github.com/countersign/countersign/contracts/client/dataarts"
	"github.com/countersign/countersign/mockserver"
)

// TestFaultsThroughTheFrontDoor meets faults of the stand-in with the client as it is: listing is sent again whatever
// went wrong on the way, creating only where nothing can have been done.
func TestFaultsThroughTheFrontDoor(t *testing.T) {
	t.Parallel()
	throttled := mockserver.FaultEffect{Throttle: &mockserver.Throttling{}}
	list := func(t *testing.T, c *dataarts.Client, _ environment) error {
		t.Helper()
		for _, err := range c.AllApprovers(t.Context(), dataarts.AllApproversRequest{}) {
			if err != nil {
				return err
			}
		}
		return nil
	}
	create := func(t *testing.T, c *dataarts.Client, env environment) error {
		t.Helper()
		_, err := c.CreateApprover(t.Context(), dataarts.CreateApproverRequest{ApproverName: "someone", UserID: env.MemberUserIDs[0]})
		return err
	}
	for _, tt := range []struct {
		name    string
		rule    mockserver.FaultRule
		call    func(*testing.T, *dataarts.Client, environment) error
		want    error // nil: success
		unknown bool
		calls   uint64
	}{
		{"OKThrottledListing", mockserver.FaultRule{Effect: throttled}, list, nil, false, 2},
		{"OKThrottledCreating", mockserver.FaultRule{Effect: throttled}, create, nil, false, 2},
		{"OKResetListing", mockserver.FaultRule{Effect: mockserver.FaultEffect{Reset: true}}, list, nil, false, 2},
		{"OKCutListing", mockserver.FaultRule{Effect: mockserver.FaultEffect{Cut: &mockserver.Cut{}}}, list, nil, false, 2},
		{"ErrResetCreating", mockserver.FaultRule{Moment: mockserver.After, Effect: mockserver.FaultEffect{Reset: true}}, create, client.ErrUnknownOutcome, true, 1},
		{"ErrTimeoutCreating", mockserver.FaultRule{Moment: mockserver.After, Effect: mockserver.FaultEffect{Error: "APIGW.0201/504"}},
			create, client.ErrUnknownOutcome, true, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.rule.Vendor, tt.rule.Times = "dataarts", 1
			env := start(t, mockserver.WorldSetting{Faults: []mockserver.FaultRule{tt.rule}})
			var waits []time.Duration
			c := env.client(t, func(config *dataarts.Config) {
				config.Retry.Sleep = func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }
			})
			err := tt.call(t, c, env)
			if !errors.Is(err, tt.want) || errors.Is(err, client.ErrUnknownOutcome) != tt.unknown {
				t.Errorf("got %v, want %v, of unknown outcome %v", err, tt.want, tt.unknown)
			}
			if got := env.world.Faults()[0].Matched; got != tt.calls || len(waits) != int(tt.calls)-1 {
				t.Errorf("%d calls and the waits %v, want %d calls", got, waits, tt.calls)
			}
		})
	}
}
