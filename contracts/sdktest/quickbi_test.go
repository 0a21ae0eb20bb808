package sdktest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign/mockserver"
)

// refused is an error of Quick BI as the SDK's own error type gives it.
type refused struct {
	status                           int
	code, message, requestID, hostID string
	recommend                        string
	accessDenied                     map[string]any
}

// caller calls an operation through one SDK, set up in one way. Errors that are not the service's fail the test.
type caller func(t *testing.T, action string, params map[string]string) (map[string]any, *refused)

// ways are the SDKs and settings that every flow below goes through.
var ways = []struct {
	name string
	open func(t *testing.T, env quickbiEnv) caller
}{
	{"darabonba/V3/POST/Query", darabonba(v3, "POST", inQuery)},
	{"darabonba/V3/POST/Form", darabonba(v3, "POST", inForm)},
	{"darabonba/V3/GET", darabonba(v3, "GET", inQuery)},
	{"darabonba/V1/POST/Query", darabonba(v1, "POST", inQuery)},
	{"darabonba/V1/POST/Form", darabonba(v1, "POST", inForm)},
	{"darabonba/V1/GET", darabonba(v1, "GET", inQuery)},
	{"alibaba-cloud-sdk-go/POST/Query", alibaba("POST", inQuery)},
	{"alibaba-cloud-sdk-go/POST/Form", alibaba("POST", inForm)},
	{"alibaba-cloud-sdk-go/GET", alibaba("GET", inQuery)},
}

// eachWay runs a flow through every way, each in a world of its own.
func eachWay(t *testing.T, setting mockserver.WorldSetting, flow func(t *testing.T, w *world, open func(quickbiEnv) caller)) {
	t.Helper()
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, setting)
			flow(t, w, func(env quickbiEnv) caller { return way.open(t, env) })
		})
	}
}

// Where the parameters of the operation stand.
const (
	inQuery = "query"
	inForm  = "form"
)

// reason has everything that the canonical forms and the spelling on the wire disagree about.
const reason = "你不是A部门分析师。 a+b&c=d~* (e)!'\"%20/\\"

func decision(application, status string) map[string]string {
	return map[string]string{"ApplicationId": application, "Status": status, "HandleReason": reason}
}

var uuid = regexp.MustCompile(`^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$`)

// wantDone holds a reply to the form of a success and returns its result.
func wantDone(t *testing.T, reply map[string]any, err *refused) any {
	t.Helper()
	if err != nil {
		t.Fatalf("refused: %+v", err)
	}
	if id, ok := reply["RequestId"].(string); !ok || !uuid.MatchString(id) || reply["Success"] != true {
		t.Errorf("reply %v", reply)
	}
	return reply["Result"]
}

// wantRefused holds an error to what the catalogue says.
func wantRefused(t *testing.T, err *refused, status int, code, message string) {
	t.Helper()
	if err == nil {
		t.Fatalf("accepted, want %d %s", status, code)
	}
	if err.status != status || err.code != code || err.message != message {
		t.Errorf("got %d %s %q, want %d %s %q", err.status, err.code, err.message, status, code, message)
	}
	if !uuid.MatchString(err.requestID) || err.hostID != "127.0.0.1" || !strings.Contains(err.recommend, err.requestID) {
		t.Errorf("request id %q, host id %q, recommend %q", err.requestID, err.hostID, err.recommend)
	}
}

