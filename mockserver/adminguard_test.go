package mockserver_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/countersign/countersign/mockserver"
)

// Nobody but whoever runs the tests may steer the server: not another machine, and not a web page that is open on this one.
func TestAdminGuard(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{})
	own := srv.URL
	port := own[strings.LastIndex(own, ":"):]
	for _, tt := range []struct {
		name, method string
		header       http.Header
		status       int
		says         string
	}{
		{"OKPlain", "GET", nil, 200, ""},
		{"OKOwnOrigin", "POST", http.Header{"Origin": {own}}, 200, ""},
		{"ErrForeignOrigin", "POST", http.Header{"Origin": {"https://elsewhere.test"}}, 403, "elsewhere.test"},
		{"ErrForeignOriginGet", "GET", http.Header{"Origin": {"https://elsewhere.test"}}, 403, "elsewhere.test"},
		{"ErrNullOrigin", "POST", http.Header{"Origin": {"null"}}, 403, "null"},
		{"ErrOtherScheme", "POST", http.Header{"Origin": {"https" + strings.TrimPrefix(own, "http")}}, 403, "origin"},
		{"ErrOtherPort", "POST", http.Header{"Origin": {"http://127.0.0.1:1"}}, 403, "origin"},
		{"ErrPageWithoutOrigin", "POST", http.Header{"Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Mode": {"no-cors"}}, 403, "web pages"},
		{"ErrImageOfAPage", "GET", http.Header{"Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Mode": {"no-cors"}}, 403, "web pages"},
		{"ErrFormOfAPage", "POST", http.Header{"Sec-Fetch-Site": {"same-site"}, "Sec-Fetch-Mode": {"navigate"}}, 403, "web pages"},
		{"OKLinkThatIsFollowed", "GET", http.Header{"Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Mode": {"navigate"}}, 200, ""},
		{"OKTypedIn", "GET", http.Header{"Sec-Fetch-Site": {"none"}, "Sec-Fetch-Mode": {"navigate"}}, 200, ""},
		{"ErrForm", "POST", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, 415, "application/json"},
		{"ErrMultipart", "POST", http.Header{"Content-Type": {"multipart/form-data; boundary=x"}}, 415, "application/json"},
		{"ErrText", "POST", http.Header{"Content-Type": {"text/plain"}}, 415, "application/json"},
		{"ErrNoType", "POST", http.Header{"Content-Type": {";"}}, 415, "application/json"},
		{"OKJSON", "POST", http.Header{"Content-Type": {"application/json; charset=utf-8"}}, 200, ""},
		{"OKMergePatch", "POST", http.Header{"Content-Type": {"application/merge-patch+json"}}, 200, ""},
		{"OKLocalhost", "GET", http.Header{"Host": {"localhost" + port}}, 200, ""},
		{"OKBelowLocalhost", "GET", http.Header{"Host": {"tests.localhost" + port}}, 200, ""},
		{"OKDocker", "GET", http.Header{"Host": {"host.docker.internal" + port}}, 200, ""},
		{"OKIPv6", "GET", http.Header{"Host": {"[::1]" + port}}, 200, ""},
		{"OKNameWithoutDot", "GET", http.Header{"Host": {"countersign"}}, 200, ""},
		{"ErrReboundName", "GET", http.Header{"Host": {"rebound.example.com" + port}}, 403, "rebound.example.com"},
		{"ErrReboundNameOfOwnOrigin", "POST", http.Header{"Host": {"rebound.example.com"}, "Origin": {"http://rebound.example.com"}}, 403, "rebound"},
		{"ErrEndsAlike", "GET", http.Header{"Host": {"notlocalhost.com"}}, 403, "notlocalhost"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := map[string]string{"GET": "/health", "POST": "/reset"}[tt.method]
			got := send(t, tt.method, own+"/__admin"+path, "", tt.header)
			text, _ := got.body["countersign"].(string)
			if got.status != tt.status || !strings.Contains(text, tt.says) {
				t.Errorf("got %d %s, want %d and %q", got.status, got.raw, tt.status, tt.says)
			}
			for name := range got.header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("%s: %s lets web pages in", name, got.header.Get(name))
				}
			}
		})
	}
}

