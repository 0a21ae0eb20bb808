//go:build pact

package pact

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/pact-foundation/pact-go/v2/matchers"
	"github.com/pact-foundation/pact-go/v2/models"

	"github.com/countersign/countersign/contracts/client"
	"github.com/countersign/countersign/contracts/client/wps"
)

// What the WPS contracts name. The app is the demo world's.
const (
	wpsApp    = "AKDEMO00000000000001"
	wpsSecond = "AKDEMO00000000000002"
	wpsPath   = "/v7/workflow/approval_defines/user_manage"
	// Cursors are opaque to the client, and the stand-in makes them of its seed (0), the user and the place in the list:
	// these stand behind the second and the fourth of the demo world's definitions.
	wpsSecondPage = "L4nvO07GNXhdOex08RnKEgAAAZX5RPHANzAwMzAwMDAwMDA1MDI2OTky"
	wpsThirdPage  = "nbzfhztpmi4cOmiYRC61wwAAAZXynhBANzAwMzAwMDAwMDA0ODE3NTM0"
)

// wpsNames are the names of the demo user's newest definitions.
var wpsNames = []string{"年终评优", "海外汇款", "团建报销", wpsWithoutForm, "访客预约", "会议室预订", "薪资调整",
	wpsLongName, "紧急采购‼️", "域名与证书申请"}

// Two of them have no form.
const (
	wpsWithoutForm = "无form的流程"
	wpsLongName    = "五十个字的审批名称用来检验名称长度的上限因此它写得特别长一直写到第五十个字为止不多也不少刚刚好了吧吗"
)

func TestWPSContract(t *testing.T) { wpsContract().make(t) }

func wpsContract() contract {
	return contract{provider: "wps", interactions: slices.Concat(wpsPages(), wpsRefusedArguments(), wpsRefusedCallers(), wpsFailures())}
}

func wpsHeader(app string) []field {
	return []field{
		like("Authorization", "Bearer recorded-token", `^Bearer [0-9A-Za-z._-]+$`),
		is("Content-Type", "application/json"),
		parted("X-Kso-Date", part{"Thu", "(Mon|Tue|Wed|Thu|Fri|Sat|Sun)"}, part{"15 Jan 2026 08:00:00 GMT", `\d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT`}),
		like("X-Kso-Authorization", "KSO-1 "+app+":"+emptyHash, `^KSO-1 `+app+`:[0-9a-f]{64}$`),
	}
}

func wpsClient(at place, change func(*wps.Config)) (*wps.Client, error) {
	c := wps.Config{
		Endpoint:    at.url,
		Credentials: wps.Credentials{AppID: wpsApp, AppKey: "recorded-key", AccessToken: "recorded-token"},
		Options:     at.options(),
	}
	if change != nil {
		change(&c)
	}
	return wps.New(c)
}

// definitions is the state of the pages: the user manages his newest definitions; the decoy is another's. A state can
// stand only once in an interaction: pact-go merges those of one name.
func definitions(count int) []models.ProviderState {
	return given(state("wps-definitions", "count", count), state("wps-definition-added", "name", "another user's", "user_id", "u1002"))
}

// listing is a page that the client is to read these names from, or to answer with an error.
func listing(r wps.ListRequest, change func(*wps.Config), names []string, next string, want error) func(context.Context, place) error {
	return func(ctx context.Context, at place) error {
		c, err := wpsClient(at, change)
		if err != nil {
			return err
		}
		page, err := c.GetUserManageApprovalDefinitionList(ctx, r)
		if problem := wants(err, want); problem != nil || want != nil {
			return problem
		}
		var got []string
		for _, d := range page.Items {
			got = append(got, d.Name)
			if _, err := d.Created(); err != nil || d.ID == "" || len(d.ProcessDefine.Nodes) == 0 {
				return errors.Join(err, fmt.Errorf("the client reads the definition %+v", d))
			}
		}
		if !slices.Equal(got, names) || page.HasMore != (next != "") || page.NextCursor != next {
			return fmt.Errorf("the client reads %v, more %v, next %q", got, page.HasMore, page.NextCursor)
		}
		return nil
	}
}

