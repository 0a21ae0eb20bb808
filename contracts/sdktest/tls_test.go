package sdktest

import (
	"encoding/pem"
	"net/http/httptest"
	"testing"

	"github.com/alibabacloud-go/tea/dara"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/dataartsstudio/v1/model"

	"github.com/countersign/countersign/mockserver"
)

// SmartqAuthorize is documented for HTTPS only, and generated SDKs choose HTTPS unless told otherwise.
func TestHTTPS(t *testing.T) {
	t.Parallel()
	front := httptest.NewTLSServer(server.Handler())
	t.Cleanup(front.Close)
	w := newWorld(t, mockserver.WorldSetting{Assumptions: map[string]string{"QB-010": "refuse"}})
	t.Run("Darabonba", func(t *testing.T) {
		overHTTP := darabonba(v3, "POST", inQuery)(t, w.quickbi)
		_, err := overHTTP(t, "SmartqAuthorize", w.grant())
		wantRefused(t, err, 400, "InvalidProtocol.NeedSsl", "Your request is denied as lack of ssl protect.")
		env := w.quickbi
		env.URL = front.URL
		client := darabonbaClient(t, env, v3)
		client.Protocol, client.HttpClient = dara.String("HTTPS"), nil // the SDK's own, which knows about certificates
		client.Ca = dara.String(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: front.Certificate().Raw})))
		reply, callErr := client.CallApi(rpc("SmartqAuthorize", "POST"), business(inQuery, w.grant()), &dara.RuntimeOptions{})
		if callErr != nil {
			t.Fatal(callErr)
		}
		wantDone(t, plain(t, reply["body"]), nil)
	})
	t.Run("Huawei", func(t *testing.T) {
		env := w.dataarts
		env.URL, env.via = front.URL, front.Client().Transport
		c := dataartsClient(t, env)
		if page, err := listApprovers(c, &model.ListApproversRequest{Workspace: w.dataarts.Workspace}); err != nil || page.total != 0 {
			t.Errorf("%+v, %v", page, err)
		}
	})
}
