package quickbi

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/countersign/countersign/mockserver"
)

func (g *rig) application(id string) *Application {
	g.t.Helper()
	var found *Application
	g.records("applications", func(rec any) {
		if a := rec.(*Application); a.ID == id {
			found = a
		}
	})
	return found
}

func TestResultCallback(t *testing.T) {
	t.Parallel()
	for status, action := range map[string]string{"1": "approve", "2": "reject"} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			g := newRig(t, mockserver.WorldSetting{Clock: "2026-03-04T05:06:07Z"})
			params := but(g.callback(), "Status", status, "HandleReason", "你不是A部门分析师。")
			got := g.send(call{params: params})
			if want := fmt.Sprintf(`{"RequestId":%q,"Result":true,"Success":true}`, got.requestID); got.status != 200 || got.body != want {
				t.Errorf("got %d %s\nwant 200 %s", got.status, got.body, want)
			}
			a := g.application(params["ApplicationId"])
			if fmt.Sprint(a.FlagStatus) != status || a.HandleReason != "你不是A部门分析师。" || a.ApproverID != g.key("administrator").UserID ||
				a.GmtModified != 1772600767000 {
				t.Errorf("the record is %+v", a)
			}
			if log := g.audit(); len(log) != 1 || log[0] != action+" "+a.ID+a.ApplicantID {
				t.Errorf("the audit log is %q", log)
			}
			again := g.send(call{params: but(params, "Status", "1")})
			if again.code != errRecordClosed {
				t.Errorf("a second decision: %s", again.body)
			}
			if b := g.application(a.ID); !reflect.DeepEqual(a, b) || len(g.audit()) != 1 {
				t.Errorf("a refused decision changed the record to %+v", b)
			}
		})
	}
}

// TestOneDecisionWins decides the same application many times at once.
func TestOneDecisionWins(t *testing.T) {
	t.Parallel()
	g := newRig(t, mockserver.WorldSetting{})
	params := g.callback()
	codes := make([]string, 8)
	var wait sync.WaitGroup
	for i := range codes {
		req := g.request(call{params: but(params, "Status", fmt.Sprint(1+i%2))})
		wait.Go(func() { codes[i] = roundTrip(t, req).code })
	}
	wait.Wait()
	slices.Sort(codes)
	if codes[0] != "" || codes[1] != errRecordClosed || len(g.audit()) != 1 {
		t.Errorf("the replies have the codes %q; the audit log %q", codes, g.audit())
	}
}

// TestValidationOrder: presence of everything required comes before types, types before values, each in the order of
// the document; the parameters come before the caller.
func TestValidationOrder(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	for name, c := range map[string]struct {
		changes    []string
		want, also string
	}{
		"all missing":              {[]string{"ApplicationId", "-", "HandleReason", "-", "Status", "-"}, errParamEmpty, "ApplicationId"},
		"second missing":           {[]string{"ApplicationId", "你", "HandleReason", "-", "Status", "x"}, errParamEmpty, "HandleReason"},
		"third empty":              {[]string{"ApplicationId", "你", "Status", ""}, errParamEmpty, "Status"},
		"type before value":        {[]string{"ApplicationId", "你", "Status", "x"}, errInvalidParameter, ""},
		"first value first":        {[]string{"ApplicationId", "你", "Status", "9"}, errInvalidParamError, ""},
		"value":                    {[]string{"Status", "9"}, errInvalidParameterError, "Status"},
		"fraction":                 {[]string{"Status", "1.0"}, errInvalidParameter, ""},
		"sign":                     {[]string{"Status", "+1"}, errInvalidParameter, ""},
		"negative":                 {[]string{"Status", "-1"}, errInvalidParameterError, "Status"},
		"huge":                     {[]string{"Status", "99999999999999999999"}, errInvalidParameterError, "Status"},
		"longest id":               {[]string{"ApplicationId", strings.Repeat("a", 64)}, errAPIUserNotExists, ""},
		"too long id":              {[]string{"ApplicationId", strings.Repeat("a", 65)}, errInvalidParamError, ""},
		"longest reason":           {[]string{"HandleReason", strings.Repeat("审", 1000)}, errAPIUserNotExists, ""},
		"too long reason":          {[]string{"HandleReason", strings.Repeat("审", 1001)}, errInvalidParamError, ""},
		"parameters before caller": {[]string{"HandleReason", "\u3000 "}, errParamEmpty, "HandleReason"},
		"blank before type":        {[]string{"HandleReason", " ", "Status", "x"}, errParamEmpty, "HandleReason"},
		"blank before missing":     {[]string{"HandleReason", "\t", "Status", "-"}, errParamEmpty, "HandleReason"},
		"no blank id":              {[]string{"ApplicationId", " "}, errInvalidParamError, ""},
		"nothing wrong but caller": {nil, errAPIUserNotExists, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := rigOn(t, srv, mockserver.WorldSetting{})
			got := g.send(call{params: but(g.callback(), c.changes...), key: g.key("caller-unknown")})
			if got.code != c.want || !strings.Contains(got.message, c.also) {
				t.Errorf("got %s: %s\nwant %s: …%s…", got.code, got.message, c.want, c.also)
			}
		})
	}
}