// With a token, names and where a request came from no longer matter; the token does, and only in the header.
func TestAdminTokenByHeaderOnly(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{AdminToken: "open"})
	for _, tt := range []struct {
		name, path string
		header     http.Header
		status     int
	}{
		{"OK", "/health", http.Header{"Authorization": {"Bearer open"}, "Host": {"tests.example.com"}}, 200},
		{"OKLowerCase", "/health", http.Header{"Authorization": {"bearer open"}}, 200},
		{"ErrNone", "/health", nil, 401},
		{"ErrOtherScheme", "/health", http.Header{"Authorization": {"Basic open"}}, 401},
		{"ErrBare", "/health", http.Header{"Authorization": {"open"}}, 401},
		{"ErrLonger", "/health", http.Header{"Authorization": {"Bearer openopen"}}, 401},
		{"ErrQuery", "/health?access_token=open&token=open", nil, 401},
		{"ErrStream", "/requests/stream?token=open", nil, 401},
		{"ErrNothingThere", "/nothing", nil, 401},
		{"ErrOriginStill", "/health", http.Header{"Authorization": {"Bearer open"}, "Origin": {"https://elsewhere.test"}}, 403},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := send(t, "GET", srv.URL+"/__admin"+tt.path, "", tt.header)
			if got.status != tt.status || (got.status == 401) != (got.header.Get("WWW-Authenticate") != "") {
				t.Errorf("got %d %s %v, want %d", got.status, got.raw, got.header, tt.status)
			}
		})
	}
}

// Where other machines can reach the server, no token means no admin API, whatever the caller of the Go API forgot.
func TestAdminNeedsATokenOffLoopback(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{})
	ask := func(ip net.IP) int {
		ctx := context.WithValue(t.Context(), http.LocalAddrContextKey, &net.TCPAddr{IP: ip, Port: 8750})
		rec := httptest.NewRecorder()
		srv.Handler().ServeHTTP(rec, httptest.NewRequestWithContext(ctx, "GET", "http://127.0.0.1/__admin/health", http.NoBody))
		return rec.Code
	}
	if near, far := ask(net.IPv6loopback), ask(net.IPv4(192, 0, 2, 1)); near != 200 || far != 403 {
		t.Errorf("on loopback %d, off it %d; want 200 and 403", near, far)
	}
}

// A body that is too large hears so, at every route that reads one, whether its length was told or not.
func TestAdminBodyLimit(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{MaxAdminBody: 1000})
	large := `{"name":"` + strings.Repeat("x", 4<<20) + `"}`
	for _, path := range []string{"POST /worlds", "POST /worlds/import", "POST /worlds/default/fork", "POST /worlds/default/clock",
		"POST /worlds/default/snapshots", "POST /worlds/default/states", "POST /worlds/default/faults", "PUT /worlds/default/faults/x",
		"POST /worlds/default/transitions", "POST /worlds/default/notes", "PUT /worlds/default/notes/x", "PATCH /worlds/default/notes/demo",
		"POST /requests/find", "POST /requests/count", "POST /requests/verify", "POST /requests/verify-sequence"} {
		for _, length := range []int64{int64(len(large)), -1} {
			t.Run(fmt.Sprintf("%s %d", path, length), func(t *testing.T) {
				t.Parallel()
				method, path, _ := strings.Cut(path, " ")
				req, err := http.NewRequestWithContext(t.Context(), method, srv.URL+"/__admin"+path, io.LimitReader(strings.NewReader(large), int64(len(large))))
				if err != nil {
					t.Fatal(err)
				}
				req.ContentLength = length
				resp, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				text, _ := io.ReadAll(resp.Body)
				if resp.StatusCode != 413 || !strings.Contains(string(text), `{"countersign":"the body is over the limit of 1000 bytes"}`) {
					t.Errorf("got %d %s, want 413 and the limit", resp.StatusCode, text)
				}
			})
		}
	}
}

