package dataarts

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/countersign/countersign/contracts/client"
)

// base is named so that Error's field does not hide its method.
type base = client.Error

// Error is what DataArts Studio, IAM, or the gateway before them answers in place of a result. errors.As finds it, and
// the client.Error in it. RequestID is the header X-Request-Id, or the gateway's request_id.
type Error struct {
	base
	// Data is the object that goes with an error of the service, as it came. Its content is not documented.
	Data json.RawMessage
	// Errors is the list that the vendor's Terraform provider reads; no page documents it. If the reply has nothing else,
	// Code and Message are those of the first. errors.Is looks at all of them.
	Errors []ErrorItem
	// Title goes with an error of IAM: the name of the HTTP status.
	Title string
}

// ErrorItem is one error of a list.
type ErrorItem struct {
	Code      string
	Message   string
	RequestID string
}

// Unwrap gives the part that all clients' errors have.
func (e *Error) Unwrap() error { return &e.base }

// Is says whether target is a sentinel of this error's code or of one in its list, or client.ErrUnknownOutcome if the
// outcome is unknown.
func (e *Error) Is(target error) bool {
	if e.base.Is(target) {
		return true
	}
	for _, item := range e.Errors {
		one := e.base
		one.Code, one.Message = item.Code, item.Message
		if one.Is(target) {
			return true
		}
	}
	return false
}

// envelope has the fields of all forms of an error.
type envelope struct {
	ErrorCode any             `json:"error_code"`
	ErrorMsg  string          `json:"error_msg"`
	RequestID string          `json:"request_id"`
	Data      json.RawMessage `json:"data"`
	Errors    []struct {
		ErrorCode any    `json:"error_code"`
		ErrorMsg  string `json:"error_msg"`
		RequestID string `json:"request_id"`
	} `json:"errors"`
	// Error is IAM's.
	Error *struct {
		Code    any    `json:"code"`
		Message string `json:"message"`
		Title   string `json:"title"`
	} `json:"error"`
}

// failure is the error that a reply tells of: by its status, or, whatever the status, by a code. The vendor's own client
// looks for errors in replies of status 200 too.
func failure(r *client.Reply) error {
	var body envelope
	_ = json.Unmarshal(r.Body, &body) // what cannot be read has no code
	e := body.read(r)
	if r.Status < http.StatusBadRequest && e.Code == "" {
		return nil
	}
	if e.Code == "" {
		e.Message = "no error of Huawei Cloud: " + r.Excerpt()
	}
	e.Vendor = vendor
	e.Effect = client.EffectOf(&e.base, codes)
	return e
}

func (b envelope) read(r *client.Reply) *Error {
	e := &Error{base: client.Error{Code: text(b.ErrorCode), Message: b.ErrorMsg, Status: r.Status, RequestID: r.Header.Get("X-Request-Id")}}
	for _, item := range b.Errors {
		e.Errors = append(e.Errors, ErrorItem{text(item.ErrorCode), r.Scrub(item.ErrorMsg), item.RequestID})
	}
	switch {
	case e.Code != "":
		e.Data = json.RawMessage(r.Scrub(string(b.Data)))
	case b.Error != nil:
		e.Code, e.Message, e.Title = text(b.Error.Code), b.Error.Message, b.Error.Title
	case len(e.Errors) > 0:
		e.Code, e.Message, b.RequestID = e.Errors[0].Code, e.Errors[0].Message, e.Errors[0].RequestID
	}
	if e.RequestID == "" {
		e.RequestID = b.RequestID
	}
	return e
}

// text is a code, which IAM writes as a number.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}

func malformed(r *client.Reply, problem string) error {
	return r.Malformed(problem, r.Header.Get("X-Request-Id"))
}

// readValue reads data.value of a reply with the documented status into value, a pointer to a pointer.
func readValue[T any](r *client.Reply, status int, value **T) error {
	if err := failure(r); err != nil {
		return err
	}
	if r.Status != status {
		return malformed(r, "the documented status is "+strconv.Itoa(status))
	}
	var body struct {
		Data *struct {
			Value *T `json:"value"`
		} `json:"data"`
	}
	if err := json.Unmarshal(r.Body, &body); err != nil {
		return malformed(r, "it cannot be read: "+describe(err))
	}
	if body.Data == nil || body.Data.Value == nil {
		return malformed(r, "data.value is missing")
	}
	*value = body.Data.Value
	return nil
}

// describe is a decoder's error without the value that it may repeat.
func describe(err error) string {
	var number *strconv.NumError
	if errors.As(err, &number) {
		return "a number was expected"
	}
	return err.Error()
}
