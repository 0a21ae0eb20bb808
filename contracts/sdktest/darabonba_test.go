package sdktest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	openapiutil "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/alibabacloud-go/tea/tea"

	"github.com/countersign/countersign/mockserver"
)

// The values of the SDK's setting SignatureAlgorithm. Its "v2" is the signature version 1.0 of the documents.
const (
	v3 = ""
	v1 = "v2"
)

// darabonba calls through the core of the generated SDKs.
func darabonba(algorithm, method, place string) func(*testing.T, quickbiEnv) caller {
	return func(t *testing.T, env quickbiEnv) caller {
		t.Helper()
		client := darabonbaClient(t, env, algorithm)
		client.DisableSDKError = dara.Bool(true) // the SDK's own error types, with everything they know
		return func(t *testing.T, action string, params map[string]string) (map[string]any, *refused) {
			t.Helper()
			reply, err := client.CallApi(rpc(action, method), business(place, params), &dara.RuntimeOptions{})
			if err != nil {
				return nil, darabonbaError(t, err)
			}
			return plain(t, reply["body"]), nil
		}
	}
}

func darabonbaClient(t *testing.T, env quickbiEnv, algorithm string) *openapi.Client {
	t.Helper()
	config := &openapiutil.Config{AccessKeyId: &env.AccessKeyID, AccessKeySecret: &env.AccessKeySecret,
		Endpoint: dara.String(host(t, env.URL)), Protocol: dara.String("HTTP"), RegionId: dara.String("cn-hangzhou"),
		HttpClient: transport{carrier(t, env.via)}}
	if env.SecurityToken != "" {
		config.SecurityToken = &env.SecurityToken
	}
	if algorithm != "" {
		config.SignatureAlgorithm = &algorithm
	}
	client, err := openapi.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// transport carries a client's requests. The SDK's own HTTP client is shared by all that talk to one host, and it has
// data races: only TestDarabonbaDefaults uses it.
type transport struct{ http.RoundTripper }

func (t transport) Call(r *http.Request, _ *http.Transport) (*http.Response, error) {
	return t.RoundTrip(r)
}

// rpc is what a generated SDK says of an operation.
func rpc(action, method string) *openapiutil.Params {
	return &openapiutil.Params{Action: &action, Version: dara.String("2022-01-01"), Protocol: dara.String("HTTPS"),
		Pathname: dara.String("/"), Method: &method, AuthType: dara.String("AK"), Style: dara.String("RPC"),
		ReqBodyType: dara.String("formData"), BodyType: dara.String("json")}
}

func business(place string, params map[string]string) *openapiutil.OpenApiRequest {
	if place == inForm {
		form := map[string]any{}
		for k, v := range params {
			form[k] = v
		}
		return &openapiutil.OpenApiRequest{Body: form}
	}
	query := map[string]any{}
	for k, v := range params {
		query[k] = v
	}
	return &openapiutil.OpenApiRequest{Query: openapiutil.Query(query)}
}

// plain is a reply body without the SDK's own number type.
func plain(t *testing.T, body any) map[string]any {
	t.Helper()
	out := map[string]any{}
	convert(t, body, &out)
	return out
}

// responseError is what all error types of the SDK have in common.
type responseError interface {
	error
	GetStatusCode() *int
	GetCode() *string
	GetRequestId() *string
	GetData() map[string]any
	GetAccessDeniedDetail() map[string]any
}

// darabonbaError reads the SDK's error, whose message wraps the server's.
func darabonbaError(t *testing.T, err error) *refused {
	t.Helper()
	var got responseError
	if !errors.As(err, &got) {
		t.Fatalf("no service error: %T %v", err, err)
	}
	text := func(name string) string { return fmt.Sprint(got.GetData()[name]) }
	r := &refused{status: dara.IntValue(got.GetStatusCode()), code: dara.StringValue(got.GetCode()), message: text("Message"),
		requestID: dara.StringValue(got.GetRequestId()), hostID: text("HostId"), recommend: text("Recommend"),
		accessDenied: got.GetAccessDeniedDetail()}
	if want := fmt.Sprintf("code: %d, %s request id: %s", r.status, r.message, r.requestID); got.Error() != want {
		t.Errorf("the SDK says %q, want %q", got.Error(), want)
	}
	return r
}

// The SDK as it comes: with its own HTTP client, and with its errors turned into the one type that most applications
// look for.
func TestDarabonbaDefaults(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{v3, v1} {
		w := newWorld(t, mockserver.WorldSetting{})
		client := darabonbaClient(t, w.quickbi, algorithm)
		client.HttpClient = nil
		approve := func(id string) error {
			_, err := client.CallApi(rpc("ResultCallback", "POST"), business(inQuery, decision(id, "1")), &dara.RuntimeOptions{})
			return err
		}
		if err := approve(w.quickbi.OpenApplications[0]); err != nil {
			t.Error(err)
		}
		var got *tea.SDKError
		if err := approve("no-such-application"); !errors.As(err, &got) {
			t.Fatalf("got %T %v", err, err)
		}
		if tea.IntValue(got.StatusCode) != 400 || tea.StringValue(got.Code) != "Application.NotExist" ||
			!strings.HasPrefix(tea.StringValue(got.Message), "code: 400, The application is not exists. request id: ") {
			t.Errorf("got %v", got)
		}
		data := map[string]any{}
		if err := json.Unmarshal([]byte(tea.StringValue(got.Data)), &data); err != nil || data["HostId"] != "127.0.0.1" {
			t.Errorf("data %s, %v", tea.StringValue(got.Data), err)
		}
	}
}

// The kinds of error that the SDK distinguishes, and the time it is told to wait.
func TestDarabonbaErrorKinds(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{v3, v1} {
		t.Run("algorithm"+algorithm, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, mockserver.WorldSetting{})
			call := func() error {
				client := darabonbaClient(t, w.quickbi, algorithm)
				client.DisableSDKError = dara.Bool(true)
				_, err := client.CallApi(rpc("ResultCallback", "POST"), business(inQuery, decision("x", "1")), &dara.RuntimeOptions{})
				return err
			}
			var client *openapi.ClientError
			if err := call(); !errors.As(err, &client) || dara.StringValue(client.Code) != "Application.NotExist" {
				t.Errorf("got %T %v, want a ClientError", err, err)
			}
			w.state(t, "throttled", mockserver.Params{"limit": "user"})
			var throttling *openapi.ThrottlingError
			if err := call(); !errors.As(err, &throttling) || dara.StringValue(throttling.Code) != "Throttling.User" {
				t.Errorf("got %T %v, want a ThrottlingError", err, err)
			} else if dara.Int64Value(throttling.RetryAfter) <= 0 {
				t.Errorf("the SDK reads no waiting time: %v", throttling.RetryAfter)
			}
			w.state(t, "service-unavailable", nil)
			var server *openapi.ServerError
			if err := call(); !errors.As(err, &server) || dara.IntValue(server.StatusCode) != 503 {
				t.Errorf("got %T %v, want a ServerError", err, err)
			}
		})
	}
}

