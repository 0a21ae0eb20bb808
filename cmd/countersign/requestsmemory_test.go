package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign/mockserver"
)

// refusedCalls are requests with a known key and a wrong signature, of which the journal keeps what an explanation needs.
// The stars of the first are five bytes each in the text that Quick BI's older signature covers, the worst there is.
var refusedCalls = map[string]func(env map[string]map[string]any, pad string) (target string, h http.Header){
	"quickbi V1": func(env map[string]map[string]any, pad string) (string, http.Header) {
		return fmt.Sprintf("/?Action=ResultCallback&Version=2022-01-01&SignatureMethod=HMAC-SHA1&SignatureVersion=1.0&SignatureNonce=n&Signature=x&Timestamp=%s&AccessKeyId=%v&HandleReason=%s",
			time.Now().UTC().Format("2006-01-02T15:04:05Z"), env["quickbi"]["access_key_id"], strings.Repeat("*", len(pad))), http.Header{}
	},
	"quickbi V3": func(env map[string]map[string]any, pad string) (string, http.Header) {
		h := http.Header{"X-Acs-Action": {"ResultCallback"}, "X-Acs-Version": {"2022-01-01"}, "X-Acs-Signature-Nonce": {"n"},
			"X-Acs-Date":           {time.Now().UTC().Format("2006-01-02T15:04:05Z")},
			"X-Acs-Content-Sha256": {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
			"Authorization": {fmt.Sprintf("ACS3-HMAC-SHA256 Credential=%v,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,Signature=%064d",
				env["quickbi"]["access_key_id"], 0)}}
		return "/?HandleReason=" + pad, h
	},
	"wps": func(env map[string]map[string]any, pad string) (string, http.Header) {
		return "/v7/workflow/approval_defines/user_manage?cursor=&page=10&pad=" + pad, http.Header{"Content-Type": {"application/json"},
			"X-Kso-Date": {time.Now().UTC().Format(http.TimeFormat)}, "Authorization": {fmt.Sprintf("Bearer %v", env["wps"]["access_token"])},
			"X-Kso-Authorization": {fmt.Sprintf("KSO-1 %v:%064d", env["wps"]["app_id"], 0)}}
	},
	"dataarts": func(env map[string]map[string]any, pad string) (string, http.Header) {
		return fmt.Sprintf("/v2/%v/design/approvals/users?pad=%s", env["dataarts"]["project_id"], pad), http.Header{
			"Workspace": {fmt.Sprint(env["dataarts"]["workspace"])}, "X-Sdk-Date": {time.Now().UTC().Format("20060102T150405Z")},
			"Authorization": {fmt.Sprintf("SDK-HMAC-SHA256 Access=%v, SignedHeaders=x-sdk-date, Signature=%064d", env["dataarts"]["ak"], 0)}}
	},
}

const (
	refusedCase   = "COUNTERSIGN_TEST_REFUSED"
	refusedBudget = 16 << 20
)

var taken = regexp.MustCompile(`takes ([0-9.]+) of the budget`)

// TestRefusedSignaturesKeepTheBudget fills journals with refused signatures, each in a process of its own, and holds the
// heap against their budget.
func TestRefusedSignaturesKeepTheBudget(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("processes of their own, whose heap is measured: a run without the race detector does this")
	}
	for name := range refusedCalls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFillWithRefusedSignatures$", "-test.v")
			cmd.Env = append(os.Environ(), refusedCase+"="+name)
			out, err := cmd.CombinedOutput()
			found := taken.FindSubmatch(out)
			if err != nil || found == nil {
				t.Fatalf("%v\n%s", err, out)
			}
			share, err := strconv.ParseFloat(string(found[1]), 64)
			if err != nil || share > 1 || share < 0.1 {
				t.Errorf("it takes %v of the budget, want 0.1 to 1", share)
			}
			t.Logf("%v of the budget", share)
		})
	}
}

// TestFillWithRefusedSignatures is the child process.
func TestFillWithRefusedSignatures(t *testing.T) {
	t.Parallel()
	call := refusedCalls[os.Getenv(refusedCase)]
	if call == nil {
		t.Skip("for a process of its own")
	}
	srv := mockserver.Run(t, mockserver.Options{Vendors: (&app{vendors: vendors}).plugs(), JournalBytes: refusedBudget})
	env := map[string]map[string]any{}
	for name, section := range srv.Env(t, mockserver.DefaultWorld) {
		env[name] = fieldsOf(t, section)
	}
	shoot := func() {
		target, h := call(env, strings.Repeat("p", 400))
		req, err := http.NewRequestWithContext(t.Context(), "GET", srv.URL+target, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Header = h
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			t.Fatal(err)
		}
	}
	for range 20 {
		shoot()
	}
	if list, _ := srv.Requests(mockserver.JournalQuery{RefusedSignature: true}); len(list) != 20 || list[0].Explanation == nil {
		last, _ := srv.Requests(mockserver.JournalQuery{Limit: 1})
		t.Fatalf("%d of 20 signatures were refused and can be explained: %+v", len(list), last[0].Error)
	}
	if _, err := srv.ClearRequests(""); err != nil {
		t.Fatal(err)
	}
	before := heapAlive()
	for evicted := uint64(0); evicted < 200; {
		for range 50 {
			shoot()
		}
		_, evicted = srv.Requests(mockserver.JournalQuery{Limit: 1})
	}
	t.Logf("the journal takes %.2f of the budget", (heapAlive()-before)/refusedBudget)
	runtime.KeepAlive(srv)
}

func heapAlive() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// fieldsOf is a vendor's section of env, whatever its type.
func fieldsOf(t *testing.T, section any) (fields map[string]any) {
	t.Helper()
	data, err := json.Marshal(section)
	if err == nil {
		err = json.Unmarshal(data, &fields)
	}
	if err != nil {
		t.Fatal(err)
	}
	return fields
}
