package sdktest

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/countersign/countersign/mockserver"
)

// TestTour runs the programs that the README shows.
func TestTour(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]string{
		"quickbi":  {"Success:true", "Application.RecordClosed"},
		"dataarts": {`"approver_name":"tour"`, `"total":1`},
		"wps":      {"\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, mockserver.WorldSetting{})
			cmd := exec.CommandContext(t.Context(), "go", "run", "./tour/"+name)
			cmd.Env = append(os.Environ(), "CGO_ENABLED=0", // as go vet has compiled it
				"COUNTERSIGN_QUICKBI_URL="+serverURL, "COUNTERSIGN_QUICKBI_OPEN_APPLICATION_IDS="+strings.Join(w.quickbi.OpenApplications, ","),
				"ALIBABA_CLOUD_ACCESS_KEY_ID="+w.quickbi.AccessKeyID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET="+w.quickbi.AccessKeySecret,
				"COUNTERSIGN_DATAARTS_URL="+serverURL, "COUNTERSIGN_DATAARTS_WORKSPACE="+w.dataarts.Workspace,
				"COUNTERSIGN_DATAARTS_MEMBER_USER_IDS="+strings.Join(w.dataarts.Members, ","),
				"HUAWEICLOUD_SDK_AK="+w.dataarts.AK, "HUAWEICLOUD_SDK_SK="+w.dataarts.SK, "HUAWEICLOUD_SDK_PROJECT_ID="+w.dataarts.Project,
				"COUNTERSIGN_WPS_URL="+serverURL, "COUNTERSIGN_WPS_APP_ID="+w.wps.AppID, "COUNTERSIGN_WPS_APP_KEY="+w.wps.AppKey,
				"COUNTERSIGN_WPS_ACCESS_TOKEN="+w.wps.AccessToken)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			for _, text := range want {
				if !strings.Contains(string(out), text) {
					t.Errorf("does not print %q:\n%s", text, out)
				}
			}
			if lines := strings.Count(string(out), "\n"); name == "wps" && lines < 37 {
				t.Errorf("prints %d definitions, want them all:\n%s", lines, out)
			}
		})
	}
}
