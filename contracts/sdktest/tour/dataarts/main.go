// Command dataarts registers a member as an approver and lists the approvers, through Huawei Cloud's SDK. It reads what
// `countersign env` prints.
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/basic"
	dataartsstudio "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/dataartsstudio/v1"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/dataartsstudio/v1/model"
)

func main() {
	workspace := os.Getenv("COUNTERSIGN_DATAARTS_WORKSPACE")
	members := strings.Split(os.Getenv("COUNTERSIGN_DATAARTS_MEMBER_USER_IDS"), ",")
	client := dataartsstudio.NewDataArtsStudioClient(dataartsstudio.DataArtsStudioClientBuilder().
		WithEndpoints([]string{os.Getenv("COUNTERSIGN_DATAARTS_URL")}).
		WithCredential(basic.NewCredentialsBuilder().WithAk(os.Getenv("HUAWEICLOUD_SDK_AK")).
			WithSk(os.Getenv("HUAWEICLOUD_SDK_SK")).WithProjectId(os.Getenv("HUAWEICLOUD_SDK_PROJECT_ID")).Build()).Build())

	created, err := client.CreateApprover(&model.CreateApproverRequest{Workspace: workspace,
		Body: &model.ApproverParam{ApproverName: "tour", UserId: members[len(members)-1]}})
	fmt.Println(created, err) // the second run: 400, the same user twice

	limit := int32(2)
	page, err := client.ListApprovers(&model.ListApproversRequest{Workspace: workspace, Limit: &limit})
	fmt.Println(page, err)
}
