package dataarts

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/countersign/countersign/contracts/client"
)

const created = `{"data":{"value":{"id":"42821","approver_name":"test_uesr","user_type":null,"email":null,"create_time":"2024-04-19T09:59:58.000Z"}}}`

// listOf is a page with approvers of these ids.
func listOf(total int, ids ...string) handler {
	records := make([]string, len(ids))
	for i, id := range ids {
		records[i] = `{"id":"` + id + `"}`
	}
	return says(200, fmt.Sprintf(`{"data":{"value":{"total":%d,"records":[%s]}}}`, total, strings.Join(records, ",")))
}

func TestAllApprovers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		answers []handler
		limit   int
		want    []string // ids
		offsets []string
		err     error
	}{
		{"OKOnePage", []handler{listOf(2, "a", "b")}, 2, []string{"a", "b"}, []string{"0"}, nil},
		{"OKNothing", []handler{listOf(0)}, 2, nil, []string{"0"}, nil},
		{"OKThreePages", []handler{listOf(5, "a", "b"), listOf(5, "c", "d"), listOf(5, "e")}, 2, []string{"a", "b", "c", "d", "e"}, []string{"0", "2", "4"}, nil},
		{"OKThrottledBetween", []handler{listOf(2, "a"), says(429, `{"error_code":"APIGW.0308","error_msg":"m"}`), listOf(2, "b")}, 1,
			[]string{"a", "b"}, []string{"0", "1", "1"}, nil},
		{"OKTotalIgnoresTheFilter", []handler{listOf(9, "a", "b", "c"), listOf(9)}, 4, []string{"a", "b", "c"}, []string{"0", "4"}, nil},
		{"OKDeletedMeanwhile", []handler{listOf(3, "a", "b"), listOf(2)}, 2, []string{"a", "b"}, []string{"0", "2"}, nil},
		{"ErrOffsetIgnored", []handler{listOf(9, "a", "b")}, 2, []string{"a", "b"}, []string{"0", "2"}, client.ErrStuck},
		{"ErrLimitCut", []handler{listOf(9, "a", "b"), listOf(9, "e", "f")}, 4, []string{"a", "b"}, []string{"0", "4"}, client.ErrGap},
		{"ErrSecondPage", []handler{listOf(2, "a"), says(403, `{"error_code":"DS.6000","error_msg":"m"}`)}, 1, []string{"a"}, []string{"0", "1"}, ErrNoPermission},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := &fakeVendor{answers: tt.answers}
			var ids, offsets []string
			var err error
			for approver, e := range f.client(t, nil).AllApprovers(t.Context(), AllApproversRequest{"n a", tt.limit}) {
				if err != nil {
					t.Fatal("it went on after an error")
				}
				if err = e; e == nil {
					ids = append(ids, approver.ID)
				}
			}
			if !errors.Is(err, tt.err) {
				t.Errorf("error %v, want %v", err, tt.err)
			}
			for _, r := range f.seen {
				offsets = append(offsets, r.URL.Query().Get("offset"))
				if q := r.URL.Query(); q.Get("limit") != fmt.Sprint(tt.limit) || q.Get("approver_name") != "n a" {
					t.Errorf("sent %s", r.URL)
				}
			}
			if !slices.Equal(ids, tt.want) || !slices.Equal(offsets, tt.offsets) {
				t.Errorf("got %v at %v, want %v at %v", ids, offsets, tt.want, tt.offsets)
			}
		})
	}
}

func TestAllStopsWhenTheCallerDoes(t *testing.T) {
	t.Parallel()
	f := &fakeVendor{answers: []handler{listOf(500, "a", "b")}}
	for _, err := range f.client(t, nil).AllApprovers(t.Context(), AllApproversRequest{}) {
		if err != nil {
			t.Error(err)
		}
		break
	}
	if len(f.seen) != 1 || f.seen[0].URL.RawQuery != "limit=100&offset=0" {
		t.Errorf("%d requests, %v", len(f.seen), f.seen[0].URL)
	}
}

