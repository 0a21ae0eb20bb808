package dataarts

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/countersign/countersign/contracts/client"
)

// The documented numbers of the list.
const (
	leastLimit   = 1
	mostLimit    = 100
	defaultLimit = 50
)

// ListApproversRequest asks for one page of approvers.
type ListApproversRequest struct {
	// ApproverName filters by name; whether it has to match as a whole is not documented. Empty: it is not sent.
	ApproverName string
	// Limit is how many approvers a page holds, 1 to 100. nil: not sent, which means 50.
	Limit *int
	// Offset is how many approvers are skipped, 0 or a multiple of Limit: the vendor rounds anything else down. nil: not
	// sent, which means 0.
	Offset *int
}

// ListApproversResponse is one page of approvers.
type ListApproversResponse struct {
	// Total is how many approvers match, on all pages together.
	Total int
	// Records are the approvers of this page. Their order is not documented.
	Records []Approver
}

// ListApprovers returns one page of the workspace's approvers.
//
// Errors: *client.CheckError if Limit is outside its bounds, or Offset is negative or no multiple of Limit; otherwise as
// the package client documents.
//
// https://support.huaweicloud.com/intl/en-us/api-dataartsstudio/ListApprovers.html
func (c *Client) ListApprovers(ctx context.Context, r ListApproversRequest) (*ListApproversResponse, error) {
	if err := r.check(); err != nil && !c.config.SkipChecks {
		return nil, err
	}
	var page *ListApproversResponse
	err := c.do(ctx, call{operation: "ListApprovers", method: http.MethodGet, query: r.query(), repeatable: true,
		read: func(r *client.Reply) (err error) {
			page, err = readList(r)
			return err
		}})
	return page, err
}

func (r ListApproversRequest) check() error {
	c := client.Checks{Operation: "ListApprovers"}
	c.Range("limit", r.Limit, leastLimit, mostLimit)
	if r.Offset != nil {
		limit := defaultLimit
		if r.Limit != nil {
			limit = max(*r.Limit, 1)
		}
		c.That(*r.Offset >= 0, "offset", "is negative")
		c.That(*r.Offset%limit == 0, "offset", "is %d, which is no multiple of limit %d and would be rounded down", *r.Offset, limit)
	}
	return c.Err()
}

// query writes the parameters as the vendor's Go SDK does: a blank as %20, an asterisk as %2A.
func (r ListApproversRequest) query() string {
	var parts []string
	if r.ApproverName != "" {
		parts = append(parts, "approver_name="+percentEncode(r.ApproverName))
	}
	if r.Limit != nil {
		parts = append(parts, "limit="+strconv.Itoa(*r.Limit))
	}
	if r.Offset != nil {
		parts = append(parts, "offset="+strconv.Itoa(*r.Offset))
	}
	return strings.Join(parts, "&")
}

func readList(r *client.Reply) (*ListApproversResponse, error) {
	var value *struct {
		Total   *int        `json:"total"`
		Records *[]Approver `json:"records"`
	}
	if err := readValue(r, http.StatusOK, &value); err != nil {
		return nil, err
	}
	switch {
	case value.Total == nil:
		return nil, malformed(r, "data.value.total is missing")
	case value.Records == nil:
		return nil, malformed(r, "data.value.records is missing")
	}
	return &ListApproversResponse{*value.Total, *value.Records}, nil
}

// AllApproversRequest says which approvers AllApprovers goes through.
type AllApproversRequest struct {
	// ApproverName filters as in ListApproversRequest.
	ApproverName string
	// Limit is how many are fetched at a time, 1 to 100. 0: 100.
	Limit int
}

// AllApprovers goes through all approvers of the workspace, page after page. An approver who is created or deleted
// meanwhile may shift the others, so that one of them comes twice or not at all: offsets count from the beginning.
//
// It ends after the first error, which it yields with an empty approver. client.ErrStuck is the error when a page that
// should follow is the page before it once more, client.ErrGap when a page was short and yet more follow.
func (c *Client) AllApprovers(ctx context.Context, r AllApproversRequest) iter.Seq2[Approver, error] {
	limit := r.Limit
	if limit == 0 {
		limit = mostLimit
	}
	return func(yield func(Approver, error) bool) {
		var before []Approver
		for offset := 0; ; offset += limit {
			page, err := c.ListApprovers(ctx, ListApproversRequest{r.ApproverName, &limit, &offset})
			if err == nil {
				err = follows(offset, limit, before, page.Records)
			}
			if err != nil {
				yield(Approver{}, err)
				return
			}
			for _, approver := range page.Records {
				if !yield(approver, nil) {
					return
				}
			}
			if len(page.Records) == 0 || offset+limit >= page.Total {
				return
			}
			before = page.Records
		}
	}
}

// follows says why a page cannot be the one after another.
func follows(offset, limit int, before, page []Approver) error {
	switch {
	case offset == 0 || len(page) == 0:
		return nil
	case slices.Equal(page, before):
		return fmt.Errorf("%s ListApprovers: the page at offset %d is the one before it: %w", vendor, offset, client.ErrStuck)
	case len(before) < limit:
		return fmt.Errorf("%s ListApprovers: the page before offset %d had %d of %d records: %w", vendor, offset, len(before), limit, client.ErrGap)
	}
	return nil
}
