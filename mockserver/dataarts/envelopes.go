package dataarts

import (
	"net/http"
	"strings"

	"github.com/countersign/countersign/mockserver"
)

// dataHead and dataTail are around every successful reply of the service: what its handlers return appends them itself.
const (
	dataHead = `{"data":{"value":`
	dataTail = `}}`
)

func success(_ *mockserver.Call, value any) any { return value }

// gatewayError, serviceError and iamError are the three forms of an error, in the key order of the examples.
type gatewayError struct{ message, code, requestID string }

// serviceError leaves out what is empty.
type serviceError struct {
	code, message     string
	reason, parameter string
	// listed is an error again, in an array, where the world has that form.
	listed *gatewayError
}

type iamError struct {
	status  int
	message string
}

func failure(c *mockserver.Call, r *mockserver.Refusal) any {
	switch {
	case strings.HasPrefix(r.Entry.Name, "APIGW."):
		return &gatewayError{message: r.Message, code: r.Code, requestID: c.RequestID}
	case strings.HasPrefix(r.Entry.Name, "IAM."):
		traceID(c)
		return &iamError{status: r.Entry.Status, message: r.Message}
	}
	return serviceFailure(c, r)
}

func serviceFailure(c *mockserver.Call, r *mockserver.Refusal) *serviceError {
	out := &serviceError{}
	form := c.Switch("DA-002")
	if form != "flat" {
		out.listed = &gatewayError{code: r.Code, message: r.Message, requestID: c.RequestID}
	}
	if form == "errors" {
		return out
	}
	out.code, out.message = r.Code, r.Message
	if c.Switch("DA-032") == "reason" {
		out.reason, out.parameter = r.Reason(), r.Parameter
	}
	return out
}

// AppendJSON appends the error as the gateway writes it.
func (e *gatewayError) AppendJSON(b []byte) []byte {
	b = mockserver.AppendQuoted(append(b, `{"error_msg":`...), e.message)
	b = mockserver.AppendQuoted(append(b, `,"error_code":`...), e.code)
	b = mockserver.AppendQuoted(append(b, `,"request_id":`...), e.requestID)
	return append(b, '}')
}

// appendListed appends the error as an array of the service has it: the code comes first.
func (e *gatewayError) appendListed(b []byte) []byte {
	b = mockserver.AppendQuoted(append(b, `{"error_code":`...), e.code)
	b = mockserver.AppendQuoted(append(b, `,"error_msg":`...), e.message)
	b = mockserver.AppendQuoted(append(b, `,"request_id":`...), e.requestID)
	return append(b, '}')
}

// AppendJSON appends the error as the service writes it.
func (e *serviceError) AppendJSON(b []byte) []byte {
	b = append(b, '{')
	b = appendField(b, `"error_code":`, e.code)
	b = appendField(b, `"error_msg":`, e.message)
	if e.reason != "" || e.parameter != "" {
		b = append(appendName(b, `"data":`), '{')
		b = appendField(b, `"reason":`, e.reason)
		b = appendField(b, `"parameter":`, e.parameter)
		b = append(b, '}')
	}
	if e.listed != nil {
		b = e.listed.appendListed(append(appendName(b, `"errors":`), '['))
		b = append(b, ']')
	}
	return append(b, '}')
}

// AppendJSON appends the error as IAM writes it.
func (e *iamError) AppendJSON(b []byte) []byte {
	b = appendInt(append(b, `{"error":{"code":`...), e.status)
	b = mockserver.AppendQuoted(append(b, `,"message":`...), e.message)
	b = mockserver.AppendQuoted(append(b, `,"title":`...), http.StatusText(e.status))
	return append(b, "}}"...)
}
