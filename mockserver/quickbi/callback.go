package quickbi

import (
	"errors"
	"fmt"
	"slices"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/store"
)

// resultCallback closes a pending application.
//
// The newer pages list only two of its eighteen error codes; the others are those of the older page.
//
// https://help.aliyun.com/zh/quick-bi/developer-reference/api-quickbi-public-2022-01-01-resultcallback
func resultCallback(c *mockserver.Call) (any, error) {
	who, err := mayCall(c)
	if err != nil {
		return nil, err
	}
	id, _ := c.Text("ApplicationId")
	reason, _ := c.Text("HandleReason")
	status, _ := c.Int("Status")
	app, err := findApplication(c, who, id)
	if err != nil {
		return nil, err
	}
	if again, err := mayDecide(c, deciding{app, who}, int(status)); again || err != nil {
		return true, err
	}
	return true, decide(c, who, *app, int(status), reason)
}

func findApplication(c *mockserver.Call, who caller, id string) (*Application, error) {
	app, err := applications.Get(c.Tx, id)
	switch {
	case errors.Is(err, store.ErrNotFound) || err == nil && app.OrganizationID != who.OrganizationID:
		return nil, c.Refuse(errApplicationNotExist).Because("organization %s has no application %s", who.OrganizationID, id)
	case err != nil:
		return nil, err
	case app.State == stateBroken:
		return nil, c.Refuse(errSystem).Because("the record of application %s is marked as broken", id)
	}
	return app, nil
}

// deciding is an application that somebody wants to decide.
type deciding struct {
	*Application
	who caller
}

// decisionCheck refuses a decision for one reason.
type decisionCheck func(*mockserver.Call, deciding) *mockserver.Refusal

// The orders in which a decision is looked at (QB-034).
var (
	recordFirst     = [...]decisionCheck{checkRecord, checkAdministrator}
	permissionFirst = [...]decisionCheck{checkAdministrator, checkRecord}
)

// mayDecide checks the application. again reports that it was decided in the same way and that this counts as success
// (QB-033).
func mayDecide(c *mockserver.Call, app deciding, status int) (again bool, err error) {
	order := &recordFirst
	if c.Switch("QB-034") == "permission-first" {
		order = &permissionFirst
	}
	if c.Switch("QB-033") == "same-is-success" && app.FlagStatus == status {
		return true, nil
	}
	for _, check := range order {
		if r := check(c, app); r != nil {
			return false, r
		}
	}
	return false, nil
}

func checkRecord(c *mockserver.Call, app deciding) *mockserver.Refusal {
	if app.FlagStatus != inReview {
		was := app.Application
		return c.Refuse(errRecordClosed).BecauseLater(func() string {
			return fmt.Sprintf("application %s is closed with status %d", was.ID, was.FlagStatus)
		})
	}
	if r, err := resources.Get(c.Tx, app.ResourceID); err != nil || r.Deleted {
		return c.Refuse(errObjectNotExist).Because("resource %s has been deleted", app.ResourceID)
	}
	return nil
}

// checkAdministrator asks for the administrator that the application wants (QB-035).
func checkAdministrator(c *mockserver.Call, app deciding) *mockserver.Refusal {
	if c.Switch("QB-035") == "none" {
		return nil
	}
	switch app.Wants {
	case wantsOrganizationAdmin:
		if !app.who.Administrator {
			return c.Refuse(errInvalidUserAdmin).Because("application %s wants an administrator of the organization", app.ID)
		}
	case wantsWorkspaceAdmin:
		if !administratesWorkspace(c, app.who.ID, app.Application) {
			return c.Refuse(errNotWorkspaceAdmin).Because("application %s wants an administrator of its workspace", app.ID)
		}
	}
	return nil
}

func administratesWorkspace(c *mockserver.Call, user string, app *Application) bool {
	r, err := resources.Get(c.Tx, app.ResourceID)
	if err != nil {
		return false
	}
	w, err := workspaces.Get(c.Tx, r.WorkspaceID)
	return err == nil && slices.Contains(w.Administrators, user)
}

func decide(c *mockserver.Call, who caller, app Application, status int, reason string) error {
	app.FlagStatus, app.HandleReason, app.ApproverID, app.GmtModified = status, reason, who.ID, c.Now().UnixMilli()
	if err := applications.Put(c.Tx, &app); err != nil {
		return err
	}
	action := "approve"
	if status == rejected {
		action = "reject"
	}
	return audit(c, &AuditRecord{Action: action, ActorID: who.ID, ApplicationID: app.ID, UserID: app.ApplicantID})
}

// audit numbers and dates a record and puts it into the audit log.
func audit(c *mockserver.Call, r *AuditRecord) error {
	n, err := c.Tx.Sequence("audit")
	if err != nil {
		return err
	}
	r.Number, r.RequestID, r.At = n, c.RequestID, c.Now().UnixMilli()
	return auditLog.Put(c.Tx, r)
}
