package dataarts

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/countersign/countersign/contracts/client"
)

const issued = `{"token":{"issued_at":"2020-01-03T09:05:22.701000Z","expires_at":"2020-01-04T09:05:22.701000Z","methods":["password"],
	"project":{"id":"p1","name":"cn-north-4"},"user":{"id":"u1"}}}`

func TestToken(t *testing.T) {
	t.Parallel()
	f := &fakeVendor{answers: []handler{says(500, ""), with("X-Subject-Token", "the-token", says(201, issued))}}
	token, err := f.iam(t, Credentials{}).KeystoneCreateUserTokenByPassword(t.Context(), PasswordRequest{"account", "user", "pass<word", "", "cn-north-4"})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2020, 1, 3, 9, 5, 22, 701_000_000, time.UTC)
	if diff := cmp.Diff(&Token{"the-token", at, at.Add(24 * time.Hour), "p1", "u1"}, token); diff != "" {
		t.Errorf("token, want - got +\n%s", diff)
	}
	r := f.seen[1]
	if got, want := r.Method+" "+r.URL.String(), "POST https://iam.myhuaweicloud.com/v3/auth/tokens?nocatalog=true"; got != want {
		t.Errorf("sent %s, want %s", got, want)
	}
	const want = `{"auth":{"identity":{"methods":["password"],"password":{"user":{"domain":{"name":"account"},"name":"user","password":"pass<word"}}},` +
		`"scope":{"project":{"name":"cn-north-4"}}}}`
	if got := strings.TrimSpace(f.bodies[1]); got != want {
		t.Errorf("sent %s\nwant %s", got, want)
	}
	if r.Header.Get("Authorization") != "" || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		t.Errorf("headers %v", r.Header)
	}
}

func TestTokenReplies(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		answer handler
		want   string
		is     error
	}{
		{"ErrPassword", says(401, `{"error":{"code":401,"message":"The username or password is wrong.","title":"Unauthorized"}}`),
			"status 401 401: The username or password is wrong.", ErrIAMUnauthorized},
		{"ErrBody", says(400, `{"error":{"code":400,"message":"The request body is invalid","title":"Bad Request"}}`), "status 400 400", ErrIAMBadRequest},
		{"ErrEcho", says(400, `{"error":{"code":400,"message":"bad pass-hidden","title":"t"}}`), "bad [redacted]", ErrIAMBadRequest},
		{"ErrNoHeader", says(201, issued), "X-Subject-Token is missing", nil},
		{"ErrStatus", with("X-Subject-Token", "t", says(200, issued)), "documented status is 201", nil},
		{"ErrNoExpiry", with("X-Subject-Token", "t", says(201, `{"token":{}}`)), "expires_at is missing", nil},
		{"ErrNoJSON", with("X-Subject-Token", "t", says(201, `x`)), "cannot be read", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := &fakeVendor{answers: []handler{tt.answer}}
			token, err := f.iam(t, Credentials{}).KeystoneCreateUserTokenByPassword(t.Context(), PasswordRequest{"d", "u", "pass-hidden", "p", ""})
			if token != nil || err == nil || !strings.Contains(err.Error(), tt.want) || tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("got %v, %v; want %q", token, err, tt.want)
			}
		})
	}
	f := &fakeVendor{}
	var problem *client.CheckError
	if _, err := f.iam(t, Credentials{}).KeystoneCreateUserTokenByPassword(t.Context(), PasswordRequest{}); !errors.As(err, &problem) || f.seen != nil {
		t.Errorf("an empty request: %v", err)
	}
}

func TestProjectID(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body, want string
	}{
		{"OK", `{"projects":[{"id":"p1","name":"cn-north-4","enabled":true}]}`, "p1"},
		{"ErrNone", `{"projects":[]}`, ""},
		{"ErrTwo", `{"projects":[{"id":"p1"},{"id":"p2"}]}`, ""},
		{"ErrNoProjects", `{"links":{}}`, ""},
		{"ErrNoJSON", `<html>`, ""},
	}
	for _, tt := range tests {
		f := &fakeVendor{answers: []handler{says(200, tt.body)}}
		got, err := f.iam(t, Credentials{Token: "t"}).ProjectID(t.Context(), "cn north*4")
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%s: got %q, %v", tt.name, got, err)
		}
		if r := f.seen[0]; r.URL.RawQuery != "name=cn%20north%2A4" || r.Header.Get("X-Auth-Token") != "t" || r.Header.Get("Authorization") != "" {
			t.Errorf("%s: sent %s %v", tt.name, r.URL, r.Header)
		}
	}
}

// Temporary credentials send and sign their token.
func TestProjectsWithTemporaryCredentials(t *testing.T) {
	t.Parallel()
	f := &fakeVendor{answers: []handler{says(200, `{"projects":[]}`)}}
	i := f.iam(t, Credentials{AccessKey: "a", SecretKey: "s", SecurityToken: "st"})
	if got, err := i.KeystoneListProjects(t.Context(), ""); err != nil || len(got) != 0 {
		t.Fatal(got, err)
	}
	h := f.seen[0].Header
	if h.Get("X-Security-Token") != "st" || !strings.Contains(h.Get("Authorization"), "SignedHeaders=x-sdk-date;x-security-token,") || f.seen[0].URL.RawQuery != "" {
		t.Errorf("headers %v", h)
	}
}

func TestNewIAMRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []IAMConfig{{Endpoint: "ftp://x"}, {Credentials: Credentials{AccessKey: "a"}}, {Credentials: Credentials{Token: "t\n"}}} {
		var problem *client.CheckError
		if _, err := NewIAM(c); !errors.As(err, &problem) {
			t.Errorf("got %v", err)
		}
	}
}

// A password that is part of a request prints as little as any other secret.
func TestPasswordIsASecret(t *testing.T) {
	t.Parallel()
	data, err := json.Marshal(PasswordRequest{Password: "hidden"})
	if err != nil || strings.Contains(string(data), "hidden") {
		t.Errorf("%s, %v", data, err)
	}
}
