package specs

import (
	"encoding/json"
	"testing"
)

// benchPage is the example of DataArts' list with 50 items.
func benchPage(b *testing.B) []byte {
	b.Helper()
	v, err := Load("dataarts")
	if err != nil {
		b.Fatal(err)
	}
	op := v.Operation("ListApprovers")
	return repeatItems(b, exampleText(b, op.Spec.Responses.Value("200").Value.Content["application/json"]), op.Pagination.Items, 50)
}

// BenchmarkTapeRead reads a page, beside what encoding/json does with it.
func BenchmarkTapeRead(b *testing.B) {
	text := benchPage(b)
	b.Run("Tape", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		var t Tape
		for b.Loop() {
			if err := t.Read(text); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Valid", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			if !json.Valid(text) {
				b.Fatal("not valid")
			}
		}
	})
	b.Run("Unmarshal", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			var v any
			if err := json.Unmarshal(text, &v); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkBind binds a body of seven fields, beside json.Unmarshal.
func BenchmarkBind(b *testing.B) {
	text := []byte(`{"app_name":"dlg-ds","approver_name":"somebody","user_id":"0833a573fe80d5401f6dc010a775569a","email":"somebody@example.com","phone_number":"17775558866","email_notify":true,"sms_notify":true}`)
	type body struct {
		AppName      *string `json:"app_name"`
		ApproverName string  `json:"approver_name"`
		UserID       string  `json:"user_id"`
		Email        string  `json:"email"`
		PhoneNumber  string  `json:"phone_number"`
		EmailNotify  *bool   `json:"email_notify"`
		SMSNotify    *bool   `json:"sms_notify"`
	}
	var t Tape
	if err := t.Read(text); err != nil {
		b.Fatal(err)
	}
	b.Run("Tape", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var v body
			if err := t.Bind(&v); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Unmarshal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var v body
			if err := json.Unmarshal(text, &v); err != nil {
				b.Fatal(err)
			}
		}
	})
}
