package quickbi_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/countersign/countersign/contracts/client"
	"github.com/countersign/countersign/contracts/client/quickbi"
	"github.com/countersign/countersign/mockserver"
	fake "github.com/countersign/countersign/mockserver/quickbi"
)

// TestFaultsThroughTheFrontDoor meets faults of the stand-in with the client as it is: which calls it sends again, how
// long it waits, and what it says of those that it must not repeat.
func TestFaultsThroughTheFrontDoor(t *testing.T) {
	t.Parallel()
	repeat := []client.CallOption{client.RepeatUnknown()}
	for _, tt := range []struct {
		name    string
		rule    mockserver.FaultRule
		options []client.CallOption
		want    error // nil: success
		unknown bool
		calls   uint64
		wait    time.Duration // at least, before the second attempt
	}{
		{"OKThrottled", mockserver.FaultRule{Effect: mockserver.FaultEffect{Throttle: &mockserver.Throttling{}}}, nil, nil, false, 2, time.Second},
		{"OKThrottledLonger", mockserver.FaultRule{Effect: mockserver.FaultEffect{Throttle: &mockserver.Throttling{RetryAfter: mockserver.Duration(9 * time.Second)}}},
			nil, nil, false, 2, 9 * time.Second},
		{"ErrInternal", mockserver.FaultRule{Effect: mockserver.FaultEffect{Error: "InternalError"}}, nil, quickbi.ErrInternalError, true, 1, 0},
		{"ErrInternalAfter", mockserver.FaultRule{Moment: mockserver.After, Effect: mockserver.FaultEffect{Error: "InternalError"}},
			repeat, quickbi.ErrApplicationRecordClosed, true, 2, 1},
		{"ErrReset", mockserver.FaultRule{Effect: mockserver.FaultEffect{Reset: true}}, nil, client.ErrUnknownOutcome, true, 1, 0},
		{"OKResetBefore", mockserver.FaultRule{Effect: mockserver.FaultEffect{Reset: true}}, repeat, nil, false, 2, 1},
		{"ErrResetAfter", mockserver.FaultRule{Moment: mockserver.After, Effect: mockserver.FaultEffect{Reset: true}},
			repeat, quickbi.ErrApplicationRecordClosed, true, 2, 1},
		{"ErrCut", mockserver.FaultRule{Effect: mockserver.FaultEffect{Cut: &mockserver.Cut{}}}, nil, client.ErrUnknownOutcome, true, 1, 0},
		{"ErrMalformed", mockserver.FaultRule{Effect: mockserver.FaultEffect{Malformed: "garbage"}}, nil, client.ErrUnknownOutcome, true, 1, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.rule.ID, tt.rule.Vendor, tt.rule.Times = "it", "quickbi", 1
			srv := mockserver.Run(t, mockserver.Options{Vendors: []mockserver.Vendor{fake.New},
				World: mockserver.WorldSetting{Faults: []mockserver.FaultRule{tt.rule}}})
			var waits []time.Duration
			config := faultyEnvironment(t, srv).config()
			config.Retry.Sleep = func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }
			c, err := quickbi.New(config)
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.ResultCallback(t.Context(), quickbi.ResultCallbackRequest{ApplicationId: faultyEnvironment(t, srv).OpenApplicationIDs[0],
				HandleReason: "fine", Status: quickbi.Approve}, tt.options...)
			if !errors.Is(err, tt.want) || errors.Is(err, client.ErrUnknownOutcome) != tt.unknown {
				t.Errorf("got %v, want %v, of unknown outcome %v", err, tt.want, tt.unknown)
			}
			if w, err := srv.World(mockserver.DefaultWorld); err != nil || w.Faults()[0].Matched != tt.calls {
				t.Errorf("%d calls, want %d (%v)", w.Faults()[0].Matched, tt.calls, err)
			}
			if len(waits) != int(tt.calls)-1 || len(waits) > 0 && waits[0] < tt.wait {
				t.Errorf("waited %v, want %v", waits, tt.wait)
			}
		})
	}
}

func faultyEnvironment(t *testing.T, srv *mockserver.Running) environment {
	t.Helper()
	data, err := json.Marshal(srv.Env(t, mockserver.DefaultWorld)["quickbi"])
	var env environment
	if err == nil {
		err = json.Unmarshal(data, &env)
	}
	if err != nil {
		t.Fatal(err)
	}
	return env
}
