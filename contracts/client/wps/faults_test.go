package wps_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/countersign/countersign/contracts/client"
	"github.com/countersign/countersign/contracts/client/wps"
	"github.com/countersign/countersign/mockserver"
)

// TestFaultsThroughTheFrontDoor meets faults of the stand-in with the client as it is: reading is sent again whatever
// went wrong on the way.
func TestFaultsThroughTheFrontDoor(t *testing.T) {
	t.Parallel()
	throttled := mockserver.FaultEffect{Throttle: &mockserver.Throttling{RetryAfter: mockserver.Duration(4 * time.Second)}}
	for _, tt := range []struct {
		name   string
		times  int
		effect mockserver.FaultEffect
		want   error // nil: success
		acts   uint64
		waits  int
		wait   time.Duration // at least
	}{
		{"OKThrottled", 1, throttled, nil, 1, 1, 4 * time.Second},
		{"ErrThrottledForGood", 0, throttled, wps.ErrTooManyRequests, 3, 2, 4 * time.Second},
		{"OKReset", 1, mockserver.FaultEffect{Reset: true}, nil, 1, 1, 0},
		{"OKCut", 2, mockserver.FaultEffect{Cut: &mockserver.Cut{}}, nil, 2, 2, 0},
		{"ErrDenied", 1, mockserver.FaultEffect{Error: "403000001/denied"}, wps.ErrNoPermission, 1, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			env := start(t, mockserver.WorldSetting{Faults: []mockserver.FaultRule{
				{Vendor: "wps", Operation: "getUserManageApprovalDefinitionList", Times: tt.times, Effect: tt.effect}}})
			var waits []time.Duration
			config := env.config()
			config.Retry = client.RetryPolicy{Sleep: func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }}
			c, err := wps.New(config)
			if err != nil {
				t.Fatal(err)
			}
			var failed error
			for _, err := range c.AllUserManageApprovalDefinitions(t.Context(), 30) {
				failed = err
				if err != nil {
					break
				}
			}
			if !errors.Is(failed, tt.want) {
				t.Errorf("got %v, want %v", failed, tt.want)
			}
			if got := env.world.Faults()[0].Acted; got != tt.acts || len(waits) != tt.waits {
				t.Errorf("the fault acted %d times, the client waited %v; want %d and %d waits", got, waits, tt.acts, tt.waits)
			}
			for _, d := range waits {
				if d < tt.wait {
					t.Errorf("waited %v, want %v at least", waits, tt.wait)
				}
			}
		})
	}
}
