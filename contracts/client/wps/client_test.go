package wps

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/countersign/countersign/contracts/client"
)

const lastPage = `{"code":0,"msg":"","more":{},"data":{"items":[],"has_more":false,"next_cursor":""}}`

// pageOf is a page with definitions of these ids.
func pageOf(more bool, next string, ids ...string) handler {
	items := make([]string, len(ids))
	for i, id := range ids {
		items[i] = `{"id":"` + id + `"}`
	}
	return says(200, fmt.Sprintf(`{"code":0,"msg":"","data":{"items":[%s],"has_more":%v,"next_cursor":%q}}`, strings.Join(items, ","), more, next))
}

func TestAllPages(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("c", 1025)
	tests := []struct {
		name    string
		answers []handler
		page    int
		want    []string // ids
		cursors []string
		err     error
	}{
		{"OKOnePage", []handler{pageOf(false, "", "a", "b")}, 2, []string{"a", "b"}, []string{""}, nil},
		{"OKNothing", []handler{pageOf(false, "")}, 2, nil, []string{""}, nil},
		{"OKThreePages", []handler{pageOf(true, "c1", "a"), pageOf(true, "c2", "b"), pageOf(false, "", "c")}, 1,
			[]string{"a", "b", "c"}, []string{"", "c1", "c2"}, nil},
		{"OKEmptyPageBetween", []handler{pageOf(true, "c1", "a"), pageOf(true, "c2"), pageOf(false, "c3", "b")}, 30,
			[]string{"a", "b"}, []string{"", "c1", "c2"}, nil},
		{"OKNextCursorOnLastPage", []handler{pageOf(false, "c1", "a")}, 1, []string{"a"}, []string{""}, nil},
		{"OKThrottledBetween", []handler{pageOf(true, "c1", "a"), says(429, `{"code":429000001,"msg":"too many requests"}`), pageOf(false, "", "b")}, 1,
			[]string{"a", "b"}, []string{"", "c1", "c1"}, nil},
		{"ErrSameCursor", []handler{pageOf(true, "c1", "a")}, 1, []string{"a", "a"}, []string{"", "c1"}, client.ErrStuck},
		{"ErrCursorsGoRound", []handler{pageOf(true, "c1", "a"), pageOf(true, "c2", "b"), pageOf(true, "c1", "c")}, 1,
			[]string{"a", "b", "c"}, []string{"", "c1", "c2"}, client.ErrStuck},
		{"ErrNoCursor", []handler{pageOf(true, "", "a")}, 1, []string{"a"}, []string{""}, client.ErrStuck},
		{"ErrLongCursor", []handler{pageOf(true, long, "a")}, 1, []string{"a"}, []string{""}, errChecked},
		{"ErrPageTooLarge", []handler{pageOf(false, "")}, 31, nil, nil, errChecked},
		{"ErrSecondPage", []handler{pageOf(true, "c1", "a"), says(401, `{"code":401000001,"msg":"m"}`)}, 1, []string{"a"}, []string{"", "c1"}, ErrAuth},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := &fakeVendor{answers: tt.answers}
			var ids, cursors []string
			var err error
			for define, e := range f.client(t, nil).AllUserManageApprovalDefinitions(t.Context(), tt.page) {
				if err != nil {
					t.Fatal("it went on after an error")
				}
				if err = e; e == nil {
					ids = append(ids, define.ID)
				}
			}
			var problem *client.CheckError
			if !errors.Is(err, tt.err) && (!errors.Is(tt.err, errChecked) || !errors.As(err, &problem)) {
				t.Errorf("error %v, want %v", err, tt.err)
			}
			for _, r := range f.seen {
				cursors = append(cursors, r.URL.Query().Get("cursor"))
				if got := r.URL.Query().Get("page"); got != fmt.Sprint(tt.page) {
					t.Errorf("page %s, want %d", got, tt.page)
				}
			}
			if !slices.Equal(ids, tt.want) || !slices.Equal(cursors, tt.cursors) {
				t.Errorf("got %v with cursors %v, want %v with %v", ids, cursors, tt.want, tt.cursors)
			}
		})
	}
}

// errChecked stands for any *client.CheckError.
var errChecked = errors.New("a request that fails a check")

func TestAllStopsWhenTheCallerDoes(t *testing.T) {
	t.Parallel()
	f := &fakeVendor{answers: []handler{pageOf(true, "c1", "a", "b")}}
	for _, err := range f.client(t, nil).AllUserManageApprovalDefinitions(t.Context(), 0) {
		if err != nil {
			t.Error(err)
		}
		break
	}
	if len(f.seen) != 1 || f.seen[0].URL.Query().Get("page") != "30" {
		t.Errorf("%d requests, %v", len(f.seen), f.seen[0].URL)
	}
}

