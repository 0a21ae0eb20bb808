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
type gatewayError struct {
	refusal   *mockserver.Refusal
	requestID string
}

// serviceError leaves out what is empty.
type serviceError struct {
	// flat is the error itself, nil where the world has it in an array only; detailed adds what is wrong with which parameter.
	flat     *mockserver.Refusal
	detailed bool
	// listed is an error again, in an array, where the world has that form.
	listed *gatewayError
}

// flatError is the serviceError of most worlds, flat and detailed: the refusal itself, so that it takes no memory of its own.
type flatError mockserver.Refusal

type iamError struct {
	status  int
	message string
}

func failure(c *mockserver.Call, r *mockserver.Refusal) any {
	switch {
	case strings.HasPrefix(r.Entry.Name, "APIGW."):
		return &gatewayError{r, c.RequestID}
	case strings.HasPrefix(r.Entry.Name, "IAM."):
		traceID(c)
		return &iamError{status: r.Entry.Status, message: r.Message}
	}
	return serviceFailure(c, r)
}

func serviceFailure(c *mockserver.Call, r *mockserver.Refusal) mockserver.Appender {
	form, detailed := c.Switch("DA-002"), c.Switch("DA-032") == "reason"
	if form == "flat" && detailed {
		return flatFailure(r)
	}
	out := &serviceError{flat: r, detailed: detailed}
	if form != "flat" {
		out.listed = &gatewayError{r, c.RequestID}
	}
	if form == "errors" {
		out.flat = nil
	}
	return out
}

// flatFailures keeps errors of requests that validation refuses: a client that sends one wrong request sends it often.
var flatFailures = mockserver.NewReplies[mockserver.Saying]()

func flatFailure(r *mockserver.Refusal) mockserver.Appender {
	if says, ok := r.Saying(); ok {
		e, _ := flatFailures.Of(says, func() (mockserver.Appender, error) { return (*flatError)(r), nil })
		return e
	}
	return (*flatError)(r)
}

// AppendJSON appends the error as the gateway writes it.
func (e *gatewayError) AppendJSON(b []byte) []byte {
	b = e.refusal.AppendMessage(append(b, `{"error_msg":`...))
	b = e.refusal.AppendCode(append(b, `,"error_code":`...))
	b = mockserver.AppendQuoted(append(b, `,"request_id":`...), e.requestID)
	return append(b, '}')
}

// appendListed appends the error as an array of the service has it: the code comes first.
func (e *gatewayError) appendListed(b []byte) []byte {
	b = e.refusal.AppendCode(append(b, `{"error_code":`...))
	b = e.refusal.AppendMessage(append(b, `,"error_msg":`...))
	b = mockserver.AppendQuoted(append(b, `,"request_id":`...), e.requestID)
	return append(b, '}')
}

// AppendJSON appends the error as the service writes it.
func (e *serviceError) AppendJSON(b []byte) []byte {
	b = append(b, '{')
	if e.flat != nil {
		b = appendFlat(b, e.flat, e.detailed)
	}
	if e.listed != nil {
		b = e.listed.appendListed(append(appendName(b, `"errors":`), '['))
		b = append(b, ']')
	}
	return append(b, '}')
}

// AppendJSON appends the error as the service writes it.
func (e *flatError) AppendJSON(b []byte) []byte {
	return append(appendFlat(append(b, '{'), (*mockserver.Refusal)(e), true), '}')
}

// appendFlat appends the fields of an error that is in no array.
func appendFlat(b []byte, r *mockserver.Refusal, detailed bool) []byte {
	if r.Code != "" {
		b = r.AppendCode(appendName(b, `"error_code":`))
	}
	if r.Message != "" {
		b = r.AppendMessage(appendName(b, `"error_msg":`))
	}
	explained := detailed && r.HasReason()
	if !explained && (!detailed || r.Parameter == "") {
		return b
	}
	b = append(appendName(b, `"data":`), '{')
	if explained {
		b = append(r.AppendReason(append(appendName(b, `"reason":`), '"')), '"')
	}
	return append(appendField(b, `"parameter":`, r.Parameter), '}')
}

// AppendJSON appends the error as IAM writes it.
func (e *iamError) AppendJSON(b []byte) []byte {
	b = appendInt(append(b, `{"error":{"code":`...), e.status)
	b = mockserver.AppendQuoted(append(b, `,"message":`...), e.message)
	b = mockserver.AppendQuoted(append(b, `,"title":`...), http.StatusText(e.status))
	return append(b, "}}"...)
}