func TestChecks(t *testing.T) {
	t.Parallel()
	create := func(r CreateApproverRequest) error { return r.check() }
	list := func(r ListApproversRequest) error { return r.check() }
	tests := []struct {
		name  string
		err   error
		field string // "": passes
	}{
		{"OKCreate", create(CreateApproverRequest{ApproverName: "n", UserID: "u"}), ""},
		{"OKCreateBounds", create(CreateApproverRequest{ApproverName: strings.Repeat("审", 100), UserID: "u", Email: "a+b.c@d-e.example"}), ""},
		{"OKLongMail", create(CreateApproverRequest{ApproverName: "n", UserID: "u", Email: strings.Repeat("a", 492) + "@b.co.uk"}), ""},
		{"ErrNoName", create(CreateApproverRequest{UserID: "u"}), "approver_name"},
		{"ErrLongName", create(CreateApproverRequest{ApproverName: strings.Repeat("n", 101), UserID: "u"}), "approver_name"},
		{"ErrNoUser", create(CreateApproverRequest{ApproverName: "n"}), "user_id"},
		{"ErrMail", create(CreateApproverRequest{ApproverName: "n", UserID: "u", Email: "a@b"}), "email"},
		{"ErrLongMail", create(CreateApproverRequest{ApproverName: "n", UserID: "u", Email: strings.Repeat("a", 493) + "@b.co.uk"}), "email"},

		{"OKList", list(ListApproversRequest{}), ""},
		{"OKListBounds", list(ListApproversRequest{"n", new(100), new(200)}), ""},
		{"OKOffsetOfDefault", list(ListApproversRequest{Offset: new(100)}), ""},
		{"ErrLimit0", list(ListApproversRequest{Limit: new(0)}), "limit"},
		{"ErrLimit101", list(ListApproversRequest{Limit: new(101)}), "limit"},
		{"ErrOffsetNegative", list(ListApproversRequest{Limit: new(10), Offset: new(-10)}), "offset"},
		{"ErrOffsetNoMultiple", list(ListApproversRequest{Limit: new(10), Offset: new(25)}), "offset"},
		{"ErrOffsetOfDefault", list(ListApproversRequest{Offset: new(10)}), "offset"},

		{"OKDelete", checkIDs([]string{"1", "2"}), ""},
		{"ErrDeleteNothing", checkIDs(nil), "approver_ids"},
		{"ErrDeleteEmpty", checkIDs([]string{"1", ""}), "approver_ids"},
		{"ErrDeleteComma", checkIDs([]string{"1,2"}), "approver_ids"},

		{"OKPassword", PasswordRequest{"d", "u", "p", "", "cn-north-4"}.check(), ""},
		{"ErrNoDomain", PasswordRequest{"", "u", "p", "", "cn-north-4"}.check(), "domain"},
		{"ErrNoPassword", PasswordRequest{"d", "u", "", "", "cn-north-4"}.check(), "password"},
		{"ErrNoProject", PasswordRequest{"d", "u", "p", "", ""}.check(), "project"},
		{"ErrTwoProjects", PasswordRequest{"d", "u", "p", "id", "cn-north-4"}.check(), "project"},
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
		f := &fakeVendor{answers: []handler{says(400, `{"error_code":"DS.60xx","error_msg":"m"}`)}}
		c := f.client(t, func(c *Config) { c.SkipChecks = skip })
		_, errCreate := c.CreateApprover(t.Context(), CreateApproverRequest{})
		_, errList := c.ListApprovers(t.Context(), ListApproversRequest{Limit: new(0), Offset: new(-1)})
		_, errDelete := c.DeleteApprover(t.Context(), nil)
		for _, err := range []error{errCreate, errList, errDelete} {
			if errors.Is(err, ErrIllegalRequest) != skip {
				t.Errorf("skip %v: %v", skip, err)
			}
		}
		var sent []string
		for i, r := range f.seen {
			sent = append(sent, r.URL.RawQuery+f.bodies[i])
		}
		if want := []string{`{"approver_name":"","user_id":""}` + "\n", "limit=0&offset=-1", ""}; skip && !slices.Equal(sent, want) {
			t.Errorf("sent %q, want %q", sent, want)
		} else if !skip && sent != nil {
			t.Errorf("sent %q", sent)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	keys := Credentials{AccessKey: "a", SecretKey: "s"}
	tests := []struct {
		name   string
		config Config
		field  string
	}{
		{"ErrNoEndpoint", Config{ProjectID: "ppp", Workspace: "www", Credentials: keys}, "Endpoint"},
		{"ErrEndpoint", Config{Endpoint: "http://", ProjectID: "ppp", Workspace: "www", Credentials: keys}, "Endpoint"},
		{"ErrShortProject", Config{Region: "r", ProjectID: "pp", Workspace: "www", Credentials: keys}, "project_id"},
		{"ErrLongWorkspace", Config{Region: "r", ProjectID: "ppp", Workspace: strings.Repeat("w", 65), Credentials: keys}, "workspace"},
		{"ErrNoCredentials", Config{Region: "r", ProjectID: "ppp", Workspace: "www"}, "AccessKey"},
		{"ErrNoSecret", Config{Region: "r", ProjectID: "ppp", Workspace: "www", Credentials: Credentials{AccessKey: "a"}}, "AccessKey"},
		{"ErrBoth", Config{Region: "r", ProjectID: "ppp", Workspace: "www", Credentials: Credentials{AccessKey: "a", SecretKey: "s", Token: "t"}}, "Token"},
		{"ErrLongToken", Config{Region: "r", ProjectID: "ppp", Workspace: "www", Credentials: Credentials{Token: client.Secret(strings.Repeat("t", 4097))}}, "X-Auth-Token"},
		{"ErrLineFeed", Config{Region: "r", ProjectID: "ppp", Workspace: "www", Credentials: Credentials{Token: "t\nx"}}, "X-Auth-Token"},
	}
	for _, tt := range tests {
		_, err := New(tt.config)
		var problem *client.CheckError
		if !errors.As(err, &problem) || problem.Field != tt.field {
			t.Errorf("%s: got %v, want a problem of %s", tt.name, err, tt.field)
		}
	}
}

func TestWhatIsSent(t *testing.T) {
	t.Parallel()
	f := &fakeVendor{answers: []handler{says(200, created)}}
	c := f.client(t, func(c *Config) {
		c.Endpoint, c.Region, c.ProjectID = "", "cn-north-4", "p/1"
		c.Credentials = Credentials{Token: "an-iam-token"}
	})
	got, err := c.CreateApprover(t.Context(), CreateApproverRequest{ApproverName: "<n>&", UserID: "u", SmsNotify: new(false)})
	if err != nil {
		t.Fatal(err)
	}
	want := &Approver{ID: "42821", ApproverName: "test_uesr", CreateTime: "2024-04-19T09:59:58.000Z"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("approver, want - got +\n%s", diff)
	}
	r := f.seen[0]
	if got, want := r.URL.String(), "https://dayu.cn-north-4.myhuaweicloud.com/v2/p%2F1/design/approvals/users"; got != want {
		t.Errorf("sent to %s, want %s", got, want)
	}
	if got, want := f.bodies[0], `{"approver_name":"<n>&","user_id":"u","sms_notify":false}`+"\n"; got != want {
		t.Errorf("sent %s, want %s", got, want)
	}
	if h := r.Header; h.Get("X-Auth-Token") != "an-iam-token" || h.Get("Authorization") != "" || h.Get("X-Sdk-Date") != "" {
		t.Errorf("headers %v", h)
	}
}

func TestReplies(t *testing.T) {
	t.Parallel()
	create := func(t *testing.T, c *Client) error {
		_, err := c.CreateApprover(t.Context(), CreateApproverRequest{ApproverName: "n", UserID: "u"})
		return err
	}
	list := func(t *testing.T, c *Client) error {
		_, err := c.ListApprovers(t.Context(), ListApproversRequest{})
		return err
	}
	remove := func(t *testing.T, c *Client) error {
		n, err := c.DeleteApprover(t.Context(), []string{"42821", "42822"})
		if err == nil && n != 2 {
			err = fmt.Errorf("deleted %d", n)
		}
		return err
	}
	const ds = `{"error_code":"DS.60xx","error_msg":"The user request is illegal.","data":{"reason":"why"}}`
	const dlg = `{"errors":[{"error_code":"DLG.0818","error_msg":"Workspace does not exists","request_id":"r-1"}]}`
	tests := []struct {
		name   string
		call   func(*testing.T, *Client) error
		status int
		body   string
		want   string // in the error's text; "": success
		is     error
	}{
		{"OKDeletedAsNumber", remove, 200, `{"data":{"value":2}}`, "", nil},
		{"OKDeletedAsText", remove, 200, `{"data":{"value":"2"}}`, "", nil},
		{"ErrDeletedAsWord", remove, 200, `{"data":{"value":"two"}}`, "a number was expected", client.ErrUnknownOutcome},
		{"ErrCreated", create, 201, created, "documented status is 200", client.ErrUnknownOutcome},
		{"ErrNoData", create, 200, `{}`, "data.value is missing", client.ErrUnknownOutcome},
		{"ErrNullData", create, 200, `{"data":null}`, "data.value is missing", client.ErrUnknownOutcome},
		{"ErrNoID", create, 200, `{"data":{"value":{"approver_name":"n"}}}`, "data.value.id is missing", client.ErrUnknownOutcome},
		{"ErrIDAsNumber", create, 200, `{"data":{"value":{"id":1}}}`, "cannot be read", client.ErrUnknownOutcome},
		{"ErrNoTotal", list, 200, `{"data":{"value":{"records":[]}}}`, "data.value.total is missing", nil},
		{"ErrTotalAsText", list, 200, `{"data":{"value":{"total":"1","records":[]}}}`, "cannot be read", nil},
		{"ErrNullRecords", list, 200, `{"data":{"value":{"total":0,"records":null}}}`, "data.value.records is missing", nil},
		{"ErrEmpty", list, 200, ``, "cannot be read", nil},
		{"ErrRedirection", list, 302, ``, "documented status is 200", nil},
		{"ErrService", list, 400, ds, "status 400 DS.60xx: The user request is illegal.: request header-id", ErrIllegalRequest},
		{"ErrRealServiceCode", list, 401, `{"error_code":"DS.6012","error_msg":"m"}`, "DS.6012", ErrAuthenticationFailed},
		{"ErrList", list, 400, dlg, "DLG.0818: Workspace does not exists", ErrWorkspaceNotFound},
		{"ErrListWith200", list, 200, dlg, "status 200 DLG.0818", ErrWorkspaceNotFound},
		{"ErrCodeWith200", list, 200, ds, "status 200 DS.60xx", nil},
		{"ErrBothForms", list, 400, ds[:len(ds)-1] + "," + dlg[1:], "DS.60xx", ErrWorkspaceNotFound},
		{"ErrGateway", list, 401, `{"error_msg":"Incorrect IAM authentication information: verify aksk signature fail","error_code":"APIGW.0301","request_id":"x"}`,
			"APIGW.0301", ErrAuthSignature},
		{"ErrNewerGateway", list, 401, `{"error_msg":"Incorrect IAM authentication information: decrypt token fail","error_code":"APIG.0301"}`,
			"APIG.0301", ErrIncorrectIAMAuthentication},
		{"ErrCodeAsNumber", list, 400, `{"error_code":6001,"error_msg":"m"}`, "status 400 6001: m", nil},
		{"ErrPage", list, 404, "<html>\nnot found</html>", "no error of Huawei Cloud: <html> not found</html>", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := &fakeVendor{answers: []handler{with("X-Request-Id", "header-id", says(tt.status, tt.body))}}
			err := tt.call(t, f.client(t, nil))
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q in it", err, tt.want)
			}
			if tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("got %v, want %v", err, tt.is)
			}
			if err != nil && !strings.Contains(err.Error(), "header-id") {
				t.Errorf("no request id: %v", err)
			}
		})
	}
}

