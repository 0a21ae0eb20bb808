package sdktest

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	dataartsstudio "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/dataartsstudio/v1"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/dataartsstudio/v1/model"

	"github.com/countersign/countersign/mockserver"
)

// illegal and forbidden are the documented texts of the service's 400 and 403.
const (
	illegal   = "The user request is illegal."
	forbidden = "The user does not have permission to call this API."
)

// The whole life of an approver, with the three ways in which the SDK finds out who it is.
func TestDataArtsFlow(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		client func(*testing.T, *world) (*dataartsstudio.DataArtsStudioClient, error)
	}{
		{"PermanentCredentials", func(t *testing.T, w *world) (*dataartsstudio.DataArtsStudioClient, error) {
			return dataartsClient(t, w.dataarts), nil
		}},
		{"TemporaryCredentials", func(t *testing.T, w *world) (*dataartsstudio.DataArtsStudioClient, error) {
			return dataartsClient(t, w.temporaryDataarts(t)), nil
		}},
		{"ProjectDiscovered", func(t *testing.T, w *world) (*dataartsstudio.DataArtsStudioClient, error) {
			return discoveringClient(t, w.dataarts)
		}},
		{"TemporaryCredentialsProjectDiscovered", func(t *testing.T, w *world) (*dataartsstudio.DataArtsStudioClient, error) {
			return discoveringClient(t, w.temporaryDataarts(t))
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, mockserver.WorldSetting{})
			c, err := tt.client(t, w)
			if err != nil {
				t.Fatal(err)
			}
			approverLife(t, w, c)
		})
	}
}

func approverLife(t *testing.T, w *world, c *dataartsstudio.DataArtsStudioClient) {
	t.Helper()
	space := w.dataarts.Workspace
	made, err := createApprover(c, space, model.ApproverParam{ApproverName: "审批人 a+b", UserId: w.dataarts.Members[0], AppName: ptr("dlg-ds"),
		Email: ptr("a.b@example.com"), PhoneNumber: ptr("17775558866"), EmailNotify: ptr(true), SmsNotify: ptr(false)})
	if err != nil {
		t.Fatal(err)
	}
	if *made.ApproverName != "审批人 a+b" || *made.UserId != w.dataarts.Members[0] || *made.AppName != "dlg_ds" {
		t.Errorf("created %v", made)
	}
	if made.UserType != nil || made.Email == nil || strings.Contains(*made.Email, "example.com") || made.TopicUrn == nil {
		t.Errorf("user type, e-mail or topic of %v", made)
	}
	if _, err := time.Parse("2006-01-02T15:04:05.000Z", *made.CreateTime); err != nil {
		t.Error(err)
	}
	if want := w.dataarts.Project + "-workspace-" + space; *made.ProjectId != want {
		t.Errorf("project %s, want %s", *made.ProjectId, want)
	}
	page, err := listApprovers(c, &model.ListApproversRequest{Workspace: space, ApproverName: ptr("a+b")})
	if err != nil {
		t.Fatal(err)
	}
	if page.total != 1 || len(page.records) != 1 || *page.records[0].Id != *made.Id || !strings.Contains(*page.records[0].Email, "***") {
		t.Errorf("listed %+v, want %s", page, *made.Id)
	}
	_, err = createApprover(c, space, model.ApproverParam{ApproverName: "twice", UserId: w.dataarts.Members[0]})
	wantServiceError(t, err, 400, "DS.60xx", illegal)
	if n, err := deleteApprover(c, space, *made.Id+",999999"); n != 1 || err != nil {
		t.Errorf("deleted %d, %v", n, err)
	}
	if page, err := listApprovers(c, &model.ListApproversRequest{Workspace: space}); page.total != 0 || err != nil {
		t.Errorf("after the deletion %+v, %v", page, err)
	}
}

func TestDataArtsPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mockserver.WorldSetting{})
	c, space := dataartsClient(t, w.dataarts), w.dataarts.Workspace
	const count = 23
	w.state(t, "approvers-exist", mockserver.Params{"count": count, "approver_name": "page"})
	var all []string
	for offset := int32(0); ; offset += 10 {
		page, err := listApprovers(c, &model.ListApproversRequest{Workspace: space, Limit: ptr(int32(10)), Offset: ptr(offset)})
		if err != nil {
			t.Fatal(err)
		}
		if page.total != count {
			t.Errorf("offset %d: total %d, want %d", offset, page.total, count)
		}
		if len(page.records) == 0 {
			break
		}
		all = append(all, page.names()...)
	}
	if len(all) != count || all[0] != "page-1" || all[count-1] != "page-23" || len(slices.Compact(slices.Sorted(slices.Values(all)))) != count {
		t.Errorf("the pages hold %d: %v", len(all), all)
	}
	rounded, err := listApprovers(c, &model.ListApproversRequest{Workspace: space, Limit: ptr(int32(10)), Offset: ptr(int32(19))})
	if err != nil || !slices.Equal(rounded.names(), all[10:20]) {
		t.Errorf("offset 19 gives %v, %v, want that of offset 10", rounded.names(), err)
	}
	filtered, err := listApprovers(c, &model.ListApproversRequest{Workspace: space, ApproverName: ptr("page-2"), Limit: ptr(int32(3))})
	if want := []string{"page-2", "page-20", "page-21"}; err != nil || filtered.total != 5 || !slices.Equal(filtered.names(), want) {
		t.Errorf("filtered %v of %d, %v; want %v of 5", filtered.names(), filtered.total, err, want)
	}
	everyone, err := listApprovers(c, &model.ListApproversRequest{Workspace: space})
	if err != nil || len(everyone.records) != count {
		t.Errorf("without a limit %d records, %v", len(everyone.records), err)
	}
	for name, r := range map[string]*model.ListApproversRequest{
		"limit 0":   {Workspace: space, Limit: ptr(int32(0))},
		"limit 101": {Workspace: space, Limit: ptr(int32(101))},
		"offset -1": {Workspace: space, Offset: ptr(int32(-1))},
	} {
		_, err := listApprovers(c, r)
		t.Log(name)
		wantServiceError(t, err, 400, "DS.60xx", illegal)
	}
}

// What the SDK does with an empty filter, "?approver_name&limit=10", is a signature of its own.
func TestDataArtsEmptyFilter(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mockserver.WorldSetting{})
	w.state(t, "approvers-exist", mockserver.Params{"count": 2})
	page, err := listApprovers(dataartsClient(t, w.dataarts),
		&model.ListApproversRequest{Workspace: w.dataarts.Workspace, ApproverName: ptr(""), Limit: ptr(int32(10))})
	if err != nil || page.total != 2 {
		t.Errorf("%+v, %v", page, err)
	}
}

func TestDataArtsRefusals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name          string
		state         string
		params        mockserver.Params
		spoil         func(*world)
		create        bool
		status        int
		code, message string
	}{
		{name: "NotAdministrator", state: "caller-role", params: mockserver.Params{"role": "developer"}, create: true,
			status: 403, code: "DS.60xx", message: forbidden},
		{name: "DeveloperMayList", state: "caller-role", params: mockserver.Params{"role": "developer"}, status: 200},
		{name: "NotMember", state: "caller-role", params: mockserver.Params{"role": "none"},
			status: 403, code: "DS.60xx", message: forbidden},
		{name: "UserUnknown", spoil: func(w *world) { w.dataarts.Members[0] = strings.Repeat("0", 32) }, create: true,
			status: 400, code: "DS.60xx", message: illegal},
		{name: "UserMissing", spoil: func(w *world) { w.dataarts.Members[0] = "" }, create: true,
			status: 400, code: "DS.60xx", message: illegal},
		{name: "WorkspaceUnknown", spoil: func(w *world) { w.dataarts.Workspace = strings.Repeat("f", 32) },
			status: 400, code: "DS.60xx", message: illegal},
		{name: "WorkspaceEmpty", spoil: func(w *world) { w.dataarts.Workspace = "" },
			status: 400, code: "DS.60xx", message: illegal},
		{name: "CallerDisabled", state: "caller-disabled", status: 401, code: "DS.60xx", message: "User authentication failed."},
		{name: "ProjectOfNobody", spoil: func(w *world) { w.dataarts.Project = strings.Repeat("e", 32) },
			status: 403, code: "DS.60xx", message: forbidden},
		{name: "WrongSecret", spoil: func(w *world) { w.dataarts.SK = "x" + w.dataarts.SK[1:] }, create: true,
			status: 401, code: "APIGW.0301", message: "Incorrect IAM authentication information: verify aksk signature fail"},
		{name: "AccessKeyUnknown", spoil: func(w *world) { w.dataarts.AK = "NOSUCHACCESSKEY00000" },
			status: 401, code: "APIGW.0301", message: "Incorrect IAM authentication information: ak NOSUCHACCESSKEY00000 not exist"},
		{name: "AccessKeyLocked", state: "access-key-locked",
			status: 401, code: "APIGW.0301", message: "Incorrect IAM authentication information: AK access failed to reach the limit,forbidden"},
		{name: "Throttled", state: "gateway-condition",
			status: 429, code: "APIGW.0308", message: "The throttling threshold has been reached."},
		{name: "ServiceUnavailable", state: "gateway-condition", params: mockserver.Params{"error": "APIGW.0613"},
			status: 503, code: "APIGW.0613", message: "The IAM service is currently unavailable."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, mockserver.WorldSetting{})
			if tt.state != "" {
				w.state(t, tt.state, tt.params)
			}
			if tt.spoil != nil {
				tt.spoil(w)
			}
			c := dataartsClient(t, w.dataarts)
			var err error
			if tt.create {
				_, err = createApprover(c, w.dataarts.Workspace, model.ApproverParam{ApproverName: "n", UserId: w.dataarts.Members[0]})
			} else {
				_, err = listApprovers(c, &model.ListApproversRequest{Workspace: w.dataarts.Workspace})
			}
			if tt.status == 200 {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			wantServiceError(t, err, tt.status, tt.code, tt.message)
		})
	}
}

