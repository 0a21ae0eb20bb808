package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign/mockserver"
)

// TestRequestsWatchEndsWithTheServer watches a server until it is shut down, which is no failure, and has the line of a
// request before that.
func TestRequestsWatchEndsWithTheServer(t *testing.T) {
	t.Parallel()
	plugs := (&app{vendors: vendors}).plugs()
	srv, err := mockserver.New(mockserver.Options{Vendors: plugs})
	if err != nil {
		t.Fatal(err)
	}
	addr, err := srv.Listen("127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + addr.String()
	resp, err := http.Get(url + "/v7/nothing")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	out, in := io.Pipe()
	var problems bytes.Buffer
	a := &app{out: in, err: &problems, getenv: func(string) string { return "" }, now: time.Now, vendors: vendors,
		cacheDir: func() (string, error) { return "", errors.New("no cache folder") }}
	code := make(chan int, 1)
	go func() { code <- a.run(context.Background(), []string{"requests", "watch", "--url", url, "--replay"}) }()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.Contains(line, "GET /v7/nothing 404 wps") {
		t.Errorf("got %q, %v", line, err)
	}
	if err := srv.Shutdown(t.Context()); err != nil {
		t.Errorf("shutdown: %v", err)
	}
	if got := <-code; got != exitOK {
		t.Errorf("exit code %d: %s", got, &problems)
	}
}

// TestRequestsCoverageCountsOnce makes requests that differ in nothing that is counted, and one that does.
func TestRequestsCoverageCountsOnce(t *testing.T) {
	t.Parallel()
	a := &app{vendors: vendors}
	documents, err := a.documents()
	if err != nil {
		t.Fatal(err)
	}
	j := &journalReader{vendors: documents, seen: map[string]bool{}, interactions: map[string][]any{}}
	entry := func(query string) string {
		return `{"vendor":"quickbi","operation":"ResultCallback","request":{"method":"POST","uri":"/?` + query + `"},"reply":{"status":200}}`
	}
	list := []string{entry("Action=ResultCallback&Status=1&Timestamp=1&SignatureNonce=a&Signature=b"),
		entry("Action=ResultCallback&Status=1&Timestamp=2&SignatureNonce=c&Signature=d"),
		entry("Action=ResultCallback&Status=2&Timestamp=2&SignatureNonce=c&Signature=d"), `{"request":{"uri":"/"}}`}
	missed, err := j.read(strings.NewReader(`{"requests":[` + strings.Join(list, ",") + `],"missed":7}`))
	if err != nil || missed != 7 || len(j.interactions["quickbi"]) != 2 || len(j.interactions) != 1 {
		t.Errorf("missed %d, interactions %v, %v", missed, j.interactions, err)
	}
	for _, torn := range []string{`{"requests":[` + list[0] + `,`, `{"requests":[` + list[0] + `]`, `{}`, `[]`, ``, `<html>`} {
		if _, err := j.read(strings.NewReader(torn)); err == nil {
			t.Errorf("%q passes for a journal", torn)
		}
	}
}
