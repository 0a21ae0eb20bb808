package quickbi_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign/contracts/client"
	"github.com/countersign/countersign/contracts/client/quickbi"
	"github.com/countersign/countersign/mockserver"
	fake "github.com/countersign/countersign/mockserver/quickbi"
)

// always is a transport that gives one answer.
type always mockserver.Example

func (a always) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: a.Status, Header: a.Header, Body: io.NopCloser(bytes.NewReader(a.Body))}, nil
}

// environment is what the stand-in says about itself.
type environment struct {
	URL                      string        `json:"url"`
	AccessKeyID              string        `json:"access_key_id"`
	AccessKeySecret          client.Secret `json:"access_key_secret"`
	OpenApplicationIDs       []string      `json:"open_application_ids"`
	ClosedApplicationID      string        `json:"closed_application_id"`
	UserIDs                  []string      `json:"user_ids"`
	LlmCubeIDs               []string      `json:"llm_cube_ids"`
	ThemeIDs                 []string      `json:"theme_ids"`
	TemporaryAccessKeyID     string        `json:"temporary_access_key_id"`
	TemporaryAccessKeySecret client.Secret `json:"temporary_access_key_secret"`
	SecurityToken            client.Secret `json:"security_token"`
}

// start runs the stand-in with a world of its own and says how to reach it.
func start(t mockserver.TB) environment {
	srv := mockserver.Run(t, mockserver.Options{Vendors: []mockserver.Vendor{fake.New}})
	data, err := json.Marshal(srv.Env(t, mockserver.DefaultWorld)["quickbi"])
	var env environment
	if err == nil {
		err = json.Unmarshal(data, &env)
	}
	if err != nil {
		t.Fatalf("%v", err)
	}
	return env
}

func (e environment) config() quickbi.Config {
	return quickbi.Config{Endpoint: e.URL, Credentials: quickbi.Credentials{AccessKeyId: e.AccessKeyID, AccessKeySecret: e.AccessKeySecret}}
}

func TestFrontDoor(t *testing.T) {
	t.Parallel()
	env := start(t)
	temporary := quickbi.Credentials{AccessKeyId: env.TemporaryAccessKeyID, AccessKeySecret: env.TemporaryAccessKeySecret, SecurityToken: env.SecurityToken}
	tests := []struct {
		name   string
		change func(*quickbi.Config)
		want   error
	}{
		{"OKV3", func(*quickbi.Config) {}, nil},
		{"OKV1", func(c *quickbi.Config) { c.Scheme = quickbi.V1 }, nil},
		{"OKTemporaryV3", func(c *quickbi.Config) { c.Credentials = temporary }, nil},
		{"OKTemporaryV1", func(c *quickbi.Config) { c.Credentials, c.Scheme = temporary, quickbi.V1 }, nil},
		{"ErrSecretV3", func(c *quickbi.Config) { c.Credentials.AccessKeySecret += "x" }, quickbi.ErrSignatureDoesNotMatch},
		{"ErrSecretV1", func(c *quickbi.Config) { c.Credentials.AccessKeySecret += "x"; c.Scheme = quickbi.V1 }, quickbi.ErrSignatureDoesNotMatch},
		{"ErrUnknownKey", func(c *quickbi.Config) { c.Credentials.AccessKeyId = "nobody" }, quickbi.ErrInvalidAccessKeyIdNotFound},
		{"ErrToken", func(c *quickbi.Config) { c.Credentials = temporary; c.Credentials.SecurityToken = "CAISother" }, quickbi.ErrInvalidSecurityTokenMalformed},
		{"ErrStale", func(c *quickbi.Config) { c.Clock = func() time.Time { return time.Now().Add(-time.Hour) } }, quickbi.ErrInvalidTimeStampExpired},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			config := env.config()
			tt.change(&config)
			c, err := quickbi.New(config)
			if err != nil {
				t.Fatal(err)
			}
			reply, err := c.SmartqAuthorize(t.Context(), quickbi.SmartqAuthorizeRequest{
				OperationType: quickbi.Grant, UserIds: env.UserIDs[:2], LlmCubes: env.LlmCubeIDs[:1], LlmCubeThemes: env.ThemeIDs[:1], ExpireDay: "2099-12-31"})
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if err == nil && (len(reply.Result) != 0 || !reply.Success) {
				t.Errorf("reply %+v", reply)
			}
		})
	}
}

