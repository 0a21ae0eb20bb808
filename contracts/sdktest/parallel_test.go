package sdktest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/dataartsstudio/v1/model"

	"github.com/countersign/countersign/mockserver"
)

// manyTests is how many tests run side by side, each in a world of its own on the one server.
const manyTests = 200

// Tests that share a server, each with a world of its own, never meet: the SDKs have nothing but the credentials that
// `env` answers. Every one registers an approver, decides the same application and pages through its definitions; what
// another one did would show in each of them.
func TestManyParallelTestsNeverMeet(t *testing.T) {
	t.Parallel()
	base := newWorld(t, mockserver.WorldSetting{Name: "parallel-base"})
	want := len(ksoClient(base.wps).all(t, 30))
	for i := range manyTests {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			alone(t, ownWorld(t, i), i, want)
		})
	}
}

// ownWorld makes test i's world: every other one is a fork.
func ownWorld(t *testing.T, i int) *world {
	t.Helper()
	if i%2 == 0 {
		return newWorld(t, mockserver.WorldSetting{})
	}
	w, err := server.ForkWorld(t.Context(), mockserver.DefaultWorld, "")
	if err != nil {
		t.Fatal(err)
	}
	return opened(t, w)
}

// alone does with each SDK what only the first one in a world can do.
func alone(t *testing.T, w *world, i, definitions int) {
	t.Helper()
	c := dataartsClient(t, w.dataarts)
	name := fmt.Sprint("approver-", i)
	if _, err := createApprover(c, w.dataarts.Workspace, model.ApproverParam{ApproverName: name, UserId: w.dataarts.Members[0]}); err != nil {
		t.Fatal(err)
	}
	page, err := listApprovers(c, &model.ListApproversRequest{Workspace: w.dataarts.Workspace})
	if err != nil || !slices.Equal(page.names(), []string{name}) {
		t.Errorf("listed %v, %v; want %s alone", page.names(), err, name)
	}
	call := darabonba(v3, "POST", "query")(t, w.quickbi)
	reply, refused := call(t, "ResultCallback", decision(w.quickbi.OpenApplications[0], fmt.Sprint(1+i%2)))
	wantDone(t, reply, refused)
	if got := w.application(t, w.quickbi.OpenApplications[0])["flag_status"]; got != float64(1+i%2) {
		t.Errorf("the application has the status %v, want %d", got, 1+i%2)
	}
	if got := len(ksoClient(w.wps).all(t, 30)); got != definitions {
		t.Errorf("%d definitions, want %d", got, definitions)
	}
}
