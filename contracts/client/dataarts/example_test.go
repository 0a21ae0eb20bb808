package dataarts_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/countersign/countersign/contracts/client/dataarts"
	"github.com/countersign/countersign/mockserver"
)

// example is a test for the stand-in to run in: it is stopped when the example is over.
type example struct{ stop []func() }

func (*example) Helper()                           {}
func (e *example) Cleanup(f func())                { e.stop = append(e.stop, f) }
func (*example) Errorf(format string, args ...any) { log.Printf(format, args...) }
func (*example) Fatalf(format string, args ...any) { log.Fatalf(format, args...) }

func (e *example) end() {
	for _, f := range e.stop {
		f()
	}
}

func Example() {
	var t example
	defer t.end()
	standIn := start(&t, mockserver.WorldSetting{}) // in production: a Region in place of Endpoint

	c, err := dataarts.New(dataarts.Config{
		Endpoint:    standIn.URL,
		ProjectID:   standIn.ProjectID,
		Workspace:   standIn.Workspace,
		Credentials: dataarts.Credentials{AccessKey: standIn.AK, SecretKey: standIn.SK},
	})
	if err != nil {
		log.Print(err)
		return
	}
	approver, err := c.CreateApprover(context.Background(), dataarts.CreateApproverRequest{
		ApproverName: "wang.jianguo",
		UserID:       standIn.MemberUserIDs[0],
		EmailNotify:  new(false),
		SmsNotify:    new(false),
	})
	if err != nil {
		log.Print(err)
		return
	}
	deleted, err := c.DeleteApprover(context.Background(), []string{approver.ID})
	fmt.Println(approver.ApproverName, deleted, err)
	// Output: wang.jianguo 1 <nil>
}

func ExampleClient_AllApprovers() {
	var t example
	defer t.end()
	standIn := start(&t, mockserver.WorldSetting{})
	standIn.given(&t, "no-approvers", nil)
	standIn.given(&t, "approvers-exist", mockserver.Params{"count": 5})

	n := 0
	for approver, err := range standIn.client(&t, nil).AllApprovers(context.Background(), dataarts.AllApproversRequest{Limit: 2}) {
		if err != nil {
			log.Print(err)
			return
		}
		if approver.ID != "" {
			n++
		}
	}
	fmt.Println(n, "approvers")
	// Output: 5 approvers
}

func ExampleIAM() {
	var t example
	defer t.end()
	standIn := start(&t, mockserver.WorldSetting{})
	iam, err := dataarts.NewIAM(dataarts.IAMConfig{Endpoint: standIn.URL})
	if err != nil {
		log.Print(err)
		return
	}
	token, err := iam.KeystoneCreateUserTokenByPassword(context.Background(), dataarts.PasswordRequest{
		DomainName: standIn.Domain, UserName: standIn.UserName, Password: standIn.Password, ProjectName: standIn.Region,
	})
	if err != nil {
		log.Print(err)
		return
	}
	fmt.Println(token.Value, token.ExpiresAt.Sub(token.IssuedAt))
	// Output: [redacted] 24h0m0s
}

func ExampleError() {
	var t example
	defer t.end()
	standIn := start(&t, mockserver.WorldSetting{})
	standIn.given(&t, "caller-role", mockserver.Params{"role": "developer"})
	_, err := standIn.client(&t, nil).CreateApprover(context.Background(), dataarts.CreateApproverRequest{
		ApproverName: "wang.jianguo", UserID: standIn.MemberUserIDs[0],
	})
	var refused *dataarts.Error
	if errors.Is(err, dataarts.ErrNoPermission) && errors.As(err, &refused) {
		fmt.Println(refused.Status, refused.Code, refused.Message)
	}
	// Output: 403 DS.60xx The user does not have permission to call this API.
}