// With V3 the SDK reads an XML error too, but only of exactly this content type and root element (QB-004).
func TestDarabonbaXMLError(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mockserver.WorldSetting{Assumptions: map[string]string{"QB-004": "accept"}})
	request := business(inQuery, decision("no-such-application", "1"))
	request.Headers = map[string]*string{"accept": dara.String("text/xml")}
	client := darabonbaClient(t, w.quickbi, v3)
	client.DisableSDKError = dara.Bool(true)
	_, err := client.CallApi(rpc("ResultCallback", "POST"), request, &dara.RuntimeOptions{})
	wantRefused(t, darabonbaError(t, err), 400, "Application.NotExist", "The application is not exists.")
}

// Of many that decide one application at once, one succeeds. (A client of its own each: the SDK's clients are not safe
// for concurrent use with the older signature.)
func TestDarabonbaConcurrentDecisions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mockserver.WorldSetting{})
	const clients = 8
	refusals := make([]*refused, clients)
	var done sync.WaitGroup
	for i := range clients {
		call := darabonba([]string{v3, v1}[i%2], "POST", inQuery)(t, w.quickbi)
		done.Go(func() {
			_, refusals[i] = call(t, "ResultCallback", decision(w.quickbi.OpenApplications[0], "1"))
		})
	}
	done.Wait()
	decided := 0
	for _, r := range refusals {
		if r == nil {
			decided++
			continue
		}
		wantRefused(t, r, 400, "Application.RecordClosed", "The closed application record cannot be operated.")
	}
	if decided != 1 {
		t.Errorf("%d of %d succeeded, want 1", decided, clients)
	}
}

// twice sends every request a second time and gives the second reply.
type twice struct{ http.RoundTripper }

func (c twice) Call(r *http.Request, _ *http.Transport) (*http.Response, error) {
	first, err := c.RoundTrip(r.Clone(r.Context()))
	if err != nil {
		return nil, err
	}
	first.Body.Close()
	return c.RoundTrip(r)
}

// The same signed bytes once more are a replay.
func TestDarabonbaReplay(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{v3, v1} {
		w := newWorld(t, mockserver.WorldSetting{})
		client := darabonbaClient(t, w.quickbi, algorithm)
		client.DisableSDKError, client.HttpClient = dara.Bool(true), twice{carrier(t, nil)}
		_, err := client.CallApi(rpc("ResultCallback", "POST"), business(inQuery, decision(w.quickbi.OpenApplications[0], "1")), &dara.RuntimeOptions{})
		wantRefused(t, darabonbaError(t, err), 400, "SignatureNonceUsed", "Specified signature nonce was used already.")
		if a := w.application(t, w.quickbi.OpenApplications[0]); fmt.Sprint(a["flag_status"]) != "1" {
			t.Errorf("the first request did not count: %v", a)
		}
	}
}