func TestResultCallback(t *testing.T) {
	t.Parallel()
	eachWay(t, mockserver.WorldSetting{}, func(t *testing.T, w *world, open func(quickbiEnv) caller) {
		call := open(w.quickbi)
		for i, status := range []string{"1", "2"} {
			id := w.quickbi.OpenApplications[i]
			reply, err := call(t, "ResultCallback", decision(id, status))
			if got := wantDone(t, reply, err); got != true {
				t.Errorf("result %v, want true", got)
			}
			if a := w.application(t, id); fmt.Sprint(a["flag_status"]) != status || a["handle_reason"] != reason {
				t.Errorf("the application is now %v", a)
			}
			_, err = call(t, "ResultCallback", decision(id, "1"))
			wantRefused(t, err, 400, "Application.RecordClosed", "The closed application record cannot be operated.")
		}
		_, err := call(t, "ResultCallback", decision(w.quickbi.ClosedApplication, "1"))
		wantRefused(t, err, 400, "Application.RecordClosed", "The closed application record cannot be operated.")
		_, err = call(t, "ResultCallback", decision("no-such-application", "1"))
		wantRefused(t, err, 400, "Application.NotExist", "The application is not exists.")
		_, err = call(t, "ResultCallback", map[string]string{"ApplicationId": w.quickbi.OpenApplications[2], "Status": "1"})
		wantRefused(t, err, 400, "System.Param.Empty", "You must specify the HandleReason parameter.")
		_, err = call(t, "ResultCallback", decision(w.quickbi.OpenApplications[2], "3"))
		wantRefused(t, err, 400, "Invalid.Parameter.Error", "The parameter is invalid:Status.")
		_, err = call(t, "NoSuchAction", nil)
		wantRefused(t, err, 404, "InvalidAction.NotFound", "Specified api is not found, please check your url and method.")
	})
}

func (w *world) application(t *testing.T, id string) map[string]any {
	t.Helper()
	for _, a := range w.records(t, "quickbi", "applications") {
		if a["id"] == id {
			return a
		}
	}
	t.Fatalf("no application %s", id)
	return nil
}

