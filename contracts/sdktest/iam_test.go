package sdktest

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/global"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/region"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/sdkerr"
	iam "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/iam/v3"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/iam/v3/model"

	"github.com/countersign/countersign/mockserver"
)

// iamClient is the SDK's client for IAM with global credentials, which find the account by GET /v3/auth/domains.
func iamClient(t *testing.T, env dataartsEnv) *iam.IamClient {
	t.Helper()
	c, err := global.NewCredentialsBuilder().WithAk(env.AK).WithSk(env.SK).WithIamEndpointOverride(env.URL).SafeBuild()
	if err != nil {
		t.Fatal(err)
	}
	client, err := core.NewHcHttpClientBuilder().WithCredentialsType("global.Credentials").
		WithRegion(region.NewRegion(env.Region, env.URL)).WithHttpConfig(httpConfig(t, env)).WithCredential(c).SafeBuild()
	if err != nil {
		t.Fatal(err)
	}
	if c.DomainId == "" {
		t.Error("the account was not found")
	}
	return iam.NewIamClient(client)
}

// passwordRequest asks for a token for the world's project.
func passwordRequest(env dataartsEnv) *model.KeystoneCreateUserTokenByPasswordRequest {
	return &model.KeystoneCreateUserTokenByPasswordRequest{Body: &model.KeystoneCreateUserTokenByPasswordRequestBody{Auth: &model.PwdAuth{
		Identity: &model.PwdIdentity{
			Methods: []model.PwdIdentityMethods{model.GetPwdIdentityMethodsEnum().PASSWORD},
			Password: &model.PwdPassword{User: &model.PwdPasswordUser{Name: env.User, Password: env.Password,
				Domain: &model.PwdPasswordUserDomain{Name: env.Domain}}},
		},
		Scope: &model.AuthScope{Project: &model.AuthScopeProject{Id: &env.Project}},
	}}}
}

// A token from IAM is good for DataArts, beside the ready-made one.
func TestIAMToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mockserver.WorldSetting{})
	w.state(t, "approvers-exist", nil)
	reply, err := iamClient(t, w.dataarts).KeystoneCreateUserTokenByPassword(passwordRequest(w.dataarts))
	if err != nil {
		t.Fatal(err)
	}
	if reply.HttpStatusCode != http.StatusCreated || reply.XSubjectToken == nil || reply.Token == nil {
		t.Fatalf("status %d, %v", reply.HttpStatusCode, reply)
	}
	if p := reply.Token.Project; p == nil || p.Id != w.dataarts.Project || reply.Token.User.Name != w.dataarts.User {
		t.Errorf("token is for %v", reply.Token)
	}
	for _, token := range []string{*reply.XSubjectToken, w.dataarts.Token} {
		status, body := listWithToken(t, w.dataarts, token)
		if status != http.StatusOK || !strings.Contains(body, `"total":3`) {
			t.Errorf("%d %s", status, body)
		}
	}
	status, body := listWithToken(t, w.dataarts, "never-issued")
	if status != http.StatusUnauthorized || !strings.Contains(body, "decrypt token fail") {
		t.Errorf("unknown token: %d %s", status, body)
	}
}

func listWithToken(t *testing.T, env dataartsEnv, token string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, env.URL+"/v2/"+env.Project+"/design/approvals/users", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Auth-Token", token)
	r.Header.Set("workspace", env.Workspace)
	return send(t, env.via, r)
}

// The SDK does not read the numeric code of IAM's own errors: status and text are what remains.
func TestIAMWrongPassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mockserver.WorldSetting{})
	c := iamClient(t, w.dataarts)
	w.dataarts.Password = "wrong"
	_, err := c.KeystoneCreateUserTokenByPassword(passwordRequest(w.dataarts))
	var got *sdkerr.ServiceResponseError
	if !errors.As(err, &got) || got.StatusCode != http.StatusUnauthorized || !strings.Contains(got.ErrorMessage, "The username or password is wrong.") {
		t.Errorf("got %v", err)
	}
}

func TestIAMProjects(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mockserver.WorldSetting{})
	c := iamClient(t, w.dataarts)
	reply, err := c.KeystoneListProjects(&model.KeystoneListProjectsRequest{Name: &w.dataarts.Region})
	if err != nil {
		t.Fatal(err)
	}
	if reply.Projects == nil || len(*reply.Projects) != 1 || (*reply.Projects)[0].Id != w.dataarts.Project {
		t.Errorf("projects of %s: %v", w.dataarts.Region, reply.Projects)
	}
	none, err := c.KeystoneListProjects(&model.KeystoneListProjectsRequest{Name: ptr("no-such-region")})
	if err != nil || none.Projects == nil || len(*none.Projects) != 0 {
		t.Errorf("projects of no region: %v, %v", none, err)
	}
}

// Where the project cannot be found, the SDK says so while the client is built.
func TestProjectDiscoveryFails(t *testing.T) {
	t.Parallel()
	t.Run("NoSuchRegion", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, mockserver.WorldSetting{})
		w.dataarts.Region = "no-such-region"
		if _, err := discoveringClient(t, w.dataarts); err == nil || !strings.Contains(err.Error(), "confirm that the project exists") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("WrongSecret", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, mockserver.WorldSetting{})
		w.dataarts.SK = "wrong"
		if _, err := discoveringClient(t, w.dataarts); err == nil || !strings.Contains(err.Error(), "APIGW.0301") {
			t.Errorf("got %v", err)
		}
	})
}