// TestCallerOrder spoils two things about the caller at once.
func TestCallerOrder(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	spoils := []struct {
		code  string
		spoil func(*User, *Organization)
	}{
		{errAPIUserNotExists, func(u *User, _ *Organization) { u.NeverLoggedOn = true }},
		{errUserInfo, func(u *User, _ *Organization) { u.IncompleteProfile = true }},
		{errInvalidOrganization, func(_ *User, o *Organization) { o.Dissolved = true }},
		{errNotInOrganization, func(u *User, _ *Organization) { u.FormerMember = true }},
		{errInstanceNotExist, func(_ *User, o *Organization) { o.Instance = nil }},
		{errInstanceExpired, func(_ *User, o *Organization) { o.Instance = &Instance{Edition: professional} }},
		{errAccessForbidden, func(_ *User, o *Organization) { o.Instance = &Instance{Edition: "standard", ExpiresAt: farAway} }},
		{errNotAPICallUser, func(u *User, _ *Organization) { u.Administrator = false }},
	}
	for alternative, order := range map[string][]int{"identity-first": {0, 1, 2, 3, 4, 5, 6, 7}, "instance-first": {0, 2, 4, 5, 6, 1, 3, 7}} {
		for i, first := range order {
			for _, second := range order[i+1:] {
				id := fmt.Sprintf("%s-%d-%d", alternative, first, second)
				u := &User{ID: "u", OrganizationID: "o", Administrator: true}
				o := &Organization{ID: "o", Instance: &Instance{Edition: professional, ExpiresAt: farAway}}
				spoils[second].spoil(u, o)
				spoils[first].spoil(u, o) // second, so that of two problems of the instance it is the one that is there
				key := &AccessKey{ID: id, Secret: "s", Name: "k", UserID: "u"}
				g := worldOf(t, srv, alternative, o, u, key)
				if got := g.send(call{key: key, params: map[string]string{"ApplicationId": "a", "HandleReason": "x", "Status": "1"}}); got.code != spoils[first].code {
					t.Errorf("%s: %s and %s: got %s", alternative, spoils[first].code, spoils[second].code, got.body)
				}
			}
		}
	}
}

// worldOf makes a world of one organization, user and key, with QB-022 decided.
func worldOf(t *testing.T, srv *mockserver.Running, order string, o *Organization, u *User, k *AccessKey) *rig {
	t.Helper()
	records, err := json.Marshal(map[string]any{"organizations": []any{o}, "users": []any{u}, "access_keys": []any{k}})
	if err != nil {
		t.Fatal(err)
	}
	return rigOn(t, srv, mockserver.WorldSetting{Base: "empty", Assumptions: map[string]string{"QB-022": order},
		Records: map[string]json.RawMessage{"quickbi": records}})
}