func TestTemporaryCredentials(t *testing.T) {
	t.Parallel()
	eachWay(t, mockserver.WorldSetting{}, func(t *testing.T, w *world, open func(quickbiEnv) caller) {
		env := w.temporaryQuickbi(t, "temporary-credentials")
		approve := decision(w.quickbi.OpenApplications[0], "1")
		lost, invented, mismatched := env, env, w.quickbi
		lost.SecurityToken, invented.SecurityToken, mismatched.SecurityToken = "", "invented", env.SecurityToken
		_, err := open(lost)(t, "ResultCallback", approve)
		wantRefused(t, err, 400, "MissingSecurityToken", "SecurityToken is mandatory for this action.")
		_, err = open(invented)(t, "ResultCallback", approve)
		wantRefused(t, err, 400, "InvalidSecurityToken.Malformed", "Specified SecurityToken is malformed.")
		_, err = open(mismatched)(t, "ResultCallback", approve)
		wantRefused(t, err, 400, "InvalidSecurityToken.MismatchWithAccessKey", "Specified SecurityToken mismatch with the AccessKey.")
		_, err = open(w.temporaryQuickbi(t, "temporary-credentials-expired"))(t, "ResultCallback", approve)
		wantRefused(t, err, 400, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired.")
		reply, err := open(env)(t, "ResultCallback", approve)
		wantDone(t, reply, err)
		reply, err = open(env)(t, "SmartqAuthorize", w.grant())
		wantDone(t, reply, err)
	})
}

// temporaryQuickbi are the temporary credentials that a provider state makes.
func (w *world) temporaryQuickbi(t *testing.T, state string) quickbiEnv {
	t.Helper()
	made := w.state(t, state, nil)
	env := w.quickbi
	env.AccessKeyID, env.AccessKeySecret, env.SecurityToken = made["access_key_id"], made["access_key_secret"], made["security_token"]
	return env
}

func TestAccessKey(t *testing.T) {
	t.Parallel()
	eachWay(t, mockserver.WorldSetting{}, func(t *testing.T, w *world, open func(quickbiEnv) caller) {
		approve := decision(w.quickbi.OpenApplications[0], "1")
		unknown := w.quickbi
		unknown.AccessKeyID = "LTAI5tNoSuchAccessKeyId"
		_, err := open(unknown)(t, "ResultCallback", approve)
		wantRefused(t, err, 404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
		w.state(t, "access-key-disabled", nil)
		_, err = open(w.quickbi)(t, "ResultCallback", approve)
		wantRefused(t, err, 400, "InvalidAccessKeyId.Inactive", "Specified access key is disabled.")
	})
}

// What an SDK's user sees of a wrong secret, and what the journal explains.
func TestWrongSecret(t *testing.T) {
	t.Parallel()
	eachWay(t, mockserver.WorldSetting{}, func(t *testing.T, w *world, open func(quickbiEnv) caller) {
		wrong := w.quickbi
		wrong.AccessKeySecret = "WrongSecret"
		_, err := open(wrong)(t, "ResultCallback", decision(w.quickbi.OpenApplications[0], "1"))
		if err == nil || err.status != 400 || err.code != "SignatureDoesNotMatch" || !uuid.MatchString(err.requestID) {
			t.Fatalf("got %+v", err)
		}
		entries, _ := server.Requests(mockserver.JournalQuery{World: w.Name()})
		if len(entries) != 1 || entries[0].Explanation == nil || !strings.Contains(entries[0].Explanation.StringToSign, "ResultCallback") &&
			!strings.Contains(entries[0].Explanation.StringToSign, "ACS3-HMAC-SHA256") {
			t.Errorf("the journal has %+v", entries)
		}
		if a := w.application(t, w.quickbi.OpenApplications[0]); fmt.Sprint(a["flag_status"]) != "0" {
			t.Errorf("the application is now %v", a)
		}
	})
}

// The clocks of client and server are an hour apart.
func TestStaleTimestamp(t *testing.T) {
	t.Parallel()
	late := mockserver.WorldSetting{Clock: time.Now().Add(time.Hour).UTC().Format(time.RFC3339), SigningClock: "world"}
	eachWay(t, late, func(t *testing.T, w *world, open func(quickbiEnv) caller) {
		_, err := open(w.quickbi)(t, "ResultCallback", decision(w.quickbi.OpenApplications[0], "1"))
		wantRefused(t, err, 400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")
	})
}

// grant gives two users a resource and a theme.
func (w *world) grant() map[string]string {
	return map[string]string{"OperationType": "0", "UserIds": strings.Join(w.quickbi.Users[:2], ","),
		"LlmCubes": w.quickbi.LlmCubes[0], "LlmCubeThemes": w.quickbi.Themes[0], "ExpireDay": "2099-12-31"}
}

// authorized are the pairs of user and target that are granted now, sorted.
func (w *world) authorized(t *testing.T) []string {
	t.Helper()
	var pairs []string
	for _, a := range w.records(t, "quickbi", "authorizations") {
		pairs = append(pairs, fmt.Sprint(a["user_id"], " ", a["llm_cube"], " ", a["llm_cube_theme"], " ", a["expire_day"]))
	}
	return slices.Sorted(slices.Values(pairs))
}

func TestSmartqAuthorize(t *testing.T) {
	t.Parallel()
	eachWay(t, mockserver.WorldSetting{}, func(t *testing.T, w *world, open func(quickbiEnv) caller) {
		call, before := open(w.quickbi), w.authorized(t)
		reply, err := call(t, "SmartqAuthorize", w.grant())
		if got, ok := wantDone(t, reply, err).([]any); !ok || len(got) != 0 {
			t.Errorf("result %v, want an empty list", reply["Result"])
		}
		granted := w.authorized(t)
		if len(granted) != len(before)+4 {
			t.Errorf("granted %v, before %v", granted, before)
		}
		revoke := w.grant()
		revoke["OperationType"] = "1"
		reply, err = call(t, "SmartqAuthorize", revoke)
		wantDone(t, reply, err)
		if after := w.authorized(t); !slices.Equal(after, before) {
			t.Errorf("after the revocation %v, before %v", after, before)
		}
		byCube := map[string]string{"OperationType": "0", "UserIds": w.quickbi.Users[0], "CubeIds": w.quickbi.Cubes[0]}
		reply, err = call(t, "SmartqAuthorize", byCube)
		wantDone(t, reply, err)
		if after := w.authorized(t); len(after) != len(before)+1 {
			t.Errorf("by data set: %v, before %v", after, before)
		}
	})
}

// One bad user among good ones is an entry of Result and no error.
func TestSmartqPartialFailure(t *testing.T) {
	t.Parallel()
	eachWay(t, mockserver.WorldSetting{}, func(t *testing.T, w *world, open func(quickbiEnv) caller) {
		before, params := len(w.authorized(t)), w.grant()
		params["UserIds"] += ",nobody"
		delete(params, "LlmCubeThemes")
		reply, err := open(w.quickbi)(t, "SmartqAuthorize", params)
		want := map[string]any{"UserId": "nobody", "LlmCube": w.quickbi.LlmCubes[0], "LlmCubeTheme": "", "DetailMessage": "USER_NOT_EXIST"}
		if got := wantDone(t, reply, err); fmt.Sprint(got) != fmt.Sprint([]any{want}) {
			t.Errorf("result %v, want %v", got, want)
		}
		if after := len(w.authorized(t)); after != before+2 {
			t.Errorf("%d authorizations, want %d", after, before+2)
		}
	})
}

// manyUsers are one more than a call with one target may name.
func manyUsers() string {
	ids := make([]string, 101)
	for i := range ids {
		ids[i] = fmt.Sprintf("user-%d", i)
	}
	return strings.Join(ids, ",")
}

func TestSmartqRefusals(t *testing.T) {
	t.Parallel()
	eachWay(t, mockserver.WorldSetting{}, func(t *testing.T, w *world, open func(quickbiEnv) caller) {
		call, before := open(w.quickbi), w.authorized(t)
		for _, tt := range []struct{ name, value, code, message string }{
			{"UserIds", manyUsers(), "Invalid.Parameter.Error", ""}, // which parameter it names is QB-053
			{"UserIds", "", "MissingUserIds", "UserIds is mandatory for this action."},
			{"OperationType", "2", "Invalid.Parameter.Error", "The parameter is invalid:OperationType."},
			{"ExpireDay", "31.12.2099", "Date.Format.Error", "Date format conversion error."},
			{"ExpireDay", "2020-01-01", "Date.Exceed.Error", "The start date must be within 90 days from the current date."},
			{"CubeIds", "no-such-cube", "Invalid.Parameter.Error", "The parameter is invalid:CubeIds."},
		} {
			params := w.grant()
			params[tt.name] = tt.value
			_, err := call(t, "SmartqAuthorize", params)
			if tt.message == "" && err != nil {
				tt.message = err.message
			}
			wantRefused(t, err, 400, tt.code, tt.message)
		}
		if after := w.authorized(t); !slices.Equal(after, before) {
			t.Errorf("refused calls granted %v, before %v", after, before)
		}
	})
}

// A RAM user without the action hears which one he lacks, in the form that SDKs read.
func TestAccessDenied(t *testing.T) {
	t.Parallel()
	eachWay(t, mockserver.WorldSetting{}, func(t *testing.T, w *world, open func(quickbiEnv) caller) {
		w.state(t, "ram-user-without-policy", nil)
		call := open(w.quickbi)
		_, err := call(t, "SmartqAuthorize", w.grant())
		wantRefused(t, err, 403, "NoPermission", "You are not authorized to do this action.")
		if err.accessDenied["AuthAction"] != "quickbi-public:SmartqAuthorize" || err.accessDenied["AuthPrincipalType"] != "SubUser" {
			t.Errorf("access denied detail %v", err.accessDenied)
		}
		reply, err := call(t, "ResultCallback", decision(w.quickbi.OpenApplications[0], "1"))
		wantDone(t, reply, err)
	})
}