// listed is a definition as a page has it.
func listed(name string) map[string]any {
	forms := any([]any{})
	formType := `^(text_type_input|text_type_area|text_type_file|rich_text|date|select|info|contact|multi_select|number|money|image|sender|date_range)$`
	if name != wpsWithoutForm && name != wpsLongName {
		forms = matchers.EachLike(map[string]any{
			"id": matchers.Like("leave_type"), "title": matchers.Like("请假类型"), "type": matchers.Regex("select", formType),
			"required": matchers.Like(true), "placeholder": matchers.Like(""),
		}, 1)
	}
	return map[string]any{
		"id":    matchers.Regex("800000000000000005", `^[0-9]+$`),
		"name":  name,
		"icon":  matchers.Regex("tmp1", `^tmp([1-9]|1[0-5])$`),
		"ctime": matchers.Regex("1768464004000", `^[0-9]{13}$`),
		"created_by": map[string]any{
			"id": matchers.Like("u1001"), "type": matchers.Regex("user", `^(user|sp|unknown)$`),
			"name": matchers.Like("陈薇"), "company_id": matchers.Like("c100"),
		},
		"form_designs": forms,
		"process_define": map[string]any{
			"root": matchers.Like("node_0"),
			"nodes": matchers.EachLike(map[string]any{
				"id": matchers.Like("node_0"), "name": matchers.Like("流程"), "type": matchers.Regex("sequence", `^(sequence|select|condition|task)$`),
			}, 1),
		},
		"visible_scopes": matchers.EachLike(map[string]any{
			"company_id": matchers.Like("c100"), "scope_type": matchers.Regex("user", `^(company|department|user|user_group)$`),
			"scope_id": matchers.Like("u1001"), "is_admin": matchers.Like(true),
		}, 1),
	}
}

// page is a page that succeeds; next is the cursor of the following one.
func page(name string, r wps.ListRequest, next string, names ...string) interaction {
	items := []any{}
	for _, n := range names {
		items = append(items, listed(n))
	}
	var cursor any = next
	if next != "" {
		cursor = matchers.Regex(next, `^[0-9A-Za-z_-]+$`)
	}
	return interaction{
		name: "getUserManageApprovalDefinitionList: " + name, given: definitions(5),
		method: "GET", path: wpsPath, query: wpsQuery(r), header: wpsHeader(wpsApp),
		status: 200, replyHeader: jsonReply,
		reply: map[string]any{"code": 0, "msg": "", "data": map[string]any{"items": items, "has_more": next != "", "next_cursor": cursor}},
		call:  listing(r, nil, names, next, nil),
	}
}

func wpsQuery(r wps.ListRequest) []field {
	query := []field{is("cursor", r.Cursor)}
	if r.Page != nil {
		query = append(query, is("page", fmt.Sprint(*r.Page)))
	}
	return query
}

func wpsPages() []interaction {
	two := 2
	empty := page("an empty list", wps.ListRequest{Page: &two}, "")
	empty.given = definitions(0)
	zero, thirty := 0, 30
	byDefault := page("the page size 0, which stands for ten", wps.ListRequest{Page: &zero}, wpsSecondPage, wpsNames...)
	byDefault.given = definitions(12)
	external := page("the largest page, with external ids", wps.ListRequest{Page: &thirty}, "", wpsNames[:5]...)
	external.header = append(external.header, is("X-Kso-Id-Type", "external"))
	external.call = listing(wps.ListRequest{Page: &thirty}, func(c *wps.Config) { c.IDType = wps.External }, wpsNames[:5], "", nil)
	return []interaction{
		page("the first page", wps.ListRequest{Page: &two}, wpsSecondPage, wpsNames[:2]...),
		page("a page in the middle", wps.ListRequest{Cursor: wpsSecondPage, Page: &two}, wpsThirdPage, wpsNames[2:4]...),
		page("the last page", wps.ListRequest{Cursor: wpsThirdPage, Page: &two}, "", wpsNames[4]),
		empty, byDefault, external,
	}
}

// wpsRefusal is a list that is refused. The texts are guesses, or the vendor's of the day; the client goes by the code.
func wpsRefusal(name string, states []models.ProviderState, r wps.ListRequest, status, code int, message string, want *client.Code) interaction {
	i := page(name, r, "")
	i.given, i.status = states, status
	i.reply = map[string]any{"code": code, "msg": matchers.Regex(message, `^.+$`)}
	i.call = listing(r, nil, nil, "", want)
	return i
}

func wpsRefusedArguments() []interaction {
	bad := func(name, message string, r wps.ListRequest) interaction {
		return wpsRefusal(name, definitions(5), r, 400, 400000007, "kso: InvalidArgument err: "+message, wps.ErrInvalidArgument)
	}
	thirtyOne, less, two := 31, -1, 2
	route := wpsRefusal("a path that is none of the service's", definitions(5), wps.ListRequest{Page: &two}, 404, 404000001, "404 Route Not Found", wps.ErrNotFound)
	route.path = wpsPath + "/all"
	route.call = underway(func(r *http.Request) { r.URL.Path += "/all" }, route.call)
	unsupported := wpsRefusal("the Content-Type lost on the way", definitions(5), wps.ListRequest{Page: &two}, 415, 415000001, "unsupported content type", wps.ErrContentTypeUnsupported)
	unsupported.header = slices.DeleteFunc(wpsHeader(wpsApp), func(f field) bool { return f.name == "Content-Type" })
	unsupported.call = underway(withoutHeader("Content-Type"), unsupported.call)
	return []interaction{route, unsupported,
		bad("without a page size", "page is required", wps.ListRequest{}),
		bad("a page size above 30", "page is out of range", wps.ListRequest{Page: &thirtyOne}),
		bad("a negative page size", "page is out of range", wps.ListRequest{Page: &less}),
		bad("a cursor that was never given", "cursor is invalid", wps.ListRequest{Cursor: "assdas", Page: &two}),
	}
}