func TestChecks(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		r     ListRequest
		field string
	}{
		{"OK", ListRequest{"", new(0)}, ""},
		{"OKBounds", ListRequest{strings.Repeat("游", 1024), new(30)}, ""},
		{"ErrNoPage", ListRequest{}, "page"},
		{"ErrPageNegative", ListRequest{"", new(-1)}, "page"},
		{"ErrPage31", ListRequest{"", new(31)}, "page"},
		{"ErrCursor1025", ListRequest{strings.Repeat("a", 1025), new(1)}, "cursor"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, skip := range []bool{false, true} {
				f := &fakeVendor{answers: []handler{says(200, lastPage)}}
				_, err := f.client(t, func(c *Config) { c.SkipChecks = skip }).GetUserManageApprovalDefinitionList(t.Context(), tt.r)
				var problem *client.CheckError
				refused := errors.As(err, &problem)
				if refused != (tt.field != "" && !skip) || refused && problem.Field != tt.field || len(f.seen) == 1 == refused {
					t.Errorf("skip %v: got %v after %d requests, want a problem of %q", skip, err, len(f.seen), tt.field)
				}
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		config Config
		field  string
	}{
		{"ErrNoToken", Config{}, "AccessToken"},
		{"ErrNoKey", Config{Credentials: Credentials{AppID: "a", AccessToken: "t"}}, "AppID"},
		{"ErrNoID", Config{Credentials: Credentials{AppKey: "a", AccessToken: "t"}}, "AppID"},
		{"ErrToken", Config{Credentials: Credentials{AccessToken: "t\r\nX: y"}}, "AccessToken"},
		{"ErrIDType", Config{Credentials: Credentials{AccessToken: "t"}, IDType: "other"}, "X-Kso-Id-Type"},
		{"ErrEndpoint", Config{Credentials: Credentials{AccessToken: "t"}, Endpoint: "https://h?x=y"}, "Endpoint"},
	}
	for _, tt := range tests {
		_, err := New(tt.config)
		var problem *client.CheckError
		if !errors.As(err, &problem) || problem.Field != tt.field {
			t.Errorf("%s: got %v, want a problem of %s", tt.name, err, tt.field)
		}
	}
	var problem *client.CheckError
	if _, err := NewOAuth(OAuthConfig{ClientID: "a"}); !errors.As(err, &problem) || problem.Field != "client_secret" {
		t.Errorf("OAuth: got %v", err)
	}
}

func TestReplies(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		status int
		body   string
		want   string // in the error's text
	}{
		{"ErrNoData", 200, `{"code":0,"msg":""}`, "data is missing"},
		{"ErrNoCode", 200, `{"data":{"items":[],"has_more":false,"next_cursor":""}}`, "code is missing"},
		{"ErrNoItems", 200, `{"code":0,"data":{"has_more":false,"next_cursor":""}}`, "data.items is missing"},
		{"ErrNullItems", 200, `{"code":0,"data":{"items":null,"has_more":false,"next_cursor":""}}`, "data.items is missing"},
		{"ErrNoHasMore", 200, `{"code":0,"data":{"items":[],"next_cursor":""}}`, "data.has_more is missing"},
		{"ErrNoNextCursor", 200, `{"code":0,"data":{"items":[],"has_more":false}}`, "data.next_cursor is missing"},
		{"ErrHasMoreAsText", 200, `{"code":0,"data":{"items":[],"has_more":"false","next_cursor":""}}`, "cannot be read"},
		{"ErrCodeWith200", 200, `{"code":403000001,"msg":"Permission denied"}`, "status 200 403000001: Permission denied"},
		{"ErrRedirection", 302, ``, "documented status is 200"},
		{"ErrPage", 404, `<html>nothing</html>`, "no error of WPS 365: <html>nothing</html>"},
		{"ErrScope", 403, `{"code":400000003,"msg":"kso: PermissionDenied"}`, "status 403 400000003: kso: PermissionDenied"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := &fakeVendor{answers: []handler{says(tt.status, tt.body)}}
			page, err := f.client(t, nil).GetUserManageApprovalDefinitionList(t.Context(), ListRequest{"", new(1)})
			if page != nil || err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, %v; want %q in it", page, err, tt.want)
			}
			if errors.Is(err, client.ErrUnknownOutcome) {
				t.Errorf("a list changes nothing: %v", err)
			}
		})
	}
}

