package main

import (
	"encoding/json"
	"net/http"
	"regexp"
	"testing"

	"github.com/countersign/countersign/fixtures/gen"
	"github.com/countersign/countersign/mockserver"
)

// ownID is what differs between two replies that say the same: the id, and the host that was called.
var ownID = regexp.MustCompile(`(<RequestId>|requestId=|<HostId>)[^<]+`)

// What the command prints with --xml is, but for the id and the host of the request, byte by byte what the server answers a request that
// asks for XML.
func TestQuickbiXMLIsTheServers(t *testing.T) {
	t.Parallel()
	s := scheme{signScheme{name: "HMAC-SHA1", sign: quickbiV1("xml")}, vendors[0]}
	b := newBench(t, s, mockserver.WorldSetting{})
	for operation, field := range map[string]string{"ResultCallback": "query.ApplicationId", "SmartqAuthorize": "query.OperationType"} {
		good, bad := b.options, b.options
		good.Seed = 41
		bad.Set = map[string]json.RawMessage{field: json.RawMessage(`""`)}
		name := map[string]string{"ResultCallback": "System.Param.Empty", "SmartqAuthorize": "Missing<Param>"}[operation]
		b.sameAsTheServers(t, operation, good, "replies", "", "--count", "0")
		b.sameAsTheServers(t, operation, bad, "errors", name)
	}
}

// sameAsTheServers sends one request, and wants the answer among what the command makes, under the name.
func (b *bench) sameAsTheServers(t *testing.T, operation string, o gen.RequestOptions, kind, name string, flags ...string) {
	t.Helper()
	requests, err := b.vendor.Requests(operation, o)
	if err != nil {
		t.Fatal(err)
	}
	r, err := requests.At(0)
	if err != nil {
		t.Fatal(err)
	}
	got := b.send(t, r)
	made := commandJSON[[]gen.Reply](t, append([]string{"fixtures", "--kind", kind, "--operation", operation, "--xml"}, flags...)...)
	found := 0
	for _, reply := range made {
		if reply.Error != name {
			continue
		}
		found++
		if own, served := ownID.ReplaceAllString(reply.Text, "$1"), ownID.ReplaceAllString(string(got.body), "$1"); own != served || reply.Status != got.status {
			t.Errorf("%s %s: the server answers %d\n%s, made is %d\n%s", operation, name, got.status, served, reply.Status, own)
		}
		if want := http.StatusOK; (reply.Status == want) != (kind == kindReplies) {
			t.Errorf("%s %s: status %d", operation, name, reply.Status)
		}
	}
	if found != 1 {
		t.Errorf("%s: %d replies %q of %d", operation, found, name, len(made))
	}
}
