package sdktest

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/basic"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/config"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/region"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/sdkerr"
	dataartsstudio "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/dataartsstudio/v1"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/dataartsstudio/v1/model"
)

// dataartsClient is the SDK's client with the project told, at the world's server.
func dataartsClient(t *testing.T, env dataartsEnv) *dataartsstudio.DataArtsStudioClient {
	t.Helper()
	return dataartsstudio.NewDataArtsStudioClient(buildHuawei(t, credentials(env).WithProjectId(env.Project),
		core.NewHcHttpClientBuilder().WithEndpoint(env.URL).WithHttpConfig(httpConfig(t, env))))
}

// discoveringClient is told a region and finds its project by itself, when it is built.
func discoveringClient(t *testing.T, env dataartsEnv) (*dataartsstudio.DataArtsStudioClient, error) {
	t.Helper()
	c, err := credentials(env).WithIamEndpointOverride(env.URL).SafeBuild()
	if err != nil {
		t.Fatal(err)
	}
	client, err := core.NewHcHttpClientBuilder().WithRegion(region.NewRegion(env.Region, env.URL)).
		WithHttpConfig(httpConfig(t, env)).WithCredential(c).SafeBuild()
	if err != nil {
		return nil, err
	}
	return dataartsstudio.NewDataArtsStudioClient(client), nil
}

func credentials(env dataartsEnv) *basic.CredentialsBuilder {
	b := basic.NewCredentialsBuilder().WithAk(env.AK).WithSk(env.SK)
	if env.SecurityToken != "" {
		b.WithSecurityToken(env.SecurityToken)
	}
	return b
}

func buildHuawei(t *testing.T, b *basic.CredentialsBuilder, client *core.HcHttpClientBuilder) *core.HcHttpClient {
	t.Helper()
	c, err := b.SafeBuild()
	if err != nil {
		t.Fatal(err)
	}
	built, err := client.WithCredential(c).SafeBuild()
	if err != nil {
		t.Fatal(err)
	}
	return built
}

// httpConfig is the SDK's default with a transport of the test's own.
func httpConfig(t *testing.T, env dataartsEnv) *config.HttpConfig {
	t.Helper()
	return config.DefaultHttpConfig().WithHttpRoundTripper(carrier(t, env.via))
}

// temporary are the same user's credentials with a security token.
func (w *world) temporaryDataarts(t *testing.T) dataartsEnv {
	t.Helper()
	made := w.state(t, "temporary-access-key", nil)
	env := w.dataarts
	env.AK, env.SK, env.SecurityToken = made["ak"], made["sk"], made["security_token"]
	return env
}

func createApprover(c *dataartsstudio.DataArtsStudioClient, workspace string, body model.ApproverParam) (*model.ApproverVo, error) {
	reply, err := c.CreateApprover(&model.CreateApproverRequest{Workspace: workspace, Body: &body})
	if err != nil {
		return nil, err
	}
	if reply.HttpStatusCode != http.StatusOK || reply.Data == nil || reply.Data.Value == nil {
		return nil, fmt.Errorf("status %d, %v", reply.HttpStatusCode, reply)
	}
	return reply.Data.Value, nil
}

// listed is one page of a list.
type listed struct {
	total   int32
	records []model.ApproverVo
}

func (l listed) names() []string {
	names := make([]string, len(l.records))
	for i, r := range l.records {
		names[i] = *r.ApproverName
	}
	return names
}

func listApprovers(c *dataartsstudio.DataArtsStudioClient, r *model.ListApproversRequest) (listed, error) {
	reply, err := c.ListApprovers(r)
	if err != nil {
		return listed{}, err
	}
	if reply.Data == nil || reply.Data.Value == nil || reply.Data.Value.Total == nil || reply.Data.Value.Records == nil {
		return listed{}, fmt.Errorf("incomplete reply %v", reply)
	}
	return listed{*reply.Data.Value.Total, *reply.Data.Value.Records}, nil
}

func deleteApprover(c *dataartsstudio.DataArtsStudioClient, workspace, ids string) (int32, error) {
	reply, err := c.DeleteApprover(&model.DeleteApproverRequest{Workspace: workspace, ApproverIds: ids})
	if err != nil {
		return 0, err
	}
	if reply.Data == nil || reply.Data.Value == nil {
		return 0, fmt.Errorf("incomplete reply %v", reply)
	}
	return *reply.Data.Value, nil
}

// wantServiceError holds an error to what the SDK makes of a refusal, request id included.
func wantServiceError(t *testing.T, err error, status int, code, message string) {
	t.Helper()
	var got *sdkerr.ServiceResponseError
	if !errors.As(err, &got) {
		t.Fatalf("got %T %v, want a *sdkerr.ServiceResponseError with status %d", err, err, status)
	}
	if got.StatusCode != status || got.ErrorCode != code || got.ErrorMessage != message {
		t.Errorf("got %d %q %q, want %d %q %q", got.StatusCode, got.ErrorCode, got.ErrorMessage, status, code, message)
	}
	if len(got.RequestId) != 32 {
		t.Errorf("request id %q, want 32 digits", got.RequestId)
	}
}

func ptr[T any](v T) *T { return &v }
