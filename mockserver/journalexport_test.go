package mockserver_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign/mockserver"
)

// exported makes requests with everything that is hard to export, one of them with secrets.
func exported(t *testing.T, srv *mockserver.Running) {
	t.Helper()
	odd := jsonKey()
	odd.Set("X-Odd", `it's "quoted" $HOME `+"`id`"+` \n`)
	odd.Set("User-Agent", "tests/1")
	odd["X-Empty"] = []string{""}
	odd["X-Twice"] = []string{"1", "2"}
	send(t, "POST", srv.URL+"/acme/notes", `{"id":"a","text":"it's\n@b \\ $x"}`, odd)
	secret := jsonKey()
	secret.Set("Authorization", "Bearer hushhush")
	send(t, "POST", srv.URL+"/acme/notes", `{"id":"b","text":"c","secret":"hushhush"}`, secret)
	send(t, "GET", srv.URL+"/acme/notes/demo?mode=&a=%E4%BD%A0+x&b=[1-3]{x}'", "", demoKey())
	send(t, "GET", srv.URL+"/acme/../acme/notes/none", "", withKey(http.Header{"Accept": {"*/*"}}, "wrong"))
	send(t, "POST", srv.URL+"/acme/notes", "@\x00\xff'\n", demoKey())
	send(t, "PUT", srv.URL+"/else'where", "x", nil)
	send(t, "HEAD", srv.URL+"/acme/notes/demo", "", demoKey())
}

func TestHAR(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{})
	exported(t, srv)
	got := send(t, "GET", srv.URL+"/__admin/requests?format=har", "", nil)
	var har struct {
		Log struct {
			Version string
			Creator struct{ Name, Version string }
			Entries []struct {
				StartedDateTime time.Time
				Time            float64
				Request         struct {
					Method, URL, HTTPVersion string
					Headers, QueryString     []struct{ Name, Value string }
					PostData                 *struct{ MimeType, Text, Encoding string }
					HeadersSize, BodySize    int
				}
				Response struct {
					Status   int
					BodySize int
					Content  struct {
						Size           int
						MimeType, Text string
					}
				}
				Cache   map[string]any
				Timings map[string]any
				Comment string
			}
		}
	}
	if err := json.Unmarshal([]byte(got.raw), &har); err != nil || har.Log.Version != "1.2" || har.Log.Creator.Name == "" || len(har.Log.Entries) != 7 {
		t.Fatalf("%v: %s", err, got.raw)
	}
	if strings.Contains(got.raw, "hush") {
		t.Errorf("a secret is exported: %s", got.raw)
	}
	first, third, fifth := har.Log.Entries[0], har.Log.Entries[2], har.Log.Entries[4]
	if r := first.Request; r.Method != "POST" || r.URL != srv.URL+"/acme/notes" || r.PostData.Text != `{"id":"a","text":"it's\n@b \\ $x"}` ||
		r.PostData.MimeType != "application/json; charset=utf-8" || r.BodySize != len(r.PostData.Text) || r.HeadersSize != -1 {
		t.Errorf("request %+v", r)
	}
	if r := first.Response; r.Status != 200 || !strings.HasPrefix(r.Content.Text, `{"id":"a"`) || r.Content.Size != r.BodySize || r.Content.Size != len(r.Content.Text) {
		t.Errorf("response %+v", r)
	}
	if first.Time <= 0 || first.Timings["wait"] != first.Time || first.Timings["send"] != 0.0 || first.Timings["receive"] != 0.0 || first.Cache == nil {
		t.Errorf("time %v, timings %v", first.Time, first.Timings)
	}
	if q := third.Request.QueryString; len(q) != 3 || q[1].Value != "你 x" {
		t.Errorf("query %+v", q)
	}
	if !slices.ContainsFunc(third.Request.Headers, func(h struct{ Name, Value string }) bool { return h.Name == "Host" && h.Value != "" }) {
		t.Errorf("headers %+v", third.Request.Headers)
	}
	if p := fifth.Request.PostData; !strings.Contains(got.raw, `"text":"QAD/Jwo=","_encoding":"base64"`) || p == nil {
		t.Errorf("a body that is no text: %+v", p)
	}
	empty := send(t, "GET", srv.URL+"/__admin/requests?format=har&status=500", "", nil)
	if err := json.Unmarshal([]byte(empty.raw), &har); err != nil || len(har.Log.Entries) != 0 {
		t.Errorf("%v: %s", err, empty.raw)
	}
}

