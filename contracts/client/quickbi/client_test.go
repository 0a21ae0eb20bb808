package quickbi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/countersign/countersign/contracts/client"
)

func TestChecks(t *testing.T) {
	t.Parallel()
	many := func(n int) (ids []string) {
		for i := range n {
			ids = append(ids, fmt.Sprint("id", i))
		}
		return ids
	}
	callback := func(r ResultCallbackRequest) error { return r.check() }
	authorize := func(r SmartqAuthorizeRequest) error { return r.check() }
	tests := []struct {
		name  string
		err   error
		field string // "": passes
	}{
		{"OK", callback(ResultCallbackRequest{"a", "b", Approve}), ""},
		{"OKReject", callback(ResultCallbackRequest{"a", "b", Reject}), ""},
		{"OKLongReason", callback(ResultCallbackRequest{"a", strings.Repeat("长", 5000), Reject}), ""},
		{"ErrNoApplication", callback(ResultCallbackRequest{"", "b", Approve}), "ApplicationId"},
		{"ErrNoReason", callback(ResultCallbackRequest{"a", "", Approve}), "HandleReason"},
		{"ErrReasonNotUTF8", callback(ResultCallbackRequest{"a", "\xff", Approve}), "HandleReason"},
		{"ErrNoStatus", callback(ResultCallbackRequest{"a", "b", ""}), "Status"},
		{"ErrStatus", callback(ResultCallbackRequest{"a", "b", "0"}), "Status"},

		{"OKGrant", authorize(SmartqAuthorizeRequest{OperationType: Grant, UserIds: []string{"u"}}), ""},
		{"OKBound", authorize(SmartqAuthorizeRequest{OperationType: Grant, UserIds: many(10), LlmCubes: many(6), LlmCubeThemes: many(4)}), ""},
		{"OKDuplicates", authorize(SmartqAuthorizeRequest{OperationType: Grant, UserIds: many(10), LlmCubes: append(many(10), many(10)...)}), ""},
		{"OKCubesAreNotInTheFormula", authorize(SmartqAuthorizeRequest{OperationType: Grant, UserIds: many(10), CubeIds: many(20)}), ""},
		{"OKExpireDay", authorize(SmartqAuthorizeRequest{OperationType: Grant, UserIds: []string{"u"}, ExpireDay: "2020-02-29"}), ""},
		{"ErrBound", authorize(SmartqAuthorizeRequest{OperationType: Grant, UserIds: many(10), LlmCubes: many(6), LlmCubeThemes: many(5)}), "UserIds"},
		{"ErrNoOperation", authorize(SmartqAuthorizeRequest{UserIds: []string{"u"}}), "OperationType"},
		{"ErrNoUsers", authorize(SmartqAuthorizeRequest{OperationType: Revoke}), "UserIds"},
		{"ErrBlankUser", authorize(SmartqAuthorizeRequest{OperationType: Revoke, UserIds: []string{"u", " "}}), "UserIds"},
		{"ErrComma", authorize(SmartqAuthorizeRequest{OperationType: Revoke, UserIds: []string{"u"}, LlmCubeThemes: []string{"a,b"}}), "LlmCubeThemes"},
		{"ErrExpireDay", authorize(SmartqAuthorizeRequest{OperationType: Grant, UserIds: []string{"u"}, ExpireDay: "2023-02-29"}), "ExpireDay"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var problem *client.CheckError
			if got := errors.As(tt.err, &problem); got != (tt.field != "") || got && problem.Field != tt.field {
				t.Errorf("got %v, want a problem of %q", tt.err, tt.field)
			}
		})
	}
}

