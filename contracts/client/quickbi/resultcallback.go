package quickbi

import (
	"context"
	"errors"

	"github.com/countersign/countersign/contracts/client"
)

// Status is the decision about an application. On the wire it is an integer.
type Status string

// The two decisions.
const (
	// Approve passes the application.
	Approve Status = "1"
	// Reject turns it down.
	Reject Status = "2"
)

// ResultCallbackRequest is a decision about an application for access. All three fields are required.
type ResultCallbackRequest struct {
	// ApplicationId is the application's id: a UUID in one of the vendor's examples, 24 hexadecimal digits in another.
	ApplicationId string
	// HandleReason says why. No bound of its length is documented.
	HandleReason string
	// Status is Approve or Reject.
	Status Status
}

// ResultCallbackResponse says that a decision was carried out.
type ResultCallbackResponse struct {
	RequestId string
	// Result says whether the decision was carried out.
	Result bool
	// Success says whether the request succeeded.
	Success bool
}

// ResultCallback approves or rejects an application, from a company's own approval system.
//
// A decision is final: the second one for an application, the same or another, is answered with
// ErrApplicationRecordClosed. So an error that holds client.ErrUnknownOutcome wants a look at the application before the
// call is repeated; with client.RepeatUnknown it is repeated by itself, and ErrApplicationRecordClosed may then be the
// answer to the client's own first attempt (the error's Unknown is set).
//
// Errors: *client.CheckError if a field is empty or Status is another; ErrUnsuccessful, with the response, if the vendor
// answers 200 and says in the response that it was not carried out; otherwise as the package client documents.
//
// https://help.aliyun.com/zh/quick-bi/developer-reference/api-quickbi-public-2022-01-01-resultcallback
func (c *Client) ResultCallback(ctx context.Context, r ResultCallbackRequest, opts ...client.CallOption) (*ResultCallbackResponse, error) {
	if err := r.check(); err != nil && !c.config.SkipChecks {
		return nil, err
	}
	var out resultCallbackReply
	params := present(pair{"ApplicationId", r.ApplicationId}, pair{"HandleReason", r.HandleReason}, pair{"Status", string(r.Status)})
	err := c.call(ctx, "ResultCallback", params, false, &out, opts)
	if err != nil && !errors.Is(err, ErrUnsuccessful) {
		return nil, err
	}
	return &ResultCallbackResponse{out.RequestId, *out.Result, *out.Success}, err
}

func (r ResultCallbackRequest) check() error {
	c := client.Checks{Operation: "ResultCallback"}
	c.Required("ApplicationId", r.ApplicationId)
	c.Required("HandleReason", r.HandleReason)
	c.That(r.Status == Approve || r.Status == Reject, "Status", "is neither 1 (approve) nor 2 (reject)")
	return c.Err()
}

// resultCallbackReply is the reply with absent fields told apart from false.
type resultCallbackReply struct {
	RequestId       string
	Result, Success *bool
}

func (r *resultCallbackReply) missing() string {
	switch {
	case r.RequestId == "":
		return "RequestId"
	case r.Result == nil:
		return "Result"
	case r.Success == nil:
		return "Success"
	}
	return ""
}

func (r *resultCallbackReply) done() (bool, string) { return *r.Result && *r.Success, r.RequestId }

// present leaves out the parameters that are empty: the vendor counts them as missing.
func present(pairs ...pair) []pair {
	var out []pair
	for _, p := range pairs {
		if p.value != "" {
			out = append(out, p)
		}
	}
	return out
}
