package dataarts_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/countersign/countersign/contracts/client"
	"github.com/countersign/countersign/contracts/client/dataarts"
	"github.com/countersign/countersign/mockserver"
	fake "github.com/countersign/countersign/mockserver/dataarts"
)

// environment is what the stand-in says about itself.
type environment struct {
	URL           string        `json:"url"`
	AK            string        `json:"ak"`
	SK            client.Secret `json:"sk"`
	ProjectID     string        `json:"project_id"`
	Workspace     string        `json:"workspace"`
	Region        string        `json:"region"`
	Token         client.Secret `json:"token"`
	UserName      string        `json:"user_name"`
	Password      client.Secret `json:"password"`
	Domain        string        `json:"domain"`
	MemberUserIDs []string      `json:"member_user_ids"`

	world *mockserver.World
}

// start runs the stand-in with a world and says how to reach it.
func start(t mockserver.TB, setting mockserver.WorldSetting) environment {
	srv := mockserver.Run(t, mockserver.Options{Vendors: []mockserver.Vendor{fake.New}})
	w, err := srv.CreateWorld(context.Background(), setting)
	if err != nil {
		t.Fatalf("%v", err)
	}
	all, err := w.Env(context.Background(), srv.URL)
	if err != nil {
		t.Fatalf("%v", err)
	}
	env := environment{world: w}
	data, err := json.Marshal(all["dataarts"])
	if err == nil {
		err = json.Unmarshal(data, &env)
	}
	if err != nil {
		t.Fatalf("%v", err)
	}
	return env
}

func (e environment) given(t mockserver.TB, state string, params mockserver.Params) map[string]any {
	t.Helper()
	told, err := e.world.Apply(context.Background(), state, params)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return told
}

func (e environment) keys() dataarts.Credentials {
	return dataarts.Credentials{AccessKey: e.AK, SecretKey: e.SK}
}

func (e environment) config() dataarts.Config {
	return dataarts.Config{Endpoint: e.URL, ProjectID: e.ProjectID, Workspace: e.Workspace, Credentials: e.keys()}
}

func (e environment) client(t mockserver.TB, change func(*dataarts.Config)) *dataarts.Client {
	t.Helper()
	config := e.config()
	if change != nil {
		change(&config)
	}
	c, err := dataarts.New(config)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return c
}

// An approver is created, found by name, and deleted; with an access key and with a token.
func TestApproverThroughTheFrontDoor(t *testing.T) {
	t.Parallel()
	env := start(t, mockserver.WorldSetting{})
	for i, creds := range []dataarts.Credentials{env.keys(), {Token: env.Token}} {
		c := env.client(t, func(c *dataarts.Config) { c.Credentials = creds })
		name := fmt.Sprintf("审批人 a+b&c=*~/%d", i)
		made, err := c.CreateApprover(t.Context(), dataarts.CreateApproverRequest{
			ApproverName: name, UserID: env.MemberUserIDs[i], Email: "a.b@example.com", PhoneNumber: "17775558866", SmsNotify: new(false)})
		if err != nil {
			t.Fatal(err)
		}
		if made.ApproverName != name || made.UserID != env.MemberUserIDs[i] || made.CreateBy == "" || made.ProjectID == "" {
			t.Errorf("made %+v", made)
		}
		if _, err := time.Parse(time.RFC3339, made.CreateTime); err != nil {
			t.Error(err)
		}
		page, err := c.ListApprovers(t.Context(), dataarts.ListApproversRequest{ApproverName: name, Limit: new(1), Offset: new(0)})
		if err != nil || page.Total != 1 || len(page.Records) != 1 || page.Records[0].ID != made.ID {
			t.Fatalf("listed %+v, %v", page, err)
		}
		if n, err := c.DeleteApprover(t.Context(), []string{made.ID}); err != nil || n != 1 {
			t.Errorf("deleted %d, %v", n, err)
		}
		if page, err = c.ListApprovers(t.Context(), dataarts.ListApproversRequest{ApproverName: name}); err != nil || page.Total != 0 {
			t.Errorf("listed %+v, %v", page, err)
		}
	}
}