// What fails a check is not sent; with SkipChecks it goes out as the caller built it.
func TestSkipChecks(t *testing.T) {
	t.Parallel()
	for _, skip := range []bool{false, true} {
		f := &fakeVendor{answers: []handler{refuses(400, "Invalid.Parameter")}}
		c := f.client(t, func(c *Config) { c.SkipChecks = skip })
		_, err := c.ResultCallback(t.Context(), ResultCallbackRequest{HandleReason: "r", Status: "approved"})
		if len(f.seen) == 1 != skip {
			t.Fatalf("skip %v: sent %d times", skip, len(f.seen))
		}
		if !skip {
			continue
		}
		if !errors.Is(err, ErrInvalidParameter) {
			t.Errorf("error %v", err)
		}
		want := map[string][]string{"HandleReason": {"r"}, "Status": {"approved"}}
		if diff := cmp.Diff(want, map[string][]string(f.seen[0].URL.Query())); diff != "" {
			t.Errorf("sent, want - got +\n%s", diff)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	good := Credentials{AccessKeyId: "i", AccessKeySecret: "s"}
	tests := []struct {
		name   string
		config Config
		field  string
	}{
		{"ErrNoKey", Config{}, "AccessKeyId"},
		{"ErrNoSecret", Config{Credentials: Credentials{AccessKeyId: "i"}}, "AccessKeySecret"},
		{"ErrKeyWithLineFeed", Config{Credentials: Credentials{AccessKeyId: "i\n", AccessKeySecret: "s"}}, "AccessKeyId"},
		{"ErrPath", Config{Endpoint: "https://h/prefix", Credentials: good}, "Endpoint"},
		{"ErrScheme", Config{Endpoint: "ftp://h", Credentials: good}, "Endpoint"},
		{"ErrPassword", Config{Endpoint: "https://user:pw@h", Credentials: good}, "Endpoint"},
		{"ErrSigning", Config{Scheme: "HMAC-MD5", Credentials: good}, "Scheme"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var problem *client.CheckError
			_, err := New(tt.config)
			if !errors.As(err, &problem) || problem.Field != tt.field || strings.Contains(err.Error(), "pw") {
				t.Errorf("got %v, want a problem of %s", err, tt.field)
			}
		})
	}
}

func TestReplies(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body string
		status     int
		want       string // in the error's text
	}{
		{"ErrDocumentedAsObject", `[]`, 200, "cannot be read"},
		{"ErrNoJSON", `<html>`, 200, "cannot be read"},
		{"ErrEmpty", ``, 200, "cannot be read"},
		{"ErrNoSuccess", `{"RequestId":"r","Result":true}`, 200, "Success is missing"},
		{"ErrNoResult", `{"RequestId":"r","Success":true}`, 200, "Result is missing"},
		{"ErrNoRequestId", `{"Result":true,"Success":true}`, 200, "RequestId is missing"},
		{"ErrResultAsText", `{"RequestId":"r","Result":"true","Success":true}`, 200, "cannot be read"},
		{"ErrCreated", success, 201, "documented status is 200"},
		{"ErrRedirection", ``, 302, "documented status is 200"},
		{"ErrCodeWith200", `{"RequestId":"r","Code":"Application.NotExist","Message":"m"}`, 200, "status 200 Application.NotExist: m: request r"},
		{"ErrNotDone", `{"RequestId":"r","Result":false,"Success":true}`, 200, "was not carried out"},
		{"ErrNotSuccessful", `{"RequestId":"r","Result":true,"Success":false}`, 200, "was not carried out"},
		{"ErrXML", `<?xml version="1.0"?><Error><RequestId>r</RequestId><HostId>h</HostId><Code>Instance.Expired</Code><Message>m</Message></Error>`,
			400, "status 400 Instance.Expired: m: request r"},
		{"ErrPage", "<html>\n bad   gateway</html>", 502, "no error of Quick BI: <html> bad gateway</html>"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := &fakeVendor{answers: []handler{says(tt.status, tt.body, "Location", "https://elsewhere/")}}
			reply, err := f.client(t, nil).ResultCallback(t.Context(), ResultCallbackRequest{"a", "b", Approve})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q in it", err, tt.want)
			}
			if (reply != nil) != errors.Is(err, ErrUnsuccessful) || reply != nil && reply.RequestId != "r" {
				t.Errorf("reply %+v with %v", reply, err)
			}
			if len(f.seen) != 1 {
				t.Errorf("sent %d times", len(f.seen))
			}
		})
	}
}

func TestFailedAuthorizationsAreData(t *testing.T) {
	t.Parallel()
	f := &fakeVendor{answers: []handler{says(200, `{"RequestId":"r","Success":true,"Result":[
		{"UserId":"u1","LlmCube":"c1","LlmCubeTheme":"","DetailMessage":"INVALID_FILE_FORMAT"},{"UserId":"u2","LlmCubeTheme":"t","DetailMessage":"x"}]}`)}}
	got, err := f.client(t, nil).SmartqAuthorize(t.Context(), SmartqAuthorizeRequest{OperationType: Grant, UserIds: []string{"u1", "u2"}, CubeIds: []string{"d1", "d2"}})
	if err != nil {
		t.Fatal(err)
	}
	want := &SmartqAuthorizeResponse{"r", []FailedAuthorization{{"u1", "c1", "", "INVALID_FILE_FORMAT"}, {"u2", "", "t", "x"}}, true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want - got +\n%s", diff)
	}
	if got := f.seen[0].URL.Query().Get("CubeIds"); got != "d1,d2" {
		t.Errorf("CubeIds %q", got)
	}
}

