package dataarts_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/countersign/countersign/contracts/client"
	"github.com/countersign/countersign/contracts/client/dataarts"
	"github.com/countersign/countersign/mockserver"
	fake "github.com/countersign/countersign/mockserver/dataarts"
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
	seen := map[*client.Code]bool{}
	for _, form := range []string{"flat", "errors", "both"} {
		srv := mockserver.Run(t, mockserver.Options{Vendors: []mockserver.Vendor{fake.New},
			World: mockserver.WorldSetting{Assumptions: map[string]string{"DA-002": form}}})
		for _, entry := range srv.Vendors()[0].Errors {
			tried := 0
			for _, op := range srv.Vendors()[0].Operations {
				example, err := srv.ErrorExample("dataarts", op.ID, entry.Name)
				if err != nil || op.ID == "KeystoneListAuthDomains" {
					continue // another operation's, or one that this client does not have
				}
				tried++
				got := callWith(t, op.ID, example)
				var e *dataarts.Error
				if !errors.As(got, &e) || e.Status != entry.Status || e.Message == "" {
					t.Errorf("%s: got %v", entry.Name, got)
				}
				matches := matching(got)
				if !slices.ContainsFunc(matches, func(c *client.Code) bool { return fits(c, entry.Code, entry.Status) }) {
					t.Errorf("%s (%s): sentinels %v for %v", entry.Name, op.ID, matches, got)
				}
				for _, c := range matches {
					seen[c] = true
				}
			}
			if tried == 0 {
				t.Errorf("%s: no operation has it", entry.Name)
			}
		}
	}
	for _, c := range dataarts.Codes {
		if !seen[c] {
			t.Errorf("no error of the catalogue is %v", c)
		}
	}
}

// fits says whether a sentinel is about a code and status and nothing wider.
func fits(c *client.Code, code string, status int) bool {
	prefix, open := strings.CutSuffix(c.Code, "*")
	return (c.Code == code || open && strings.HasPrefix(code, prefix)) && (c.Status == status || c == dataarts.ErrWorkspaceNotFound)
}

func matching(err error) []*client.Code {
	return slices.DeleteFunc(slices.Clone(dataarts.Codes), func(c *client.Code) bool { return !errors.Is(err, c) })
}

// callWith calls an operation that is answered with an example, and returns the error.
func callWith(t *testing.T, operation string, example mockserver.Example) error {
	t.Helper()
	options := client.Options{HTTPClient: &http.Client{Transport: always(example)}, Retry: client.RetryPolicy{MaxAttempts: 1}}
	creds := dataarts.Credentials{Token: "token"}
	c, err := dataarts.New(dataarts.Config{Region: "r", ProjectID: "ppp", Workspace: "www", Credentials: creds, Options: options})
	if err != nil {
		t.Fatal(err)
	}
	iam, err := dataarts.NewIAM(dataarts.IAMConfig{Credentials: creds, Options: options})
	if err != nil {
		t.Fatal(err)
	}
	switch operation {
	case "CreateApprover":
		_, err = c.CreateApprover(t.Context(), dataarts.CreateApproverRequest{ApproverName: "n", UserID: "u"})
	case "ListApprovers":
		_, err = c.ListApprovers(t.Context(), dataarts.ListApproversRequest{})
	case "DeleteApprover":
		_, err = c.DeleteApprover(t.Context(), []string{"1"})
	case "KeystoneCreateUserTokenByPassword":
		_, err = iam.KeystoneCreateUserTokenByPassword(t.Context(), dataarts.PasswordRequest{DomainName: "d", UserName: "u", Password: "p", ProjectName: "r"})
	case "KeystoneListProjects":
		_, err = iam.KeystoneListProjects(t.Context(), "r")
	default:
		t.Fatalf("no method for operation %s", operation)
	}
	return err
}