// Whatever the size of a page, all approvers come, each once, in the same order.
func TestAllThroughTheFrontDoor(t *testing.T) {
	t.Parallel()
	env := start(t, mockserver.WorldSetting{})
	env.given(t, "no-approvers", nil)
	env.given(t, "approvers-exist", mockserver.Params{"count": 23})
	c := env.client(t, nil)
	var first []string
	for _, limit := range []int{0, 100, 1, 5, 22, 23} {
		var ids []string
		for approver, err := range c.AllApprovers(t.Context(), dataarts.AllApproversRequest{Limit: limit}) {
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, approver.ID)
		}
		if first == nil {
			first = ids
		}
		if len(ids) != 23 || !slices.Equal(ids, first) {
			t.Errorf("pages of %d: %v, want %v", limit, ids, first)
		}
	}
}

func TestRefusalsThroughTheFrontDoor(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		state  string
		params mockserver.Params
		change func(*dataarts.Config)
		want   error
	}{
		{"ErrSecret", "", nil, func(c *dataarts.Config) { c.Credentials.SecretKey += "x" }, dataarts.ErrAuthSignature},
		{"ErrKey", "", nil, func(c *dataarts.Config) { c.Credentials.AccessKey = "NOBODY" }, dataarts.ErrAuthAccessKey},
		{"ErrStale", "", nil, func(c *dataarts.Config) { c.Clock = func() time.Time { return time.Now().Add(-time.Hour) } }, dataarts.ErrAuthSignatureExpired},
		{"ErrToken", "", nil, func(c *dataarts.Config) { c.Credentials = dataarts.Credentials{Token: "invented"} }, dataarts.ErrAuthDecryptToken},
		{"ErrNoCredentials", "", nil, func(c *dataarts.Config) { c.Credentials, c.SkipChecks = dataarts.Credentials{}, true }, dataarts.ErrAuthNoToken},
		{"ErrWorkspace", "", nil, func(c *dataarts.Config) { c.Workspace = "another" }, dataarts.ErrIllegalRequest},
		{"ErrCallerDisabled", "caller-disabled", nil, nil, dataarts.ErrAuthenticationFailed},
		{"ErrNoMember", "caller-role", mockserver.Params{"role": "none"}, nil, dataarts.ErrNoPermission},
		{"ErrPolicy", "caller-without-policy", nil, nil, dataarts.ErrIAMUserNotAuthorized},
		{"ErrThrottled", "gateway-condition", mockserver.Params{"error": "APIGW.0308"}, nil, dataarts.ErrThrottled},
		{"ErrBackend", "gateway-condition", mockserver.Params{"error": "APIGW.0201/504"}, nil, dataarts.ErrBackendTimeout},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			env := start(t, mockserver.WorldSetting{})
			if tt.state != "" {
				env.given(t, tt.state, tt.params)
			}
			c := env.client(t, func(c *dataarts.Config) {
				c.Retry = client.RetryPolicy{BaseDelay: 1, MaxDelay: 1}
				if tt.change != nil {
					tt.change(c)
				}
			})
			_, err := c.ListApprovers(t.Context(), dataarts.ListApproversRequest{})
			var e *dataarts.Error
			if !errors.Is(err, tt.want) || !errors.As(err, &e) || e.RequestID == "" {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if want := map[bool]int{true: 3, false: 1}[e.Retryable()]; e.Attempts != want {
				t.Errorf("%d attempts, want %d: %v", e.Attempts, want, err)
			}
		})
	}
}

