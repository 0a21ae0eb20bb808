// Command quickbi decides an application twice, through Alibaba Cloud's SDK. It reads what `countersign env` prints.
package main

import (
	"fmt"
	"os"
	"strings"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	"github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/alibabacloud-go/tea/dara"
)

func main() {
	endpoint := strings.TrimPrefix(os.Getenv("COUNTERSIGN_QUICKBI_URL"), "http://")
	application, _, _ := strings.Cut(os.Getenv("COUNTERSIGN_QUICKBI_OPEN_APPLICATION_IDS"), ",")
	client, err := openapi.NewClient(&utils.Config{
		AccessKeyId:     dara.String(os.Getenv("ALIBABA_CLOUD_ACCESS_KEY_ID")),
		AccessKeySecret: dara.String(os.Getenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET")),
		Endpoint:        &endpoint, Protocol: dara.String("HTTP"),
	})
	if err != nil {
		panic(err)
	}
	operation := &utils.Params{Action: dara.String("ResultCallback"), Version: dara.String("2022-01-01"),
		Method: dara.String("POST"), Pathname: dara.String("/"), Style: dara.String("RPC"), AuthType: dara.String("AK"),
		Protocol: dara.String("HTTP"), ReqBodyType: dara.String("formData"), BodyType: dara.String("json")}
	for range 2 {
		reply, err := client.CallApi(operation, &utils.OpenApiRequest{Query: utils.Query(map[string]any{
			"ApplicationId": application, "Status": 1, "HandleReason": "part of the analysts' team"})}, &dara.RuntimeOptions{})
		fmt.Println(reply["body"], err) // the second time: Application.RecordClosed
	}
}
