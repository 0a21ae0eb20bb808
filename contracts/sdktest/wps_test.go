package sdktest

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/countersign/countersign/mockserver"
)

// kso is a client after the public recipe: WPS 365 has no Go SDK.
// https://365.kdocs.cn/3rd/open/documents/app-integration-dev/wps365/server/api-description/signature-description
type kso struct {
	url, appID, appKey, token string
	// date is the layout of X-Kso-Date. The page's own Go sample prints the zone as UTC.
	date string
	// contentType goes out and into the signature as it stands; none is sent if it is empty.
	contentType string
	via         http.RoundTripper
}

func ksoClient(env wpsEnv) kso {
	return kso{env.URL, env.AppID, env.AppKey, env.AccessToken, http.TimeFormat, "application/json", env.via}
}

// ksoSignature covers method, request URI, content type and date as they are sent, and the hash of a body if there is
// one.
func ksoSignature(key, method, uri, contentType, date string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte("KSO-1" + method + uri + contentType + date))
	if len(body) > 0 {
		sum := sha256.Sum256(body)
		mac.Write([]byte(hex.EncodeToString(sum[:])))
	}
	return hex.EncodeToString(mac.Sum(nil))
}

// The two vectors of the page: this client knows the recipe.
func TestKSOVectors(t *testing.T) {
	t.Parallel()
	const date = "Mon, 02 Jan 2006 15:04:05 GMT"
	if got := ksoSignature("sk098765", "GET", "/v7/test?key=value", "application/json", date, nil); got !=
		"ce8df66877175e5198c8ea1362ffddf82e4941c6f25a4ca205a1ad09d0faaf03" {
		t.Error(got)
	}
	if got := ksoSignature("sk098765", "POST", "/v7/test/body", "application/json", date, []byte(`{"key": "value"}`)); got !=
		"c46e6c988130818ecba2484d51ac685948fbbef6814602c7874d6bfc41dc17b3" {
		t.Error(got)
	}
}

const managePath = "/v7/workflow/approval_defines/user_manage"

// request is a signed request for a page.
func (k kso) request(ctx context.Context, base, query string) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, base+managePath+"?"+query, nil)
	if err != nil {
		return nil, err
	}
	date := time.Now().UTC().Format(k.date)
	if k.contentType != "" {
		r.Header.Set("Content-Type", k.contentType)
	}
	r.Header.Set("X-Kso-Date", date)
	r.Header.Set("X-Kso-Authorization", "KSO-1 "+k.appID+":"+ksoSignature(k.appKey, r.Method, r.URL.RequestURI(), k.contentType, date, nil))
	if k.token != "" {
		r.Header.Set("Authorization", "Bearer "+k.token)
	}
	return r, nil
}

// manageReply is what a client reads of a reply.
type manageReply struct {
	status int
	Code   int
	Msg    string
	Data   struct {
		HasMore    bool   `json:"has_more"`
		NextCursor string `json:"next_cursor"`
		Items      []struct{ ID, Name, CTime string }
	}
}

func (k kso) page(t *testing.T, query string) manageReply {
	t.Helper()
	r, err := k.request(t.Context(), k.url, query)
	if err != nil {
		t.Fatal(err)
	}
	status, body := send(t, k.via, r)
	reply := manageReply{status: status}
	if err := json.Unmarshal([]byte(body), &reply); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return reply
}

func (k kso) pageFrom(t *testing.T, cursor string, size int) manageReply {
	t.Helper()
	return k.page(t, url.Values{"cursor": {cursor}, "page": {fmt.Sprint(size)}}.Encode())
}

// all reads pages to the end.
func (k kso) all(t *testing.T, size int) (ids []string) {
	t.Helper()
	for cursor := ""; ; {
		reply := k.pageFrom(t, cursor, size)
		if reply.status != 200 || reply.Code != 0 {
			t.Fatalf("%+v", reply)
		}
		for _, item := range reply.Data.Items {
			ids = append(ids, item.ID)
		}
		if !reply.Data.HasMore {
			if reply.Data.NextCursor != "" {
				t.Errorf("the last page has the cursor %q", reply.Data.NextCursor)
			}
			return ids
		}
		cursor = reply.Data.NextCursor
	}
}

func TestWPSPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mockserver.WorldSetting{})
	w.state(t, "wps-definitions", mockserver.Params{"count": 25})
	c := ksoClient(w.wps)
	ids := c.all(t, 7)
	if len(ids) != 25 || len(slices.Compact(slices.Sorted(slices.Values(ids)))) != 25 {
		t.Errorf("%d definitions in pages of 7: %v", len(ids), ids)
	}
	if others := c.all(t, 30); !slices.Equal(ids, others) {
		t.Errorf("pages of 30 hold %v, pages of 7 %v", others, ids)
	}
	if n := len(c.pageFrom(t, "", 0).Data.Items); n != 10 {
		t.Errorf("page=0 gives %d definitions, want 10", n)
	}
	// One goes and one comes between two pages: what is left stays where it was.
	first := c.pageFrom(t, "", 5)
	w.state(t, "wps-definition-deleted", mockserver.Params{"id": ids[4]})
	w.state(t, "wps-definition-added", nil)
	second := c.pageFrom(t, first.Data.NextCursor, 5)
	if got := second.Data.Items; len(got) != 5 || got[0].ID != ids[5] || got[4].ID != ids[9] {
		t.Errorf("the second page begins with %+v, want %s", got, ids[5])
	}
}

// What the signature covers and does not: dates of several zones, a query in any order, no content type where the
// world does not ask for one.
func TestKSOVariants(t *testing.T) {
	t.Parallel()
	lenient := mockserver.WorldSetting{Assumptions: map[string]string{"WPS-008": "lenient"}}
	tests := []struct {
		name    string
		setting mockserver.WorldSetting
		change  func(*kso)
		query   string
	}{
		{"GMT", mockserver.WorldSetting{}, func(*kso) {}, "cursor=&page=3"},
		{"UTC", mockserver.WorldSetting{}, func(k *kso) { k.date = time.RFC1123 }, "cursor=&page=3"},
		{"NumericZone", mockserver.WorldSetting{}, func(k *kso) { k.date = time.RFC1123Z }, "cursor=&page=3"},
		{"OtherOrder", mockserver.WorldSetting{}, func(*kso) {}, "page=3&cursor="},
		{"BareCursor", mockserver.WorldSetting{}, func(*kso) {}, "page=3&cursor"},
		{"Charset", mockserver.WorldSetting{}, func(k *kso) { k.contentType = "application/json; charset=utf-8" }, "cursor=&page=3"},
		{"NoContentType", lenient, func(k *kso) { k.contentType = "" }, "cursor=&page=3"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := ksoClient(newWorld(t, tt.setting).wps)
			tt.change(&c)
			if reply := c.page(t, tt.query); reply.status != 200 || len(reply.Data.Items) != 3 {
				t.Errorf("%+v", reply)
			}
		})
	}
}

func TestWPSRefusals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, state, query string
		change             func(*kso)
		status, code       int
		message            string
	}{
		{name: "WrongKey", change: func(k *kso) { k.appKey = "wrong" }, status: 401, code: 401000001, message: "kso1sign check error: invalid signature"},
		{name: "AppUnknown", change: func(k *kso) { k.appID = "AKNOBODY" }, status: 401, code: 401000001, message: "kso1sign check error: unknown access key"},
		{name: "DateOfOtherForm", change: func(k *kso) { k.date = time.RFC3339 }, status: 401, code: 401000001, message: "kso1sign check error: invalid kso-date header"},
		{name: "NoToken", change: func(k *kso) { k.token = "" }, status: 401, code: 401000001, message: "kso: Unauthenticated err: access_token is missing"},
		{name: "TokenUnknown", change: func(k *kso) { k.token = "x" }, status: 401, code: 401000001, message: "kso: Unauthenticated access_token verify err: invalid_token"},
		{name: "TokenExpired", state: "wps-token-expired", status: 401, code: 401000001, message: "kso: Unauthenticated access_token verify err: token_expired"},
		{name: "ScopeMissing", state: "wps-scope-missing", status: 403, code: 400000003, message: "kso: PermissionDenied access_token verify err: invalid_scope"},
		{name: "NoContentType", change: func(k *kso) { k.contentType = "" }, status: 415, code: 415000001, message: "unsupported content type"},
		{name: "CursorOfNobody", query: "cursor=assdas&page=10", status: 400, code: 400000007, message: "kso: InvalidArgument err: cursor is invalid"},
		{name: "NoCursor", query: "page=10", status: 400, code: 400000007, message: "kso: InvalidArgument err: cursor is required"},
		{name: "PageTooLarge", query: "cursor=&page=31", status: 400, code: 400000007, message: "kso: InvalidArgument err: page is out of range"},
		{name: "PageNoNumber", query: "cursor=&page=ten", status: 400, code: 400000007, message: "kso: InvalidArgument err: page has a wrong type"},
		{name: "Throttled", state: "wps-app-throttled", status: 429, code: 429000001, message: "too many requests"},
		{name: "Outage", state: "wps-remote-error", status: 500, code: 500000001, message: "remote error"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, mockserver.WorldSetting{})
			if tt.state != "" {
				w.state(t, tt.state, nil)
			}
			c, query := ksoClient(w.wps), "cursor=&page=10"
			if tt.change != nil {
				tt.change(&c)
			}
			if tt.query != "" {
				query = tt.query
			}
			got := c.page(t, query)
			if got.status != tt.status || got.Code != tt.code || got.Msg != tt.message {
				t.Errorf("got %d %d %q, want %d %d %q", got.status, got.Code, got.Msg, tt.status, tt.code, tt.message)
			}
		})
	}
}