func (g *rig) grants() map[string]string {
	g.t.Helper()
	out := map[string]string{}
	g.records("authorizations", func(rec any) {
		a := rec.(*Authorization)
		out[authorizationID(a.UserID, a.LlmCube, a.LlmCubeTheme)] = a.ExpireDay
	})
	return out
}

func TestGrantAndRevoke(t *testing.T) {
	t.Parallel()
	g := newRig(t, mockserver.WorldSetting{Clock: "2026-01-15T08:00:00Z"})
	before := g.grants()
	users, cube, theme := g.env.UserIDs[2:4], g.env.LlmCubeIDs[3], g.env.ThemeIDs[1]
	params := map[string]string{"OperationType": "0", "UserIds": " " + users[0] + " , " + users[1] + "," + users[0], "LlmCubes": cube,
		"LlmCubeThemes": theme, "ExpireDay": "2026-12-31"}
	granted := g.send(call{action: authorizeAction, params: params})
	if want := fmt.Sprintf(`{"RequestId":%q,"Result":[],"Success":true}`, granted.requestID); granted.body != want {
		t.Errorf("grant: %s, want %s", granted.body, want)
	}
	want := []string{"grant " + users[0] + " " + cube + " 2026-12-31", "grant " + users[0] + " " + theme + " 2026-12-31",
		"grant " + users[1] + " " + cube + " 2026-12-31", "grant " + users[1] + " " + theme + " 2026-12-31"}
	if log := g.audit(); !slices.Equal(log, want) {
		t.Errorf("audit log %q\nwant %q", log, want)
	}
	// again: a new grant, with a new expiry and an audit record of its own
	g.send(call{action: authorizeAction, params: but(params, "ExpireDay", "-", "LlmCubeThemes", "", "UserIds", users[0])})
	if day := g.grants()[authorizationID(users[0], cube, "")]; day != "2026-01-22" || len(g.audit()) != 5 {
		t.Errorf("after a second grant it ends %s, and the audit log has %d records", day, len(g.audit()))
	}
	revoke := but(params, "OperationType", "1", "ExpireDay", "-")
	for i, records := range []int{9, 9} { // the second time it is skipped and leaves no record
		got := g.send(call{action: authorizeAction, params: revoke})
		if got.status != 200 || entries(got) != 0 || len(g.audit()) != records {
			t.Errorf("revocation %d: %s; the audit log has %d records, want %d", i+1, got.body, len(g.audit()), records)
		}
	}
	if after := g.grants(); !reflect.DeepEqual(after, before) {
		t.Errorf("grants %v, want those from before, %v", after, before)
	}
}

// TestDataSetsBecomeResources: CubeIds are converted, and a resource named twice counts once.
func TestDataSetsBecomeResources(t *testing.T) {
	t.Parallel()
	g := newRig(t, mockserver.WorldSetting{})
	var cube, resource string
	g.records("llm_cubes", func(rec any) {
		if c := rec.(*LlmCube); c.CubeID != "" {
			cube, resource = c.CubeID, c.ID
		}
	})
	user := g.env.UserIDs[0]
	g.send(call{action: authorizeAction, params: map[string]string{"OperationType": "0", "UserIds": user, "LlmCubes": resource,
		"CubeIds": cube, "ExpireDay": "2099-12-31"}})
	if log := g.audit(); len(log) != 1 || log[0] != "grant "+user+" "+resource+" 2099-12-31" {
		t.Errorf("audit log %q", log)
	}
	before := len(g.grants())
	got := g.send(call{action: authorizeAction, params: map[string]string{"OperationType": "0", "UserIds": g.env.UserIDs[1],
		"LlmCubes": g.env.LlmCubeIDs[0], "CubeIds": cube + ",no-such-set"}})
	if got.code != errInvalidParameterError || !strings.Contains(got.message, "CubeIds") || len(g.grants()) != before {
		t.Errorf("a data set without resource: %s; %d grants, want %d", got.body, len(g.grants()), before)
	}
}

