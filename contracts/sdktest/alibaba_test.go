package sdktest

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"strings"
	"testing"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth"
	sdkcredentials "github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	sdkerrors "github.com/aliyun/alibaba-cloud-sdk-go/sdk/errors"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"

	"github.com/countersign/countersign/mockserver"
)

// alibaba calls through the older SDK, which has the older signature only.
func alibaba(method, place string) func(*testing.T, quickbiEnv) caller {
	return func(t *testing.T, env quickbiEnv) caller {
		t.Helper()
		client := alibabaClient(t, env)
		return func(t *testing.T, action string, params map[string]string) (map[string]any, *refused) {
			t.Helper()
			reply, err := client.ProcessCommonRequest(commonRequest(t, env, method, place, action, params))
			if err != nil {
				return nil, alibabaError(t, err)
			}
			body := map[string]any{}
			if err := json.Unmarshal(reply.GetHttpContentBytes(), &body); err != nil {
				t.Fatalf("%v: %s", err, reply.GetHttpContentBytes())
			}
			return body, nil
		}
	}
}

func alibabaClient(t *testing.T, env quickbiEnv) *sdk.Client {
	t.Helper()
	var c auth.Credential = sdkcredentials.NewStaticAKCredentialsProvider(env.AccessKeyID, env.AccessKeySecret)
	if env.SecurityToken != "" {
		c = sdkcredentials.NewStaticSTSCredentialsProvider(env.AccessKeyID, env.AccessKeySecret, env.SecurityToken)
	}
	config := sdk.NewConfig()
	config.Transport = carrier(t, env.via)
	client, err := sdk.NewClientWithOptions("cn-hangzhou", config, c)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func commonRequest(t *testing.T, env quickbiEnv, method, place, action string, params map[string]string) *requests.CommonRequest {
	t.Helper()
	r := requests.NewCommonRequest()
	r.Method, r.Scheme, r.Domain, r.Version, r.ApiName = method, "http", host(t, env.URL), "2022-01-01", action
	for k, v := range params {
		if place == inForm {
			r.FormParams[k] = v
		} else {
			r.QueryParams[k] = v
		}
	}
	return r
}

func alibabaError(t *testing.T, err error) *refused {
	t.Helper()
	var got *sdkerrors.ServerError
	if !errors.As(err, &got) {
		t.Fatalf("no service error: %T %v", err, err)
	}
	return &refused{status: got.HttpStatus(), code: got.ErrorCode(), message: got.Message(), requestID: got.RequestId(),
		hostID: got.HostId(), recommend: got.Recommend(), accessDenied: got.AccessDeniedDetail()}
}

// With a wrong secret the SDK finds its own string to sign in the message, byte for byte, and concludes that it is the
// secret.
func TestAlibabaRecommendsTheSecret(t *testing.T) {
	t.Parallel()
	for _, place := range []string{inQuery, inForm} {
		for _, method := range []string{"POST", "GET"} {
			w := newWorld(t, mockserver.WorldSetting{})
			env := w.quickbi
			env.AccessKeySecret = "WrongSecret"
			r := commonRequest(t, env, method, place, "ResultCallback", decision(w.quickbi.OpenApplications[0], "1"))
			_, err := alibabaClient(t, env).ProcessCommonRequest(r)
			got := alibabaError(t, err)
			if got.code != "SignatureDoesNotMatch" || !strings.HasPrefix(got.recommend, "InvalidAccessKeySecret") {
				t.Errorf("%s %s: %s, recommends %q, says %q,\nsigned %q", method, place, got.code, got.recommend, got.message, r.GetStringToSign())
			}
		}
	}
}

// Replies in XML, which the SDK hands over as text.
func TestAlibabaXML(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mockserver.WorldSetting{})
	call := func() (string, error) {
		r := commonRequest(t, w.quickbi, "POST", inQuery, "ResultCallback", decision(w.quickbi.OpenApplications[0], "1"))
		r.AcceptFormat = "XML"
		reply, err := alibabaClient(t, w.quickbi).ProcessCommonRequest(r)
		if reply == nil {
			return "", err
		}
		return reply.GetHttpContentString(), err
	}
	var done struct {
		XMLName         xml.Name `xml:"ResultCallbackResponse"`
		RequestID       string   `xml:"RequestId"`
		Success, Result bool
	}
	text, err := call()
	if err != nil || xml.Unmarshal([]byte(text), &done) != nil || !done.Success || !done.Result || !uuid.MatchString(done.RequestID) {
		t.Errorf("%v: %s", err, text)
	}
	var closed struct {
		XMLName       xml.Name `xml:"Error"`
		RequestID     string   `xml:"RequestId"`
		HostID        string   `xml:"HostId"`
		Code, Message string
	}
	text, err = call()
	got := alibabaError(t, err)
	if got.status != 400 || xml.Unmarshal([]byte(text), &closed) != nil || closed.Code != "Application.RecordClosed" || closed.HostID != "127.0.0.1" {
		t.Errorf("%+v: %s", got, text)
	}
}
