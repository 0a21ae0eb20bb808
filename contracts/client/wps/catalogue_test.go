package wps_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"testing"

	"github.com/countersign/countersign/contracts/client"
	"github.com/countersign/countersign/contracts/client/wps"
	"github.com/countersign/countersign/mockserver"
	fake "github.com/countersign/countersign/mockserver/wps"
)

// always is a transport that gives one answer.
type always mockserver.Example

func (a always) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: a.Status, Header: a.Header, Body: io.NopCloser(bytes.NewReader(a.Body))}, nil
}

// Every error of the vendor's catalogue, as the stand-in would send it, has a sentinel of its own; and every sentinel
// stands for an error of the catalogue.
func TestEveryCatalogueCodeHasASentinel(t *testing.T) {
	t.Parallel()
	srv := mockserver.Run(t, mockserver.Options{Vendors: []mockserver.Vendor{fake.New}})
	seen := map[*client.Code]bool{}
	for _, entry := range srv.Vendors()[0].Errors {
		tried := 0
		for _, op := range srv.Vendors()[0].Operations {
			example, err := srv.ErrorExample("wps", op.ID, entry.Name)
			if err != nil {
				continue // another operation's
			}
			tried++
			got := callWith(t, op.ID, example)
			var e *wps.Error
			if !errors.As(got, &e) || e.Status != entry.Status || e.Message == "" {
				t.Errorf("%s: got %v", entry.Name, got)
			}
			if matches := matching(got); len(matches) != 1 || matches[0].Code != entry.Code {
				t.Errorf("%s: sentinels %v", entry.Name, matches)
			} else {
				seen[matches[0]] = true
			}
		}
		if tried == 0 {
			t.Errorf("%s: no operation has it", entry.Name)
		}
	}
	for _, c := range wps.Codes {
		if !seen[c] {
			t.Errorf("no error of the catalogue is %v", c)
		}
		if _, err := strconv.Atoi(c.Code); err != nil {
			t.Errorf("%v is no number", c)
		}
	}
}

func matching(err error) []*client.Code {
	return slices.DeleteFunc(slices.Clone(wps.Codes), func(c *client.Code) bool { return !errors.Is(err, c) })
}

// callWith calls an operation that is answered with an example, and returns the error.
func callWith(t *testing.T, operation string, example mockserver.Example) error {
	t.Helper()
	options := client.Options{HTTPClient: &http.Client{Transport: always(example)}, Retry: client.RetryPolicy{MaxAttempts: 1}}
	if operation == "getAccessToken" {
		o, err := wps.NewOAuth(wps.OAuthConfig{ClientID: "id", ClientSecret: "secret", Options: options})
		if err != nil {
			t.Fatal(err)
		}
		_, err = o.ClientCredentials(t.Context(), nil)
		return err
	}
	c, err := wps.New(wps.Config{Credentials: wps.Credentials{AccessToken: "token"}, Options: options})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.GetUserManageApprovalDefinitionList(t.Context(), wps.ListRequest{Page: new(1)})
	return err
}