// A list is asked for again after every failure that may pass, and signed with the time of the attempt.
func TestListIsRetried(t *testing.T) {
	t.Parallel()
	reset := &net.OpError{Op: "read", Err: errors.New("connection reset by peer")}
	for name, first := range map[string]handler{
		"Reset": fails(reset), "Throttled": says(429, `{"code":429000001,"msg":""}`), "Quota": says(400, `{"code":400000001,"msg":""}`),
		"Failed": says(500, `{"code":500000004,"msg":""}`), "Proxy": says(502, `bad gateway`), "CutShort": says(200, `{"code":0,`),
	} {
		f := &fakeVendor{answers: []handler{first, says(200, lastPage)}}
		now := time.Date(2026, 1, 15, 8, 0, 0, 0, time.UTC)
		c := f.client(t, func(c *Config) {
			c.Clock = func() time.Time { now = now.Add(time.Second); return now }
		})
		if _, err := c.GetUserManageApprovalDefinitionList(t.Context(), ListRequest{"", new(1)}); err != nil || len(f.seen) != 2 {
			t.Errorf("%s: %v after %d requests", name, err, len(f.seen))
			continue
		}
		if a, b := f.seen[0].Header.Get("X-Kso-Authorization"), f.seen[1].Header.Get("X-Kso-Authorization"); a == b {
			t.Errorf("%s: signed once only: %s", name, a)
		}
	}
	f := &fakeVendor{answers: []handler{says(401, `{"code":401000001,"msg":""}`)}}
	if _, err := f.client(t, nil).GetUserManageApprovalDefinitionList(t.Context(), ListRequest{"", new(1)}); !errors.Is(err, ErrAuth) || len(f.seen) != 1 {
		t.Errorf("refused for good: %v after %d requests", err, len(f.seen))
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	const app = `{"access_token":"at-secret","expires_in":7200,"token_type":"bearer"}`
	const user = `{"access_token":"at-secret","expires_in":7200,"token_type":"Bearer","refresh_token":"rt-secret","refresh_expires_in":"2592000"}`
	f := &fakeVendor{answers: []handler{says(200, app), says(200, app), says(200, user), says(200, user)}}
	o := f.oauth(t)
	var got []*Token
	for _, fetch := range []func() (*Token, error){
		func() (*Token, error) { return o.ClientCredentials(t.Context(), nil) },
		func() (*Token, error) { return o.ClientCredentials(t.Context(), &ThirdParty{"ticket", "company"}) },
		func() (*Token, error) { return o.AuthorizationCode(t.Context(), "the code", "https://a.example/back") },
		func() (*Token, error) { return o.RefreshToken(t.Context(), "old") },
	} {
		token, err := fetch()
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, token)
	}
	appToken := &Token{AccessToken: "at-secret", ExpiresIn: 2 * time.Hour, TokenType: "bearer"}
	userToken := &Token{"at-secret", 2 * time.Hour, "Bearer", "rt-secret", 30 * 24 * time.Hour}
	if diff := cmp.Diff([]*Token{appToken, appToken, userToken, userToken}, got); diff != "" {
		t.Errorf("tokens, want - got +\n%s", diff)
	}
	want := []url.Values{
		{"grant_type": {"client_credentials"}},
		{"grant_type": {"client_credentials"}, "app_ticket": {"ticket"}, "company_id": {"company"}},
		{"grant_type": {"authorization_code"}, "code": {"the code"}, "redirect_uri": {"https://a.example/back"}},
		{"grant_type": {"refresh_token"}, "refresh_token": {"old"}},
	}
	for i, body := range f.bodies {
		want[i].Set("client_id", "AK123456")
		want[i].Set("client_secret", "sk098765")
		form, err := url.ParseQuery(body)
		if diff := cmp.Diff(want[i], form); err != nil || diff != "" {
			t.Errorf("form %d, want - got +\n%s", i, diff)
		}
		r := f.seen[i]
		if r.Method != http.MethodPost || r.URL.String() != "https://openapi.wps.cn/oauth2/token" ||
			r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" || r.Header.Get("X-Kso-Authorization") != "" {
			t.Errorf("sent %s %s %v", r.Method, r.URL, r.Header)
		}
	}
	if printed := fmt.Sprintf("%v %+v %#v", *got[3], *got[3], got[3]); strings.Contains(printed, "secret") {
		t.Errorf("a token prints as %s", printed)
	}
}

