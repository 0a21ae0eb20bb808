package wps_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/countersign/countersign/contracts/client/wps"
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
	standIn := start(&t, mockserver.WorldSetting{}) // in production: leave Endpoint empty
	standIn.given(&t, "wps-definitions", mockserver.Params{"count": 65})

	c, err := wps.New(wps.Config{
		Endpoint:    standIn.URL,
		Credentials: wps.Credentials{AppID: standIn.AppID, AppKey: standIn.AppKey, AccessToken: standIn.AccessToken},
	})
	if err != nil {
		log.Print(err)
		return
	}
	n := 0
	for define, err := range c.AllUserManageApprovalDefinitions(context.Background(), 30) {
		if err != nil {
			log.Print(err)
			return
		}
		if define.Name != "" {
			n++
		}
	}
	fmt.Println(n, "definitions")
	// Output: 65 definitions
}

func ExampleClient_GetUserManageApprovalDefinitionList() {
	var t example
	defer t.end()
	standIn := start(&t, mockserver.WorldSetting{})
	standIn.given(&t, "wps-definitions", mockserver.Params{"count": 3})
	c, err := wps.New(standIn.config())
	if err != nil {
		log.Print(err)
		return
	}
	request := wps.ListRequest{Page: new(2)}
	for {
		page, err := c.GetUserManageApprovalDefinitionList(context.Background(), request)
		if err != nil {
			log.Print(err)
			return
		}
		fmt.Println(len(page.Items), page.HasMore)
		if !page.HasMore {
			return
		}
		request.Cursor = page.NextCursor
	}
	// Output:
	// 2 true
	// 1 false
}

func ExampleOAuth_ClientCredentials() {
	var t example
	defer t.end()
	standIn := start(&t, mockserver.WorldSetting{})
	oauth, err := wps.NewOAuth(wps.OAuthConfig{Endpoint: standIn.URL, ClientID: standIn.AppID, ClientSecret: standIn.AppKey})
	if err != nil {
		log.Print(err)
		return
	}
	token, err := oauth.ClientCredentials(context.Background(), nil)
	if err != nil {
		log.Print(err)
		return
	}
	fmt.Println(token.TokenType, token.ExpiresIn, token.AccessToken)
	// Output: bearer 2h0m0s [redacted]
}

func ExampleError() {
	var t example
	defer t.end()
	standIn := start(&t, mockserver.WorldSetting{})
	standIn.given(&t, "wps-scope-missing", nil)
	c, err := wps.New(standIn.config())
	if err != nil {
		log.Print(err)
		return
	}
	_, err = c.GetUserManageApprovalDefinitionList(context.Background(), wps.ListRequest{Page: new(10)})
	var refused *wps.Error
	if errors.Is(err, wps.ErrValueInvalid) && errors.As(err, &refused) {
		fmt.Println(refused.Status, refused.Code, refused.Retryable())
	}
	// Output: 403 400000003 false
}
