package dataarts

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/countersign/countersign/contracts/client"
)

// CreateApproverRequest says who is to become an approver, and how he hears of it.
type CreateApproverRequest struct {
	// ApproverName is required, at most 100 characters: the name of a member of the workspace who is administrator,
	// developer or in a role with the approval permission.
	ApproverName string `json:"approver_name"`
	// UserID is required: the member's IAM user id.
	UserID string `json:"user_id"`
	// AppName is the application that calls for the approval; its developers choose the name.
	AppName string `json:"app_name"`
	// Email has at most 500 characters. Empty: it is not sent.
	Email string `json:"email"`
	// PhoneNumber is not bounded by the documents. Empty: it is not sent.
	PhoneNumber string `json:"phone_number"`
	// EmailNotify and SmsNotify say whether he is notified. nil: not sent, which means yes.
	EmailNotify *bool `json:"email_notify"`
	SmsNotify   *bool `json:"sms_notify"`
}

// Approver is an approver as replies show him. Every field may be empty; null is read as empty.
type Approver struct {
	// ID is the record's id, a decimal number. It is not the user's; DeleteApprover takes it.
	ID           string `json:"id"`
	ApproverName string `json:"approver_name"`
	UserID       string `json:"user_id"`
	UserName     string `json:"user_name"`
	// Email and PhoneNumber do not come back as they were sent: the examples show them encrypted or masked.
	Email       string `json:"email"`
	PhoneNumber string `json:"phone_number"`
	// UserType is BIZ_METRIC_OWNER, APPROVER or BIZ_METRIC_OWNER_AND_APPROVER; null in every example.
	UserType string `json:"user_type"`
	// CreateBy is who created the record: by id in the reply to a creation, by name in a list.
	CreateBy string `json:"create_by"`
	// CreateTime is a time of RFC 3339, UTC; with milliseconds in the examples, without in the text.
	CreateTime string `json:"create_time"`
	AppName    string `json:"app_name"`
	// TopicURN is the SMN topic that notifies him.
	TopicURN string `json:"topic_urn"`
	// ProjectID is, in the examples, the project's id, "-workspace-" and the workspace's.
	ProjectID string `json:"project_id"`
}

// The documented bounds of an approver.
const (
	mostName  = 100
	mostEmail = 500
)

// emailForm is the pattern of the vendor's definition.
var emailForm = regexp.MustCompile(`^\w+([-+.]\w+)*@\w+([-.]\w+)*\.\w+([-.]\w+)*$`)

// CreateApprover registers a member of the workspace as an approver. Only an administrator of the workspace may do it.
//
// Success is HTTP 200, not 201. Whether the same user can be registered twice is not documented, so an error that holds
// client.ErrUnknownOutcome wants a look at the list before the call is repeated.
//
// Errors: *client.CheckError if a name or user id is missing or the name or e-mail address is outside its bounds;
// otherwise as the package client documents.
//
// https://support.huaweicloud.com/intl/en-us/api-dataartsstudio/CreateApprover.html
func (c *Client) CreateApprover(ctx context.Context, r CreateApproverRequest, opts ...client.CallOption) (*Approver, error) {
	if err := r.check(); err != nil && !c.config.SkipChecks {
		return nil, err
	}
	body, err := r.encode()
	if err != nil {
		return nil, err
	}
	var approver *Approver
	err = c.do(ctx, call{operation: "CreateApprover", method: http.MethodPost, body: body, options: opts,
		read: func(r *client.Reply) error {
			if err := readValue(r, http.StatusOK, &approver); err != nil {
				return err
			}
			if approver.ID == "" {
				return malformed(r, "data.value.id is missing")
			}
			return nil
		}})
	if err != nil {
		return nil, err
	}
	return approver, nil
}

func (r CreateApproverRequest) check() error {
	c := client.Checks{Operation: "CreateApprover"}
	c.Required("approver_name", r.ApproverName)
	c.Length("approver_name", r.ApproverName, 0, mostName)
	c.Required("user_id", r.UserID)
	c.Length("email", r.Email, 0, mostEmail)
	c.That(r.Email == "" || emailForm.MatchString(r.Email), "email", "is not an address")
	return c.Err()
}

// encode writes the body as the vendor's Go SDK does: its order of fields, the required ones always, the others if they
// are set, characters of HTML as they are, a line feed at the end.
func (r CreateApproverRequest) encode() ([]byte, error) {
	body := struct {
		AppName      string `json:"app_name,omitempty"`
		ApproverName string `json:"approver_name"`
		UserID       string `json:"user_id"`
		Email        string `json:"email,omitempty"`
		PhoneNumber  string `json:"phone_number,omitempty"`
		EmailNotify  *bool  `json:"email_notify,omitempty"`
		SmsNotify    *bool  `json:"sms_notify,omitempty"`
	}{r.AppName, r.ApproverName, r.UserID, r.Email, r.PhoneNumber, r.EmailNotify, r.SmsNotify}
	return encodeJSON(body)
}

func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return b.Bytes(), err
}

// DeleteApprover deletes approvers by their records' ids (Approver.ID, not UserID) and returns how many were deleted. Only
// an administrator of the workspace may do it.
//
// The documents show one id; that several are separated by commas follows from the parameter's name, approver_ids. What
// is answered for an id that does not exist is not documented.
//
// Errors: *client.CheckError if there is no id, or one is empty or has a comma; otherwise as the package client documents.
//
// https://support.huaweicloud.com/intl/pt-br/api-dataartsstudio/DeleteApprover.html
func (c *Client) DeleteApprover(ctx context.Context, ids []string, opts ...client.CallOption) (int, error) {
	if err := checkIDs(ids); err != nil && !c.config.SkipChecks {
		return 0, err
	}
	var deleted count
	query := ""
	if len(ids) > 0 {
		query = "approver_ids=" + percentEncode(strings.Join(ids, ","))
	}
	err := c.do(ctx, call{operation: "DeleteApprover", method: http.MethodDelete, query: query, options: opts,
		read: func(r *client.Reply) error {
			var value *count
			if err := readValue(r, http.StatusOK, &value); err != nil {
				return err
			}
			deleted = *value
			return nil
		}})
	return int(deleted), err
}

func checkIDs(ids []string) error {
	c := client.Checks{Operation: "DeleteApprover"}
	c.That(len(ids) > 0, "approver_ids", "is required")
	for _, id := range ids {
		c.That(id != "" && !strings.Contains(id, ",") && utf8.ValidString(id), "approver_ids", "has an id that is empty or has a comma in it")
	}
	return c.Err()
}

// count is a number that an older page of the vendor calls a string.
type count int

func (n *count) UnmarshalJSON(b []byte) error {
	i, err := strconv.ParseInt(strings.Trim(string(b), `"`), 10, 32)
	*n = count(i)
	return err
}
