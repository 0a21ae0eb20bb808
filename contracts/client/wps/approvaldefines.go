package wps

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"

	"github.com/countersign/countersign/contracts/client"
)

// The documented bounds of the list's parameters.
const (
	mostCursor = 1024
	mostPage   = 30
)

const listOperation = "getUserManageApprovalDefinitionList"

// ListRequest asks for one page of approval definitions.
type ListRequest struct {
	// Cursor is the NextCursor of the page before, unchanged, at most 1024 characters. Empty: the first page (that an
	// empty one asks for it is a guess, WPS-010; the documents demand the parameter and do not say what it is at first).
	Cursor string
	// Page is how many definitions are wanted, 0 to 30: the size of the page, not its number. It is required; what 0
	// means is not documented.
	Page *int
}

// Page is one page of approval definitions.
type Page struct {
	// Items are the definitions; there may be none.
	Items []ApprovalDefine `json:"items"`
	// HasMore says whether definitions follow those of this page.
	HasMore bool `json:"has_more"`
	// NextCursor is the cursor of the next page.
	NextCursor string `json:"next_cursor"`
}

// GetUserManageApprovalDefinitionList returns one page of the approval definitions that the user of the token manages.
//
// The vendor's parameter page is the size of a page, not its number. The call wants a user's token; an app's is refused.
//
// Errors: *client.CheckError if Page is not set or outside its bounds, or the cursor is too long; otherwise as the
// package client documents.
//
// https://open.wps.cn/documents/app-integration-dev/server/workflow/approval-definition/get-user-manage-approval-definition-list.html
func (c *Client) GetUserManageApprovalDefinitionList(ctx context.Context, r ListRequest) (*Page, error) {
	if err := r.check(); err != nil && !c.config.SkipChecks {
		return nil, err
	}
	query := "cursor=" + url.QueryEscape(r.Cursor)
	if r.Page != nil {
		query += "&page=" + strconv.Itoa(*r.Page)
	}
	var page *Page
	err := c.get(ctx, listOperation, "/v7/workflow/approval_defines/user_manage", query, func(reply *client.Reply) (err error) {
		page, err = readPage(reply)
		return err
	})
	return page, err
}

func (r ListRequest) check() error {
	c := client.Checks{Operation: listOperation}
	c.Length("cursor", r.Cursor, 0, mostCursor)
	c.That(r.Page != nil, "page", "is required")
	c.Range("page", r.Page, 0, mostPage)
	return c.Err()
}

// AllUserManageApprovalDefinitions goes through all definitions that the user of the token manages, page after page.
// page is how many are fetched at a time, 1 to 30; 0: 30.
//
// It ends after the first error, which it yields with an empty definition. client.ErrStuck is the error when the vendor
// promises more and gives no cursor, or one that it has given before.
func (c *Client) AllUserManageApprovalDefinitions(ctx context.Context, page int) iter.Seq2[ApprovalDefine, error] {
	if page == 0 {
		page = mostPage
	}
	return func(yield func(ApprovalDefine, error) bool) {
		seen := map[string]bool{"": true}
		for cursor := ""; ; {
			got, err := c.GetUserManageApprovalDefinitionList(ctx, ListRequest{cursor, &page})
			if err != nil {
				yield(ApprovalDefine{}, err)
				return
			}
			for _, item := range got.Items {
				if !yield(item, nil) {
					return
				}
			}
			if !got.HasMore {
				return
			}
			if cursor = got.NextCursor; seen[cursor] {
				yield(ApprovalDefine{}, fmt.Errorf("%s %s: has_more is true, and next_cursor is one that came before: %w", vendor, listOperation, client.ErrStuck))
				return
			}
			seen[cursor] = true
		}
	}
}

// readPage takes a reply apart. The fields that the documents require must be there.
func readPage(r *client.Reply) (*Page, error) {
	if err := failure(r); err != nil {
		return nil, err
	}
	if r.Status != http.StatusOK {
		return nil, malformed(r, "the documented status is 200")
	}
	var body struct {
		Code *int64
		Data *struct {
			Items      *[]ApprovalDefine
			HasMore    *bool   `json:"has_more"`
			NextCursor *string `json:"next_cursor"`
		}
	}
	if err := json.Unmarshal(r.Body, &body); err != nil {
		return nil, malformed(r, "it cannot be read: "+err.Error())
	}
	switch d := body.Data; {
	case body.Code == nil:
		return nil, malformed(r, "code is missing")
	case d == nil:
		return nil, malformed(r, "data is missing")
	case d.Items == nil:
		return nil, malformed(r, "data.items is missing")
	case d.HasMore == nil:
		return nil, malformed(r, "data.has_more is missing")
	case d.NextCursor == nil:
		return nil, malformed(r, "data.next_cursor is missing")
	default:
		return &Page{*d.Items, *d.HasMore, *d.NextCursor}, nil
	}
}