// TestPartialFailure: every failing pair is one entry, in the order of the request; the good ones are carried out.
func TestPartialFailure(t *testing.T) {
	t.Parallel()
	g := newRig(t, mockserver.WorldSetting{})
	stranger := g.key("caller-instance-expired").UserID
	good, cube, theme := g.env.UserIDs[4], g.env.LlmCubeIDs[2], g.env.ThemeIDs[0]
	got := g.send(call{action: authorizeAction, params: map[string]string{"OperationType": "0",
		"UserIds": "nobody," + good + "," + stranger, "LlmCubes": "no-cube," + cube, "LlmCubeThemes": "no-theme," + theme}})
	want := []map[string]string{
		{"UserId": "nobody", "LlmCube": "no-cube", "LlmCubeTheme": "", "DetailMessage": detailNoUser},
		{"UserId": "nobody", "LlmCube": cube, "LlmCubeTheme": "", "DetailMessage": detailNoUser},
		{"UserId": "nobody", "LlmCube": "", "LlmCubeTheme": "no-theme", "DetailMessage": detailNoUser},
		{"UserId": "nobody", "LlmCube": "", "LlmCubeTheme": theme, "DetailMessage": detailNoUser},
		{"UserId": good, "LlmCube": "no-cube", "LlmCubeTheme": "", "DetailMessage": detailNoCube},
		{"UserId": good, "LlmCube": "", "LlmCubeTheme": "no-theme", "DetailMessage": detailNoTheme},
		{"UserId": stranger, "LlmCube": "no-cube", "LlmCubeTheme": "", "DetailMessage": detailNotMember},
		{"UserId": stranger, "LlmCube": cube, "LlmCubeTheme": "", "DetailMessage": detailNotMember},
		{"UserId": stranger, "LlmCube": "", "LlmCubeTheme": "no-theme", "DetailMessage": detailNotMember},
		{"UserId": stranger, "LlmCube": "", "LlmCubeTheme": theme, "DetailMessage": detailNotMember},
	}
	var reply struct {
		Success bool
		Result  []map[string]string
	}
	if err := json.Unmarshal([]byte(got.body), &reply); err != nil {
		t.Fatal(err)
	}
	if got.status != 200 || !reply.Success || !reflect.DeepEqual(reply.Result, want) {
		t.Errorf("got %d %s\nwant %v", got.status, got.body, want)
	}
	if log := g.audit(); len(log) != 2 {
		t.Errorf("audit log %q", log)
	}
}