func TestTokenFailures(t *testing.T) {
	t.Parallel()
	unavailable := says(503, `{"code":50300007,"msg":"temporarily_unavailable"}`)
	failed := says(500, `{"code":50000006,"msg":"server_error","debug":{"desc":"about rt-secret and sk098765"}}`)
	good := says(200, `{"access_token":"a","expires_in":7200,"token_type":"bearer"}`)
	refresh := func(ctx context.Context, o *OAuth) error {
		_, err := o.RefreshToken(ctx, "rt-secret")
		return err
	}
	app := func(ctx context.Context, o *OAuth) error {
		_, err := o.ClientCredentials(ctx, nil)
		return err
	}
	tests := []struct {
		name     string
		call     func(context.Context, *OAuth) error
		answers  []handler
		want     error
		unknown  bool
		attempts int
	}{
		{"OKRefreshAfterRefusal", refresh, []handler{unavailable, good}, nil, false, 2},
		{"OKAppTokenAfterFailure", app, []handler{failed, good}, nil, false, 2},
		{"ErrRefreshUnclear", refresh, []handler{failed, good}, ErrOAuthServer, true, 1},
		{"ErrRefreshCutShort", refresh, []handler{says(200, `{"access_token":"a`), good}, nil, true, 1},
		{"ErrGrant", refresh, []handler{says(401, `{"code":40100009,"msg":"invalid_grant"}`)}, ErrOAuthInvalidGrant, false, 1},
		{"ErrNoLifetime", app, []handler{says(200, `{"access_token":"a","token_type":"bearer"}`)}, nil, false, 3},
		{"ErrNoToken", app, []handler{says(200, `{"expires_in":1,"token_type":"bearer"}`)}, nil, false, 3},
		{"ErrTokenType", app, []handler{says(200, `{"access_token":"a","expires_in":1,"token_type":"mac"}`)}, nil, false, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := &fakeVendor{answers: tt.answers}
			err := tt.call(t.Context(), f.oauth(t))
			if (err == nil) != strings.HasPrefix(tt.name, "OK") || tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
			if errors.Is(err, client.ErrUnknownOutcome) != tt.unknown || len(f.seen) != tt.attempts {
				t.Errorf("error %v after %d requests", err, len(f.seen))
			}
			var e *Error
			if errors.As(err, &e) && strings.ContainsAny(e.Desc, "0123456789-") {
				t.Errorf("the token or the key shows: %#v", *e)
			}
		})
	}
	for name, call := range map[string]func(*OAuth) (*Token, error){
		"code":          func(o *OAuth) (*Token, error) { return o.AuthorizationCode(t.Context(), "", "u") },
		"refresh_token": func(o *OAuth) (*Token, error) { return o.RefreshToken(t.Context(), "") },
	} {
		_, err := call((&fakeVendor{}).oauth(t))
		var problem *client.CheckError
		if !errors.As(err, &problem) || problem.Field != name {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAuthURL(t *testing.T) {
	t.Parallel()
	got := (&fakeVendor{}).oauth(t).AuthURL("https://a.example/back?x=1", "s t", "kso.workflow_approval_define.read", "kso.user_base.read")
	const want = "https://openapi.wps.cn/oauth2/auth?client_id=AK123456&redirect_uri=https%3A%2F%2Fa.example%2Fback%3Fx%3D1&" +
		"response_type=code&scope=kso.workflow_approval_define.read%2Ckso.user_base.read&state=s+t"
	if got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	f := &fakeVendor{answers: []handler{func(r *http.Request) (*http.Response, error) {
		return says(401, fmt.Sprintf(`{"code":401000001,"msg":"bad %s","more":{"token":%q}}`, r.Header.Get("Authorization"), "tok3n-hidden"))(r)
	}}}
	var config Config
	c := f.client(t, func(c *Config) {
		c.Credentials = Credentials{"AK123456", "k3y-hidden", "tok3n-hidden"}
		c.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		config = *c
	})
	_, err := c.GetUserManageApprovalDefinitionList(t.Context(), ListRequest{"", new(1)})
	config.Logger.Info("config", "credentials", config.Credentials)
	var e *Error
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	o, _ := NewOAuth(OAuthConfig{ClientID: "a", ClientSecret: "k3y-hidden"})
	shown := log.String() + fmt.Sprintf("%v %#v %s", err, *e, e.More)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x", "%q"} {
		shown += fmt.Sprintf(verb+verb+verb, config.Credentials, c, o)
	}
	if strings.Contains(shown, "hidden") || !strings.Contains(shown, "bad Bearer [redacted]") {
		t.Errorf("shown: %s", shown)
	}
}
