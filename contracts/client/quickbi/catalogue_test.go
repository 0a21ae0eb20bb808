package quickbi_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/countersign/countersign/contracts/client"
	"github.com/countersign/countersign/contracts/client/quickbi"
	"github.com/countersign/countersign/mockserver"
	fake "github.com/countersign/countersign/mockserver/quickbi"
)

// Every error of the vendor's catalogue, as the stand-in would send it, has a sentinel of its own; and every sentinel
// stands for an error of the catalogue.
func TestEveryCatalogueCodeHasASentinel(t *testing.T) {
	t.Parallel()
	srv := mockserver.Run(t, mockserver.Options{Vendors: []mockserver.Vendor{fake.New}})
	seen := map[*client.Code]bool{}
	for _, entry := range srv.Vendors()[0].Errors {
		tried := 0
		for _, op := range srv.Vendors()[0].Operations {
			example, err := srv.ErrorExample("quickbi", op.ID, entry.Name)
			if err != nil {
				continue // another operation's
			}
			tried++
			got := callWith(t, op.ID, example)
			var e *quickbi.Error
			if !errors.As(got, &e) || e.Status != entry.Status || e.RequestID == "" {
				t.Errorf("%s: got %v", entry.Name, got)
			}
			matches := matching(got)
			if !slices.ContainsFunc(matches, func(c *client.Code) bool { return c.Code == strings.ReplaceAll(entry.Code, "%s", "*") }) {
				t.Errorf("%s: sentinels %v", entry.Name, matches)
			}
			for _, c := range matches {
				seen[c] = true
			}
		}
		if tried == 0 {
			t.Errorf("%s: no operation has it", entry.Name)
		}
	}
	for _, c := range quickbi.Codes {
		if !seen[c] {
			t.Errorf("no error of the catalogue is %v", c)
		}
	}
}

func matching(err error) (found []*client.Code) {
	for _, c := range quickbi.Codes {
		if errors.Is(err, c) {
			found = append(found, c)
		}
	}
	return found
}

// callWith calls an operation that is answered with an example, and returns the error.
func callWith(t *testing.T, operation string, example mockserver.Example) error {
	t.Helper()
	c, err := quickbi.New(quickbi.Config{
		Credentials: quickbi.Credentials{AccessKeyId: "id", AccessKeySecret: "secret"},
		Options:     client.Options{HTTPClient: &http.Client{Transport: always(example)}, Retry: client.RetryPolicy{MaxAttempts: 1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if operation == "ResultCallback" {
		_, err = c.ResultCallback(t.Context(), quickbi.ResultCallbackRequest{ApplicationId: "a", HandleReason: "b", Status: quickbi.Reject})
	} else {
		_, err = c.SmartqAuthorize(t.Context(), quickbi.SmartqAuthorizeRequest{OperationType: quickbi.Grant, UserIds: []string{"u"}})
	}
	return err
}