func TestSmartqAuthorizeRefuses(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	for name, c := range map[string]struct {
		changes       []string
		code, message string
	}{
		"missing type":           {[]string{"OperationType", "-"}, "MissingOperationType", "OperationType is mandatory for this action."},
		"empty users":            {[]string{"UserIds", ""}, "MissingUserIds", "UserIds is mandatory for this action."},
		"blank users":            {[]string{"UserIds", "  "}, errInvalidParameterError, "The parameter is invalid:UserIds."},
		"empty item":             {[]string{"LlmCubes", "a,,b"}, errInvalidParameterError, "The parameter is invalid:LlmCubes."},
		"comma at the end":       {[]string{"LlmCubeThemes", "a,"}, errInvalidParameterError, "The parameter is invalid:LlmCubeThemes."},
		"no target":              {[]string{"LlmCubes", "-", "LlmCubeThemes", "-"}, errInvalidParameterError, "The parameter is invalid:LlmCubes."},
		"type no number":         {[]string{"OperationType", "grant"}, errInvalidParameterError, "The parameter is invalid:OperationType."},
		"duplicates count once":  {[]string{"UserIds", strings.Repeat("nobody,", 100) + "nobody"}, "", ""},
		"data sets before limit": {[]string{"UserIds", many(101), "CubeIds", "no-such-set"}, errInvalidParameterError, "The parameter is invalid:CubeIds."},
		"limit before age":       {[]string{"UserIds", many(101), "ExpireDay", "2020-01-01"}, errInvalidParameterError, "The parameter is invalid:UserIds."},
		"list before date":       {[]string{"UserIds", "a,", "ExpireDay", "2099-02-30"}, errInvalidParameterError, "The parameter is invalid:UserIds."},
		"at the limit":           {[]string{"UserIds", many(50)}, "", ""},
		"over the limit":         {[]string{"UserIds", many(51)}, errInvalidParameterError, "The parameter is invalid:UserIds."},
		"far over the limit":     {[]string{"UserIds", many(1500)}, errInvalidParameterError, "The parameter is invalid:UserIds."},
		"another date format":    {[]string{"ExpireDay", "2099/12/31"}, errDateFormat, "Date format conversion error."},
		"no such day":            {[]string{"ExpireDay", "2099-02-29"}, errDateFormat, ""},
		"one digit":              {[]string{"ExpireDay", "2099-1-1"}, errDateFormat, ""},
		"time behind":            {[]string{"ExpireDay", "2099-01-01T00:00:00Z"}, errDateFormat, ""},
		"today":                  {[]string{"ExpireDay", "2026-01-15"}, "", ""},
		"yesterday":              {[]string{"ExpireDay", "2026-01-14"}, errExpireDate, ""},
		"90 days ago":            {[]string{"ExpireDay", "2025-10-17"}, errExpireDate, ""},
		"91 days ago":            {[]string{"ExpireDay", "2025-10-16"}, errDateExceed, ""},
		"first day":              {[]string{"ExpireDay", "0001-01-01"}, errDateExceed, ""},
		"last day":               {[]string{"ExpireDay", "9999-12-31"}, "", ""},
		"revoking a past day":    {[]string{"ExpireDay", "2020-01-01", "OperationType", "1"}, "", ""},
		"revoking no day":        {[]string{"ExpireDay", "2020-13-01", "OperationType", "1"}, errDateFormat, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := rigOn(t, srv, mockserver.WorldSetting{Clock: "2026-01-15T08:00:00Z"})
			got := g.send(call{action: authorizeAction, params: but(g.authorize(), c.changes...)})
			if got.code != c.code || c.message != "" && got.message != c.message {
				t.Errorf("got %s\nwant %q %s", got.body, c.code, c.message)
			}
			if got.code != "" && len(g.audit()) != 0 {
				t.Errorf("refused, and yet the audit log has %q", g.audit())
			}
		})
	}
}

// TestTodayIsShanghais: at 16:00 UTC the day changes in Shanghai.
func TestTodayIsShanghais(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	for clock, want := range map[string]string{"2026-01-15T15:59:59Z": "2026-01-22", "2026-01-15T16:00:00Z": "2026-01-23"} {
		t.Run(clock, func(t *testing.T) {
			t.Parallel()
			g := rigOn(t, srv, mockserver.WorldSetting{Clock: clock})
			g.send(call{action: authorizeAction, params: but(g.authorize(), "ExpireDay", "-")})
			if log := g.audit(); len(log) != 4 || !strings.HasSuffix(log[0], want) {
				t.Errorf("audit log %q, want expiry %s", log, want)
			}
		})
	}
}

// TestWorldTimeExpires: instances and tokens follow world time, timestamps do not.
func TestWorldTimeExpires(t *testing.T) {
	t.Parallel()
	g := newRig(t, mockserver.WorldSetting{Clock: "2100-01-01T00:00:00Z"})
	if got := g.send(call{params: g.callback()}); got.code != errInstanceExpired {
		t.Errorf("in 2100: %s", got.body)
	}
	key := g.key("temporary")
	if got := g.send(call{params: g.callback(), key: key, token: key.Token}); got.code != errTokenExpired {
		t.Errorf("temporary credentials in 2100: %s", got.body)
	}
	world := newRig(t, mockserver.WorldSetting{Clock: "2100-01-01T00:00:00Z", SigningClock: "world"})
	if got := world.send(call{params: world.callback()}); got.code != errTimestampExpired {
		t.Errorf("signed by the wall clock, judged by the world's: %s", got.body)
	}
}