// curlText is the export as curl commands.
func curlText(t *testing.T, srv *mockserver.Running, query string) string {
	t.Helper()
	var b strings.Builder
	if _, err := srv.WriteCurl(&b, mockserver.JournalQuery{Order: "oldest"}, srv.URL); err != nil {
		t.Fatal(err)
	}
	text := get(t, srv.URL+"/__admin/requests?format=curl"+query)
	if query == "" && text != b.String() {
		t.Errorf("over HTTP:\n%s\nin Go:\n%s", text, b.String())
	}
	return text
}

func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// TestCurlIsQuoted lets a shell read the commands, with a function in curl's place.
func TestCurlIsQuoted(t *testing.T) {
	t.Parallel()
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell")
	}
	srv := start(t, mockserver.Options{})
	exported(t, srv)
	text := curlText(t, srv, "&bodies=true")
	script := "curl() { printf '%s\\001' \"$@\"; echo; }\n" + text
	out, err := exec.CommandContext(t.Context(), sh, "-c", script).Output()
	if err != nil {
		t.Fatal(err)
	}
	args := strings.Split(string(out), "\001")
	for _, want := range []string{`X-Odd: it's "quoted" $HOME ` + "`id`" + ` \n`, "X-Empty;", "X-Twice: 1", "X-Twice: 2", `{"id":"a","text":"it's\n@b \\ $x"}`,
		srv.URL + "/acme/notes/demo?mode=&a=%E4%BD%A0+x&b=[1-3]{x}'", "Authorization: Bearer REDACTED", srv.URL + "/else'where", "--head"} {
		if !slices.Contains(args, want) {
			t.Errorf("no argument is %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "hush") {
		t.Errorf("a secret is exported:\n%s", text)
	}
}

// TestCurlRepeatsRequests runs the commands with the real curl and compares what arrives with what arrived first.
func TestCurlRepeatsRequests(t *testing.T) {
	t.Parallel()
	sh, err := exec.LookPath("sh")
	if _, err2 := exec.LookPath("curl"); err != nil || err2 != nil {
		t.Skip("no shell or no curl")
	}
	srv := start(t, mockserver.Options{})
	exported(t, srv)
	before, _ := srv.Requests(mockserver.JournalQuery{Order: "oldest"})
	script := strings.ReplaceAll(curlText(t, srv, ""), "REDACTED", "hushhush")
	script = strings.ReplaceAll(script, "\ncurl", "\ncurl -s -o /dev/null")
	script = strings.ReplaceAll(script, "| curl", "| curl -s -o /dev/null")
	if out, err := exec.CommandContext(t.Context(), sh, "-c", script).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s\n%s", err, out, script)
	}
	after, _ := srv.Requests(mockserver.JournalQuery{Order: "oldest", After: before[len(before)-1].ID})
	if len(after) != len(before) {
		t.Fatalf("%d requests arrived, want %d:\n%s", len(after), len(before), script)
	}
	for i := range before {
		if a, b := wire(&before[i]), wire(&after[i]); a != b {
			t.Errorf("first\n%s\nthen\n%s", a, b)
		}
	}
}

// wire is a request as it came, but for the headers that the client makes for its connection.
func wire(v *mockserver.EntryView) string {
	h := v.Request.Header.Clone()
	h.Del("Accept-Encoding") // Go's client adds it, and a command repeats it
	return fmt.Sprintf("%s %s %s %v %q", v.Request.Method, v.Request.URI, v.Request.Host, h, v.Request.Body)
}