// oauthConfig is an ordinary OAuth client; the credentials go into the form, as the pages say.
func oauthConfig(env wpsEnv, redirect string) *oauth2.Config {
	return &oauth2.Config{ClientID: env.AppID, ClientSecret: env.AppKey, RedirectURL: redirect,
		Endpoint: oauth2.Endpoint{TokenURL: env.URL + "/oauth2/token", AuthStyle: oauth2.AuthStyleInParams}}
}

// A user consents, the app changes the code for tokens and renews them.
func TestWPSUserTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mockserver.WorldSetting{})
	consent := w.state(t, "wps-authorization-code", nil)
	config := oauthConfig(w.wps, consent["redirect_uri"])
	first, err := config.Exchange(t.Context(), consent["code"])
	if err != nil {
		t.Fatal(err)
	}
	if first.RefreshToken == "" || first.Type() != "Bearer" || time.Until(first.Expiry) < 110*time.Minute {
		t.Errorf("token %+v", first)
	}
	w.wantToken(t, first.AccessToken, 200, 0)
	_, err = config.Exchange(t.Context(), consent["code"])
	wantOAuthError(t, err, 401, 40100009, "invalid_grant")

	old := &oauth2.Token{RefreshToken: first.RefreshToken}
	second, err := config.TokenSource(t.Context(), old).Token()
	if err != nil {
		t.Fatal(err)
	}
	if second.RefreshToken == first.RefreshToken || second.AccessToken == first.AccessToken {
		t.Error("the refreshed tokens are the old ones")
	}
	_, err = config.TokenSource(t.Context(), old).Token()
	wantOAuthError(t, err, 401, 40100009, "invalid_grant")
	for _, token := range []string{first.AccessToken, second.AccessToken} { // a refresh leaves the old access token alone
		w.wantToken(t, token, 200, 0)
	}
}

// An app's own token is none for this operation.
func TestWPSAppToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mockserver.WorldSetting{})
	config := clientcredentials.Config{ClientID: w.wps.AppID, ClientSecret: w.wps.AppKey, TokenURL: w.wps.URL + "/oauth2/token",
		AuthStyle: oauth2.AuthStyleInParams}
	token, err := config.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if token.RefreshToken != "" || strings.Count(token.AccessToken, ".") != 2 {
		t.Errorf("token %+v", token)
	}
	w.wantToken(t, token.AccessToken, 403, 400000003)

	config.ClientSecret = "wrong"
	_, err = config.Token(t.Context())
	wantOAuthError(t, err, 401, 40100008, "invalid_client")
	config.ClientSecret, config.Scopes = w.wps.AppKey, []string{"kso.nothing"}
	_, err = config.Token(t.Context())
	wantOAuthError(t, err, 400, 40000005, "invalid_scope")
}

func (w *world) wantToken(t *testing.T, token string, status, code int) {
	t.Helper()
	c := ksoClient(w.wps)
	c.token = token
	if got := c.pageFrom(t, "", 1); got.status != status || got.Code != code {
		t.Errorf("with the token %d %d %q, want %d %d", got.status, got.Code, got.Msg, status, code)
	}
}

func wantOAuthError(t *testing.T, err error, status, code int, message string) {
	t.Helper()
	var got *oauth2.RetrieveError
	if !errors.As(err, &got) {
		t.Fatalf("got %T %v, want %d", err, err, code)
	}
	var body struct {
		Code int
		Msg  string
	}
	if json.Unmarshal(got.Body, &body) != nil || got.Response.StatusCode != status || body.Code != code || body.Msg != message {
		t.Errorf("got %d %s, want %d %d %s", got.Response.StatusCode, got.Body, status, code, message)
	}
}