func TestAccessDeniedDetail(t *testing.T) {
	t.Parallel()
	f := &fakeVendor{answers: []handler{says(403, `{"RequestId":"r","HostId":"h","Code":"NoPermission","Message":"m","Recommend":"https://x",
		"AccessDeniedDetail":{"AuthAction":"quickbi-public:SmartqAuthorize","AuthPrincipalType":"SubUser","NoPermissionType":"ImplicitDeny"}}`)}}
	err := grant(t.Context(), f.client(t, nil))
	var e *Error
	if !errors.As(err, &e) || !errors.Is(err, ErrNoPermission) || e.Retryable() {
		t.Fatalf("got %v", err)
	}
	if e.Status != 403 || e.HostID != "h" || e.Recommend != "https://x" || e.AccessDenied.AuthPrincipalType != "SubUser" {
		t.Errorf("got %+v %+v", e, e.AccessDenied)
	}
}

// No error, no log line and no printed value has a secret in it, not even where the vendor repeats one.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	const secret, token = "s3cr3t/secret+key==", "CAIS/token+value=="
	echo := func(r *http.Request) (*http.Response, error) {
		text := stringToSignV1(r.Method, must(pairsOf(r.URL.RawQuery)))
		body, _ := json.Marshal(map[string]string{"RequestId": "r", "Code": "SignatureDoesNotMatch", "Recommend": "https://x?t=" + token,
			"Message": "Specified signature is not matched with our calculation. server string to sign is:" + text})
		return says(400, string(body))(r)
	}
	leak := func(r *http.Request) (*http.Response, error) {
		return nil, fmt.Errorf("proxy: cannot send %s with %s and %s", r.URL, secret, r.Header.Get("x-acs-security-token"))
	}
	var log bytes.Buffer
	for _, answer := range []handler{echo, leak} {
		for _, scheme := range []Scheme{V1, V3} {
			f := &fakeVendor{answers: []handler{answer}}
			var config Config
			c := f.client(t, func(c *Config) {
				c.Scheme = scheme
				c.Credentials = Credentials{"id", secret, token}
				c.Logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
				config = *c
			})
			err := decide(t.Context(), c)
			shown := fmt.Sprintf("%v %+v %s", err, err, err)
			var sending *client.SendError
			if errors.As(err, &sending) {
				shown += fmt.Sprintf("%#v %+v", *sending, *sending)
			}
			var e *Error
			if errors.As(err, &e) {
				if scheme == V1 && !strings.Contains(e.ServerStringToSign, "HandleReason%3Dfine") {
					t.Errorf("string to sign %q", e.ServerStringToSign)
				}
				shown += fmt.Sprintf("%#v %+v", *e, *e)
			}
			config.Logger.Info("config", "credentials", config.Credentials, "secret", config.Credentials.AccessKeySecret)
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x", "%q"} {
				shown += fmt.Sprintf(verb+" "+verb, config.Credentials, c)
			}
			for _, hidden := range []string{secret, token, percentEncode(token), percentEncode(percentEncode(token)), fmt.Sprintf("%x", secret)} {
				if strings.Contains(shown, hidden) || strings.Contains(log.String(), hidden) {
					t.Errorf("%s: %q shows in\n%s\n%s", scheme, hidden, shown, log.String())
				}
			}
		}
	}
	if !strings.Contains(log.String(), "SignatureDoesNotMatch") {
		t.Errorf("the log has not much in it: %s", log.String())
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestCredentialsFromIsAskedForEveryAttempt(t *testing.T) {
	t.Parallel()
	asked := 0
	f := &fakeVendor{answers: []handler{refuses(400, "Throttling"), says(200, success)}}
	c := f.client(t, func(c *Config) {
		c.CredentialsFrom = func(context.Context) (Credentials, error) {
			asked++
			if asked > 2 {
				return Credentials{}, errors.New("no more keys")
			}
			return Credentials{AccessKeyId: fmt.Sprint("key", asked), AccessKeySecret: "secret"}, nil
		}
	})
	if err := decide(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	for i, r := range f.seen {
		if want := fmt.Sprintf("Credential=key%d,", i+1); !strings.Contains(r.Header.Get("Authorization"), want) {
			t.Errorf("attempt %d: %s", i+1, r.Header.Get("Authorization"))
		}
	}
	if err := decide(t.Context(), c); err == nil || !strings.Contains(err.Error(), "no more keys") || len(f.seen) != 2 {
		t.Errorf("error %v after %d requests", err, len(f.seen))
	}
}