func TestErrorHasWhatTheReplyHas(t *testing.T) {
	t.Parallel()
	f := &fakeVendor{answers: []handler{says(400, `{"error_code":"DS.60xx","error_msg":"m","data":{"reason":"why"},"errors":[{"error_code":"DLG.0818","error_msg":"n","request_id":"r"}]}`)}}
	_, err := f.client(t, nil).ListApprovers(t.Context(), ListApproversRequest{})
	var e *Error
	if !errors.As(err, &e) || string(e.Data) != `{"reason":"why"}` || e.Code != "DS.60xx" || e.Retryable() {
		t.Fatalf("got %+v", err)
	}
	if diff := cmp.Diff([]ErrorItem{{"DLG.0818", "n", "r"}}, e.Errors); diff != "" {
		t.Error(diff)
	}
	var common *client.Error
	if !errors.As(err, &common) || common.Operation != "ListApprovers" || common.Vendor != "dataarts" {
		t.Errorf("got %+v", common)
	}
}

func TestRetries(t *testing.T) {
	t.Parallel()
	reset := &net.OpError{Op: "read", Err: errors.New("connection reset by peer")}
	gateway := func(status int, code string) handler {
		return says(status, `{"error_code":"`+code+`","error_msg":"m"}`)
	}
	tests := []struct {
		name           string
		first          handler
		creates, lists int // attempts
		unknown        bool
	}{
		{"Throttled", gateway(429, "APIGW.0308"), 2, 2, false},
		{"NoBackend", gateway(502, "APIG.0610"), 2, 2, false},
		{"IAMUnavailable", gateway(503, "APIGW.0613"), 2, 2, false},
		{"BackendTimeout", gateway(504, "APIGW.0201"), 1, 2, true},
		{"GatewayFailed", gateway(500, "APIGW.0601"), 1, 2, true},
		{"ServiceFailed", gateway(500, "DS.6000"), 1, 2, true},
		{"Reset", fails(reset), 1, 2, true},
		{"CutShort", says(200, `{"data":`), 1, 2, true},
		{"Refused", gateway(400, "DS.60xx"), 1, 1, false},
		{"TooLarge", gateway(413, "APIGW.0201"), 1, 1, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := &fakeVendor{answers: []handler{tt.first, says(200, created)}}
			_, err := f.client(t, nil).CreateApprover(t.Context(), CreateApproverRequest{ApproverName: "n", UserID: "u"})
			if len(f.seen) != tt.creates || (err == nil) != (tt.creates == 2) || errors.Is(err, client.ErrUnknownOutcome) != tt.unknown {
				t.Errorf("create: %v after %d requests", err, len(f.seen))
			}
			f = &fakeVendor{answers: []handler{tt.first, says(200, `{"data":{"value":1}}`)}}
			_, err = f.client(t, nil).DeleteApprover(t.Context(), []string{"1"})
			if len(f.seen) != tt.creates || errors.Is(err, client.ErrUnknownOutcome) != tt.unknown {
				t.Errorf("delete: %v after %d requests", err, len(f.seen))
			}
			f = &fakeVendor{answers: []handler{tt.first, listOf(0)}}
			_, err = f.client(t, nil).ListApprovers(t.Context(), ListApproversRequest{})
			if len(f.seen) != tt.lists || (err == nil) != (tt.lists == 2) || errors.Is(err, client.ErrUnknownOutcome) {
				t.Errorf("list: %v after %d requests", err, len(f.seen))
			}
		})
	}
}