// In a world that answers in the form that Terraform reads, an unknown workspace has its own code.
func TestWorkspaceNotFound(t *testing.T) {
	t.Parallel()
	for _, form := range []string{"errors", "both"} {
		env := start(t, mockserver.WorldSetting{Assumptions: map[string]string{"DA-002": form}})
		c := env.client(t, func(c *dataarts.Config) { c.Workspace = "another" })
		if _, err := c.ListApprovers(t.Context(), dataarts.ListApproversRequest{}); !errors.Is(err, dataarts.ErrWorkspaceNotFound) {
			t.Errorf("%s: got %v", form, err)
		}
	}
}

func TestBadParametersThroughTheFrontDoor(t *testing.T) {
	t.Parallel()
	env := start(t, mockserver.WorldSetting{})
	c := env.client(t, func(c *dataarts.Config) { c.SkipChecks = true })
	_, err := c.ListApprovers(t.Context(), dataarts.ListApproversRequest{Limit: new(101)})
	if !errors.Is(err, dataarts.ErrIllegalRequest) {
		t.Errorf("limit: %v", err)
	}
	_, err = c.CreateApprover(t.Context(), dataarts.CreateApproverRequest{ApproverName: "n"})
	var e *dataarts.Error
	if !errors.Is(err, dataarts.ErrIllegalRequest) || !errors.As(err, &e) || len(e.Data) == 0 {
		t.Errorf("user_id: %v", err)
	}
	if _, err = c.DeleteApprover(t.Context(), nil); !errors.Is(err, dataarts.ErrIllegalRequest) {
		t.Errorf("approver_ids: %v", err)
	}
}

// From a password to a token, from a region to a project, and on to the list.
func TestIAMThroughTheFrontDoor(t *testing.T) {
	t.Parallel()
	env := start(t, mockserver.WorldSetting{})
	iam, err := dataarts.NewIAM(dataarts.IAMConfig{Endpoint: env.URL, Credentials: env.keys()})
	if err != nil {
		t.Fatal(err)
	}
	project, err := iam.ProjectID(t.Context(), env.Region)
	if err != nil || project != env.ProjectID {
		t.Fatalf("project %q, %v", project, err)
	}
	r := dataarts.PasswordRequest{DomainName: env.Domain, UserName: env.UserName, Password: env.Password, ProjectID: project}
	token, err := iam.KeystoneCreateUserTokenByPassword(t.Context(), r)
	if err != nil || token.ProjectID != project || token.ExpiresAt.Sub(token.IssuedAt) != 24*time.Hour {
		t.Fatalf("token %+v, %v", token, err)
	}
	c := env.client(t, func(c *dataarts.Config) { c.Credentials = dataarts.Credentials{Token: token.Value} })
	if _, err := c.ListApprovers(t.Context(), dataarts.ListApproversRequest{}); err != nil {
		t.Errorf("with the token: %v", err)
	}
	r.Password += "x"
	if _, err := iam.KeystoneCreateUserTokenByPassword(t.Context(), r); !errors.Is(err, dataarts.ErrIAMUnauthorized) {
		t.Errorf("with a wrong password: %v", err)
	}
}

func TestTemporaryCredentialsThroughTheFrontDoor(t *testing.T) {
	t.Parallel()
	env := start(t, mockserver.WorldSetting{})
	told := env.given(t, "temporary-access-key", nil)
	creds := dataarts.Credentials{AccessKey: told["ak"].(string), SecretKey: client.Secret(told["sk"].(string)),
		SecurityToken: client.Secret(told["security_token"].(string))}
	c := env.client(t, func(c *dataarts.Config) { c.Credentials = creds })
	if _, err := c.ListApprovers(t.Context(), dataarts.ListApproversRequest{}); err != nil {
		t.Error(err)
	}
	creds.SecurityToken = ""
	c = env.client(t, func(c *dataarts.Config) { c.Credentials = creds })
	if _, err := c.ListApprovers(t.Context(), dataarts.ListApproversRequest{}); !errors.Is(err, dataarts.ErrAuthSecretKeyFailed) {
		t.Errorf("without the token: %v", err)
	}
}