func TestAdminMethods(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{})
	for _, tt := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"POST", "/health", 405, "GET"},
		{"OPTIONS", "/worlds", 405, "GET, POST"},
		{"PUT", "/worlds/default/clock", 405, "GET, POST"},
		{"DELETE", "/worlds/default/notes", 405, "GET, POST"},
		{"POST", "/worlds/default/notes/a/b", 405, "DELETE, GET, PATCH, PUT"},
		{"GET", "/nothing", 404, ""},
		{"GET", "/health/", 404, ""},
		{"GET", "", 404, ""},
	} {
		t.Run(tt.method+tt.path, func(t *testing.T) {
			t.Parallel()
			got := send(t, tt.method, srv.URL+"/__admin"+tt.path, "", nil)
			if got.status != tt.status || got.header.Get("Allow") != tt.allow || got.body["countersign"] == nil {
				t.Errorf("got %d, Allow %q, %s; want %d and %q", got.status, got.header.Get("Allow"), got.raw, tt.status, tt.allow)
			}
		})
	}
	// What only begins like the admin API is a vendor's.
	if got := send(t, "GET", srv.URL+"/__administration", "", nil); !strings.Contains(got.raw, "no vendor has the path") {
		t.Errorf("got %d %s", got.status, got.raw)
	}
}

func TestAdminBodiesAreOneValue(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{})
	if got := send(t, "POST", srv.URL+"/__admin/worlds", `{"name":"a"}{"name":"b"}`, nil); got.status != 400 || !strings.Contains(got.raw, "something follows") {
		t.Errorf("got %d %s", got.status, got.raw)
	}
}

func startApart(t *testing.T, opts mockserver.Options) (srv *mockserver.Running, admin string) {
	t.Helper()
	opts.AdminApart = true
	srv = start(t, opts)
	addr, err := srv.ListenAdmin("127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	return srv, "http://" + addr.String()
}

func TestAdminApart(t *testing.T) {
	t.Parallel()
	srv, admin := startApart(t, mockserver.Options{})
	if got := send(t, "GET", admin+"/__admin/health", "", nil); got.status != 200 {
		t.Errorf("health: %d %s", got.status, got.raw)
	}
	for _, path := range []string{"/__admin/health", "/__admin/worlds/default/notes/demo", "/__admin"} {
		if got := send(t, "GET", srv.URL+path, "", nil); got.status != 404 || !strings.Contains(got.raw, admin) {
			t.Errorf("%s at the vendors' address: %d %s, want 404 and where the admin API is", path, got.status, got.raw)
		}
	}
	if got := send(t, "GET", admin+"/acme/notes/demo?mode=", "", demoKey()); got.status != 404 || got.body["text"] != nil {
		t.Errorf("a vendor's path at the admin API's address: %d %s", got.status, got.raw)
	}
	if got := send(t, "GET", srv.URL+"/acme/notes/demo?mode=", "", demoKey()); got.status != 200 {
		t.Errorf("a vendor's path at the vendors' address: %d %s", got.status, got.raw)
	}
	for name, got := range map[string]answer{
		"env":    send(t, "GET", admin+"/__admin/worlds/default/env", "", nil),
		"create": send(t, "POST", admin+"/__admin/worlds", `{}`, nil),
	} {
		if !strings.Contains(got.raw, srv.URL) || strings.Contains(got.raw, admin) {
			t.Errorf("%s: %s, want the vendors' address %s", name, got.raw, srv.URL)
		}
	}
	if text := get(t, admin+"/__admin/requests?format=curl"); !strings.Contains(text, srv.URL) || strings.Contains(text, admin) {
		t.Errorf("curl: %s", text)
	}
}

func TestListenAdminWantsAdminApart(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{})
	if _, err := srv.ListenAdmin("127.0.0.1:0", nil); err == nil || !strings.Contains(err.Error(), "AdminApart") {
		t.Errorf("got %v", err)
	}
}

// What is for debugging is behind the same guard.
func TestAdminDebug(t *testing.T) {
	t.Parallel()
	debug := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "{\"at\":%q}", r.URL.Path) })
	srv := start(t, mockserver.Options{AdminToken: "open", Debug: debug})
	open := http.Header{"Authorization": {"Bearer open"}}
	if got := send(t, "GET", srv.URL+"/__admin/debug/pprof/heap", "", open); got.status != 200 || got.body["at"] != "/debug/pprof/heap" {
		t.Errorf("got %d %s", got.status, got.raw)
	}
	if got := send(t, "GET", srv.URL+"/__admin/debug/pprof/heap", "", nil); got.status != 401 {
		t.Errorf("without the token: %d %s", got.status, got.raw)
	}
	if got := send(t, "GET", start(t, mockserver.Options{}).URL+"/__admin/debug/pprof/heap", "", nil); got.status != 404 {
		t.Errorf("where nothing is for debugging: %d %s", got.status, got.raw)
	}
}