// Every attempt has the date of its own moment, and the whole body again.
func TestEveryAttemptIsSignedAnew(t *testing.T) {
	t.Parallel()
	f := &fakeVendor{answers: []handler{says(429, `{"error_code":"APIGW.0308","error_msg":"m"}`), says(200, created)}}
	now := time.Date(2026, 1, 15, 8, 0, 0, 0, time.UTC)
	c := f.client(t, func(c *Config) { c.Clock = func() time.Time { now = now.Add(time.Second); return now } })
	if _, err := c.CreateApprover(t.Context(), CreateApproverRequest{ApproverName: "n", UserID: "u"}); err != nil {
		t.Fatal(err)
	}
	a, b := f.seen[0].Header, f.seen[1].Header
	if a.Get("X-Sdk-Date") == b.Get("X-Sdk-Date") || a.Get("Authorization") == b.Get("Authorization") || f.bodies[0] != f.bodies[1] || f.bodies[0] == "" {
		t.Errorf("headers %v, then %v; bodies %q", a, b, f.bodies)
	}
}

func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	echo := func(r *http.Request) (*http.Response, error) {
		text := r.Header.Get("X-Auth-Token") + r.Header.Get("X-Security-Token")
		return says(401, fmt.Sprintf(`{"error_code":"DS.1","error_msg":%q,"data":{"token":%q},"errors":[{"error_code":"x","error_msg":%q}]}`, text, text, text))(r)
	}
	for _, creds := range []Credentials{{AccessKey: "a", SecretKey: "sk-hidden/+", SecurityToken: "st-hidden="}, {Token: "tok-hidden+"}} {
		leak := fails(errors.New("cannot send with " + string(creds.SecretKey+creds.SecurityToken+creds.Token)))
		for _, answer := range []handler{echo, leak} {
			var log strings.Builder
			f := &fakeVendor{answers: []handler{answer}}
			c := f.client(t, func(c *Config) {
				c.Credentials = creds
				c.Logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
				c.Logger.Info("config", "credentials", c.Credentials)
			})
			_, err := c.CreateApprover(t.Context(), CreateApproverRequest{ApproverName: "n", UserID: "u"})
			shown := err.Error()
			var e *Error
			var sending *client.SendError
			switch {
			case errors.As(err, &e):
				shown += fmt.Sprintf("%#v %s", *e, e.Data)
			case errors.As(err, &sending):
				shown += fmt.Sprintf("%#v", *sending)
			}
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x", "%q"} {
				shown += fmt.Sprintf(verb+verb+verb, creds, c, f.iam(t, creds))
			}
			if shown += log.String(); strings.Contains(shown, "hidden") || !strings.Contains(shown, "[redacted]") || !strings.Contains(log.String(), "call failed") {
				t.Errorf("shown: %s", shown)
			}
		}
	}
}