// wpsSigned is a state in which the request is signed in some way.
func wpsSigned(how string) []models.ProviderState {
	return given(state("wps-definitions", "count", 3, "sign", how))
}

func wpsRefusedCallers() []interaction {
	two := 2
	first := wps.ListRequest{Page: &two}
	second := wpsRefusal("signed by another app than the token's", given(state("wps-second-app")), first, 401, 401000001,
		"kso1sign check error: access key does not belong to access_token", wps.ErrAuth)
	second.header = wpsHeader(wpsSecond)
	second.call = listing(first, func(c *wps.Config) { c.Credentials.AppID = wpsSecond }, nil, "", wps.ErrAuth)
	unsigned := wpsRefusal("not signed by the client", given(state("wps-definitions", "count", 3)), first, 401, 401000001,
		"kso1sign check error: invalid kso-date header", wps.ErrAuth)
	unsigned.header = unsigned.header[:2]
	unsigned.call = listing(first, func(c *wps.Config) { c.Credentials.AppID, c.Credentials.AppKey = "", "" }, nil, "", wps.ErrAuth)
	list := []interaction{second, unsigned,
		wpsRefusal("signed with another key", wpsSigned("wrong-secret"), first, 401, 401000001, "kso1sign check error: invalid signature", wps.ErrAuth),
		wpsRefusal("signed by an unknown app", wpsSigned("unknown-key"), first, 401, 401000001, "kso1sign check error: unknown access key", wps.ErrAuth),
		wpsRefusal("neither signed nor with a token", wpsSigned("none"), first, 401, 401000001, "kso1sign check error: invalid kso-date header", wps.ErrAuth),
	}
	for _, x := range []struct {
		state        string
		status, code int
		message      string
		want         *client.Code
	}{
		{"wps-token-expired", 401, 401000001, "kso: Unauthenticated access_token verify err: token_expired", wps.ErrAuth},
		{"wps-session-suspended", 401, 401030002, "SessionSuspend", wps.ErrSessionSuspend},
		{"wps-scope-missing", 403, 400000003, "kso: PermissionDenied access_token verify err: invalid_scope", wps.ErrValueInvalid},
		{"wps-user-disabled", 403, 403000001, "Permission denied", wps.ErrNoPermission},
		{"wps-user-removed", 403, 403000001, "unable to read user permission", wps.ErrNoPermission},
		{"wps-capability-missing", 403, 403000001, "kso: PermissionDenied err: ErrPrivileges: interface_company_doc", wps.ErrNoPermission},
		{"wps-policy-denied", 403, 403000002, "policy denied", wps.ErrPolicyDenied},
	} {
		list = append(list, wpsRefusal(x.state, given(state(x.state)), first, x.status, x.code, x.message, x.want))
	}
	return list
}

func wpsFailures() []interaction {
	two := 2
	var list []interaction
	for _, x := range []struct {
		state        string
		status, code int
		message      string
		want         *client.Code
	}{
		{"wps-app-throttled", 429, 429000001, "too many requests", wps.ErrTooManyRequests},
		{"wps-app-over-quota", 400, 400000001, "rate limit exceeded", wps.ErrRateLimitExceeded},
		{"wps-remote-fail", 400, 400000201, "remote fail", wps.ErrRemoteFail},
		{"wps-remote-error", 500, 500000001, "remote error", wps.ErrRemote},
		{"wps-circuit-breaker-open", 500, 500000002, "circuit breaker opened", wps.ErrCircuitBreakerOpened},
		{"wps-store-error", 500, 500000003, "store server error", wps.ErrStoreServer},
		{"wps-internal-error", 500, 500000004, "internal server error", wps.ErrInternalServer},
		{"wps-service-upgrading", 503, 503000001, "service data upgrading", wps.ErrServiceDataUpgrading},
		{"wps-unknown-error", 500, 999999999, "unknown error", wps.ErrUnknown},
	} {
		list = append(list, wpsRefusal(x.state, given(state(x.state)), wps.ListRequest{Page: &two}, x.status, x.code, x.message, x.want))
	}
	return list
}
