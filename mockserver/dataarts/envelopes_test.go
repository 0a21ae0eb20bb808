package dataarts

import (
	"testing"

	"github.com/countersign/countersign/mockserver"
)

// The three forms of an error once more, for encoding/json.
type (
	slowGatewayError struct {
		Message   string `json:"error_msg"`
		Code      string `json:"error_code"`
		RequestID string `json:"request_id"`
	}
	slowServiceError struct {
		Code    string           `json:"error_code,omitempty"`
		Message string           `json:"error_msg,omitempty"`
		Data    *slowErrorData   `json:"data,omitempty"`
		Errors  []slowErrorEntry `json:"errors,omitempty"`
	}
	slowErrorData struct {
		Reason    string `json:"reason,omitempty"`
		Parameter string `json:"parameter,omitempty"`
	}
	slowErrorEntry struct {
		Code      string `json:"error_code"`
		Message   string `json:"error_msg"`
		RequestID string `json:"request_id"`
	}
	slowIAMError struct {
		Error struct {
			Code    int    `json:"code"`
			Message string `json:"message"`
			Title   string `json:"title"`
		} `json:"error"`
	}
)

// TestErrorsAreEncodedAsByEncodingJSON goes through which of their texts are there, plain and in need of escapes.
func TestErrorsAreEncodedAsByEncodingJSON(t *testing.T) {
	t.Parallel()
	for bits := range 1 << 6 {
		text := func(i int, s string) string {
			if bits>>i&1 == 0 {
				return ""
			}
			return s
		}
		code, message, reason, parameter := text(0, "DS.6001"), text(1, "is \"wrong\"\n<&>"), text(2, "\xff"), text(3, "审")
		slow := &slowServiceError{Code: code, Message: message}
		refusal := (&mockserver.Refusal{Code: code, Message: message, Parameter: parameter}).Because("%s", reason)
		fast := &serviceError{flat: refusal, detailed: true}
		if reason != "" || parameter != "" {
			slow.Data = &slowErrorData{reason, parameter}
		}
		flat := *slow
		if bits>>4&1 == 1 {
			id := text(5, "0f")
			fast.listed = &gatewayError{refusal, id}
			slow.Errors = []slowErrorEntry{{code, message, id}}
		}
		iam := &slowIAMError{}
		iam.Error.Code, iam.Error.Message, iam.Error.Title = 401, message, "Unauthorized"
		for fast, slow := range map[mockserver.Appender]any{
			fast:                              slow,
			(*flatError)(refusal):             &flat,
			&gatewayError{refusal, parameter}: &slowGatewayError{message, code, parameter},
			&iamError{401, message}:           iam,
		} {
			if got, want := string(fast.AppendJSON([]byte("x"))), "x"+slowJSON(t, slow); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		}
	}
}