// A reason with everything that signing can trip over arrives, with both schemes; the second decision is refused.
func TestDecideThroughTheFrontDoor(t *testing.T) {
	t.Parallel()
	env := start(t)
	for i, scheme := range []quickbi.Scheme{quickbi.V3, quickbi.V1} {
		config := env.config()
		config.Scheme = scheme
		c, err := quickbi.New(config)
		if err != nil {
			t.Fatal(err)
		}
		r := quickbi.ResultCallbackRequest{ApplicationId: env.OpenApplicationIDs[i], HandleReason: "你不是A部门分析师。 a b+c*d~e'(f)!&=/%\n", Status: quickbi.Reject}
		reply, err := c.ResultCallback(t.Context(), r)
		if err != nil || !reply.Result || reply.RequestId == "" {
			t.Fatalf("%s: %+v, %v", scheme, reply, err)
		}
		_, err = c.ResultCallback(t.Context(), r)
		var e *quickbi.Error
		if !errors.Is(err, quickbi.ErrApplicationRecordClosed) || !errors.As(err, &e) || e.RequestID == "" || e.Retryable() || e.Unknown {
			t.Errorf("%s: second decision: %v", scheme, err)
		}
	}
}

// With SkipChecks the documented refusals of bad parameters are reached.
func TestRefusalsOfBadParameters(t *testing.T) {
	t.Parallel()
	env := start(t)
	config := env.config()
	config.SkipChecks = true
	c, err := quickbi.New(config)
	if err != nil {
		t.Fatal(err)
	}
	id := env.OpenApplicationIDs[0]
	tests := []struct {
		name string
		r    quickbi.ResultCallbackRequest
		want error
	}{
		{"ErrNoReason", quickbi.ResultCallbackRequest{ApplicationId: id, Status: quickbi.Approve}, quickbi.ErrSystemParamEmpty},
		{"ErrStatusNoInteger", quickbi.ResultCallbackRequest{ApplicationId: id, HandleReason: "r", Status: "approved"}, quickbi.ErrInvalidParameter},
		{"ErrStatusThree", quickbi.ResultCallbackRequest{ApplicationId: id, HandleReason: "r", Status: "3"}, quickbi.ErrInvalidParameterError},
		{"ErrLongId", quickbi.ResultCallbackRequest{ApplicationId: strings.Repeat("a", 65), HandleReason: "r", Status: quickbi.Approve}, quickbi.ErrInvalidParamError},
		{"ErrUnknownId", quickbi.ResultCallbackRequest{ApplicationId: "nothing", HandleReason: "r", Status: quickbi.Approve}, quickbi.ErrApplicationNotExist},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := c.ResultCallback(t.Context(), tt.r); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestPartialFailureThroughTheFrontDoor(t *testing.T) {
	t.Parallel()
	env := start(t)
	c, err := quickbi.New(env.config())
	if err != nil {
		t.Fatal(err)
	}
	reply, err := c.SmartqAuthorize(t.Context(), quickbi.SmartqAuthorizeRequest{
		OperationType: quickbi.Revoke, UserIds: []string{"nobody", env.UserIDs[0]}, LlmCubes: []string{env.LlmCubeIDs[0], "no-cube"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(reply.Result) != 3 || reply.Result[0].UserId != "nobody" || reply.Result[0].DetailMessage == "" {
		t.Errorf("reply %+v", reply)
	}
}
