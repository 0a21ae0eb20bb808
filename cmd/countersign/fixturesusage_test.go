package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A wrong command line ends with 2, prints nothing to standard output, and says what is possible.
func TestErrFixturesUsage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"bad.json": "[]", "quickbi.json": `{"quickbi": {"url": "http://127.0.0.1:8750"}}`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// The last of each is what is said, as a regular expression; DIR is the folder.
	for _, words := range [][]string{
		{"say what to make with --kind"},
		{"--kind", "approver", `no kind is named "approver"; there are quickbi.organizations, .*dataarts.approvers.*negatives, world`},
		{"--kind", "users", `several vendors have the kind "users": say quickbi.users or wps.users or dataarts.users`},
		{"--kind", "requests", "--operation", "ListApprover", `no operation is named "ListApprover"; there are ResultCallback`},
		{"--kind", "requests", "--vendor", "nobody", `no vendor is named "nobody"`},
		{"--kind", "approvers", "--count", "-1", `invalid argument "-1" for "--count"`},
		{"--kind", "approvers", "--format", "xml", "want one of json, ndjson, yaml, csv, go, http, curl, har"},
		{"--kind", "approvers", "--locale", "fr", "want one of mixed, zh, en"},
		{"--kind", "approvers", "--set", "email=nobody", `nobody is not JSON; a text stands in quotes: 'email="nobody"'`},
		{"--kind", "approvers", "--set", "emial=null", "--set: .*emial: is no place of the schema"},
		{"--kind", "approvers", "--set", "email=null", "--set", "email=1", "email is set twice"},
		{"--kind", "approvers", "--size", "3", "--size means nothing to --kind approvers"},
		{"--kind", "errors", "--count", "3", "--count means nothing to --kind errors"},
		{"--kind", "replies", "--operation", "ListApprovers", "--size", "101", "--size 101: a page of ListApprovers has from 1 to 100 records"},
		{"--kind", "replies", "--operation", "ResultCallback", "--size", "5", "ResultCallback has no pages"},
		{"--kind", "requests", "--vendor", "wps", "--sign", "HMAC-SHA1", "--sign HMAC-SHA1: wps has none, KSO-1"},
		{"--kind", "requests", "--at", "noon", `--at "noon": want a time`},
		{"--kind", "requests", "--url", "localhost", `--url "localhost": want a URL`},
		{"--kind", "requests", "--env", "DIR/bad.json", "--env .*bad.json: want what .countersign env"},
		{"--kind", "requests", "--env", "DIR/quickbi.json", "--env has nothing for wps"},
		{"--kind", "negatives", "--validate", "negatives are wrong on purpose"},
		{"--kind", "negatives", "--sign", "none", "--sign none: ResultCallback asks for credentials before it looks at anything else.*leave --sign out, or name with --operation one that asks for none"},
		{"--kind", "errors", "--xml", "--xml: WPS 365 answers JSON only; name a vendor that answers XML with --vendor"},
		{"--kind", "requests", "--xml", "--xml means nothing to --kind requests"},
		{"--kind", "replies", "--unsendable", "--unsendable means nothing to --kind replies"},
		{"--kind", "negatives", "--unsendable", "--format", "curl", "negatives can be had as json, ndjson, yaml, csv"},
		{"--kind", "approvers,members", "name a folder with --out DIR/"},
		{"--kind", "approvers,dataarts.approvers", "--out", "x/", "dataarts.approvers is named twice"},
		{"--kind", "requests", "--set", "query.limit=5", "name it with --operation"},
		{"check", "requires at least 1 arg"},
		{"check", "nothing.json", "nothing.json: no such file"},
	} {
		args := []string{"fixtures"}
		for _, word := range words[:len(words)-1] {
			args = append(args, strings.ReplaceAll(word, "DIR", dir))
		}
		want := regexp.MustCompile(words[len(words)-1])
		code, out, problems := try(args...)
		if code != exitUsage || out != "" || !want.MatchString(problems) {
			t.Errorf("%s: %d, %q, %q, want %d and %s", args, code, out, problems, exitUsage, want)
		}
	}
}