// A create request without a body object is an empty body with a JSON Content-Type.
func TestDataArtsWithoutBody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mockserver.WorldSetting{})
	_, err := dataartsClient(t, w.dataarts).CreateApprover(&model.CreateApproverRequest{Workspace: w.dataarts.Workspace})
	wantServiceError(t, err, 400, "DS.60xx", illegal)
}

// Temporary credentials whose token is lost, exchanged or too old.
func TestDataArtsSecurityToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mockserver.WorldSetting{})
	env := w.temporaryDataarts(t)
	list := &model.ListApproversRequest{Workspace: env.Workspace}
	lost, other := env, env
	lost.SecurityToken, other.SecurityToken = "", "another-token"
	_, err := listApprovers(dataartsClient(t, lost), list)
	wantServiceError(t, err, 401, "APIGW.0301",
		"Incorrect IAM authentication information: Get secretKey failed,ak:"+env.AK+",err:ak not exist")
	_, err = listApprovers(dataartsClient(t, other), list)
	wantServiceError(t, err, 401, "APIGW.0301", "Incorrect IAM authentication information: decrypt token fail")
}

// A client whose clock is an hour late hears both times.
func TestDataArtsStaleSignature(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mockserver.WorldSetting{Clock: time.Now().Add(time.Hour).UTC().Format(time.RFC3339), SigningClock: "world"})
	_, err := listApprovers(dataartsClient(t, w.dataarts), &model.ListApproversRequest{Workspace: w.dataarts.Workspace})
	if err == nil || !strings.Contains(err.Error(), "signature expired, signature time:") {
		t.Errorf("got %v", err)
	}
}

// The envelope that the vendor's Terraform provider reads is one that the SDK reads too.
func TestDataArtsErrorsEnvelope(t *testing.T) {
	t.Parallel()
	for _, envelope := range []string{"errors", "both"} {
		t.Run(envelope, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, mockserver.WorldSetting{Assumptions: map[string]string{"DA-002": envelope}})
			_, err := listApprovers(dataartsClient(t, w.dataarts), &model.ListApproversRequest{Workspace: "unknown"})
			if err == nil || !strings.Contains(err.Error(), "DLG.0818") {
				t.Errorf("got %v, want DLG.0818", err)
			}
		})
	}
}

// Of many that register the same member at once, one succeeds.
func TestDataArtsConcurrentCreates(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mockserver.WorldSetting{})
	c := dataartsClient(t, w.dataarts)
	const clients = 8
	errs := make([]error, clients)
	var done sync.WaitGroup
	for i := range clients {
		done.Go(func() {
			_, errs[i] = createApprover(c, w.dataarts.Workspace, model.ApproverParam{ApproverName: "n", UserId: w.dataarts.Members[0]})
		})
	}
	done.Wait()
	created := 0
	for _, err := range errs {
		if err == nil {
			created++
			continue
		}
		wantServiceError(t, err, 400, "DS.60xx", illegal)
	}
	if created != 1 {
		t.Errorf("%d of %d succeeded, want 1", created, clients)
	}
}

// Two worlds have the same workspace id and never meet: the credentials tell them apart.
func TestDataArtsWorldsDoNotMeet(t *testing.T) {
	t.Parallel()
	one, two := newWorld(t, mockserver.WorldSetting{}), newWorld(t, mockserver.WorldSetting{})
	one.state(t, "approvers-exist", nil)
	for _, w := range []*world{one, two} {
		want := int32(0)
		if w == one {
			want = 3
		}
		page, err := listApprovers(dataartsClient(t, w.dataarts), &model.ListApproversRequest{Workspace: w.dataarts.Workspace})
		if err != nil || page.total != want {
			t.Errorf("world %s: total %d, %v; want %d", w.Name(), page.total, err, want)
		}
	}
	stolen := two.dataarts
	stolen.Project = one.dataarts.Project
	_, err := listApprovers(dataartsClient(t, stolen), &model.ListApproversRequest{Workspace: stolen.Workspace})
	wantServiceError(t, err, 403, "DS.60xx", forbidden)
}
