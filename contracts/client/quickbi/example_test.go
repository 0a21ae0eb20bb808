package quickbi_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/countersign/countersign/contracts/client/quickbi"
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
	standIn := start(&t) // in production: leave Endpoint empty

	c, err := quickbi.New(quickbi.Config{
		Endpoint:    standIn.URL,
		Credentials: quickbi.Credentials{AccessKeyId: standIn.AccessKeyID, AccessKeySecret: standIn.AccessKeySecret},
	})
	if err != nil {
		log.Print(err)
		return
	}
	reply, err := c.ResultCallback(context.Background(), quickbi.ResultCallbackRequest{
		ApplicationId: standIn.OpenApplicationIDs[0],
		HandleReason:  "approved by finance",
		Status:        quickbi.Approve,
	})
	fmt.Println(reply.Result, err)
	// Output: true <nil>
}

func ExampleClient_ResultCallback_closed() {
	var t example
	defer t.end()
	standIn := start(&t)
	c, err := quickbi.New(standIn.config())
	if err != nil {
		log.Print(err)
		return
	}
	_, err = c.ResultCallback(context.Background(), quickbi.ResultCallbackRequest{
		ApplicationId: standIn.ClosedApplicationID,
		HandleReason:  "not an analyst of department A",
		Status:        quickbi.Reject,
	})
	var refused *quickbi.Error
	if errors.Is(err, quickbi.ErrApplicationRecordClosed) && errors.As(err, &refused) {
		fmt.Println(refused.Status, refused.Code, refused.Retryable())
	}
	// Output: 400 Application.RecordClosed false
}

func ExampleClient_SmartqAuthorize() {
	var t example
	defer t.end()
	standIn := start(&t)
	c, err := quickbi.New(standIn.config())
	if err != nil {
		log.Print(err)
		return
	}
	reply, err := c.SmartqAuthorize(context.Background(), quickbi.SmartqAuthorizeRequest{
		OperationType: quickbi.Grant,
		UserIds:       []string{standIn.UserIDs[0], "somebody-unknown"},
		LlmCubes:      standIn.LlmCubeIDs[:1],
		ExpireDay:     "2099-12-31",
	})
	if err != nil {
		log.Print(err)
		return
	}
	for _, failed := range reply.Result { // the others were granted
		fmt.Println(failed.UserId, failed.DetailMessage)
	}
	// Output: somebody-unknown USER_NOT_EXIST
}
