package dataarts

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/store"
)

// enter goes through what the three operations have in common: project header, workspace, the caller's membership.
func enter(c *mockserver.Call) (*caller, error) {
	who := c.Caller.(*caller)
	if err := checkProjectHeader(c, who); err != nil {
		return nil, err
	}
	id, _ := c.Text("workspace")
	k := knownIn(c)
	if was := k.place(c.Tx, who, id); was != nil {
		who.workspace, who.member = was.workspace, was.member
		return who, nil
	}
	w, err := first(c.Tx, workspaces, "by_id", who.project.Key, id)
	if err != nil {
		return nil, err
	}
	if w == nil {
		return nil, c.Refuse(errWorkspace).At("workspace").Because("the project has no workspace %q", clip(id))
	}
	who.workspace = w
	if who.member, err = memberOf(c.Tx, w.Key, who.user.Key); err == nil {
		k.enter(c.Tx, who)
	}
	return who, err
}

// checkProjectHeader holds X-Project-Id against the project of the path (DA-031), and asks for it where a signed
// request of an account with several projects in the region lacks it (DA-020).
func checkProjectHeader(c *mockserver.Call, who *caller) error {
	id, sent := c.Text(headerProjectID)
	switch {
	case sent && id != who.project.ID && c.Switch("DA-031") == "refuse":
		return c.Refuse(errProject).At(headerProjectID).Because("X-Project-Id is not the project of the path")
	case sent || who.token != nil || c.Switch("DA-020") == "ignore":
		return nil
	}
	n, err := projects.CountOf(c.Tx, "by_region", who.project.Domain, who.project.Region)
	if err == nil && n > 1 {
		return c.Refuse(errProjectHeader).At(headerProjectID).
			Because("the account has %d projects in %s, so a signed request must name its own in X-Project-Id", n, who.project.Region)
	}
	return err
}

// enterAsAdmin is enter for operations that ask for an administrator (DA-022).
func enterAsAdmin(c *mockserver.Call) (*caller, error) {
	who, err := enter(c)
	if err != nil || c.Switch("DA-022") == "off" {
		return who, err
	}
	if who.member == nil || who.member.Role != roleAdmin {
		return nil, c.Refuse(errAdmin).Because("%s is not an administrator of the workspace", who.user.Name)
	}
	return who, nil
}

// approverParam is the body of a create request.
type approverParam struct {
	AppName      *string `json:"app_name"`
	ApproverName string  `json:"approver_name"`
	UserID       string  `json:"user_id"`
	Email        string  `json:"email"`
	PhoneNumber  string  `json:"phone_number"`
	EmailNotify  *bool   `json:"email_notify"`
	SMSNotify    *bool   `json:"sms_notify"`
}

// createApprover registers a member of the workspace as an approver. Success is 200, not 201.
// https://support.huaweicloud.com/intl/en-us/api-dataartsstudio/CreateApprover.html
func createApprover(c *mockserver.Call) (any, error) {
	who, err := enterAsAdmin(c)
	if err != nil {
		return nil, err
	}
	in := &mockserver.MemoryOf[memory](c).body
	*in = approverParam{} // a handler may be run again
	if err := c.BindBody(in); err != nil {
		return nil, err
	}
	if err := checkCandidate(c, who, in); err != nil {
		return nil, err
	}
	if err := checkDuplicate(c, who, in.UserID); err != nil {
		return nil, err
	}
	a := newApprover(c, who, in)
	if err := add(c.Tx, a); err != nil {
		return nil, err
	}
	v := newViewer(c, who, created)
	l, err := v.look(a)
	return &createReply{a, l}, err
}

// createReply shows the approver who was created.
type createReply struct {
	record *Approver
	look   look
}

// AppendJSON appends the approver in the envelope of the service.
func (r *createReply) AppendJSON(b []byte) []byte {
	return append(r.look.AppendRecord(append(b, dataHead...), r.record), dataTail...)
}

// checkCandidate wants the user to be a member of the workspace who may approve.
func checkCandidate(c *mockserver.Call, who *caller, in *approverParam) error {
	u, err := first(c.Tx, users, "by_id", in.UserID)
	if err != nil {
		return err
	}
	if u == nil {
		return c.Refuse(errMember).At("user_id").Because("there is no user with this id")
	}
	m, err := memberOf(c.Tx, who.workspace.Key, u.Key)
	switch {
	case err != nil:
		return err
	case m == nil:
		return c.Refuse(errMember).At("user_id").Because("the user is not a member of the workspace")
	case !mayApprove(m):
		return c.Refuse(errRole).At("user_id").Because("the member is neither administrator nor developer and his role may not approve")
	case u.Name != in.ApproverName && c.Switch("DA-009") == "refuse":
		return c.Refuse(errMember).At("approver_name").Because("the member with this user_id has another name")
	case u.Name != in.ApproverName:
		c.Warn("approver_name is not the name of the member with this user_id (DA-009)")
	}
	return nil
}

// mayApprove reports whether a member may be made an approver.
func mayApprove(m *Member) bool {
	return m.Role == roleAdmin || m.Role == roleDeveloper || m.MayApprove
}

// checkDuplicate is DA-014.
func checkDuplicate(c *mockserver.Call, who *caller, userID string) error {
	if c.Switch("DA-014") == "allow" {
		return nil
	}
	there, err := first(c.Tx, approvers, byUser, who.workspace.Key, userID)
	if err == nil && there != nil {
		return c.Refuse(errDuplicate).At("user_id").Because("the user is approver %s of the workspace already", there.ID)
	}
	return err
}

// firstID comes just before the id of the documented example, which is the first that a world gives out.
const firstID = 42820

// add gives an approver an id that no other has and that lies behind all of the workspace, which lists show in the order of
// their ids: a world file may have brought any.
func add(tx *store.Tx, a *Approver) error {
	n, err := tx.Sequence("approvers")
	if err != nil {
		return err
	}
	next := n
	if last, err := approvers.LastOf(tx, byCreation, a.Workspace); err == nil {
		next = max(next, last.number()-firstID+1)
	} else if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	for ; ; next++ {
		a.ID = strconv.FormatInt(firstID+next, 10)
		if err := approvers.Add(tx, a); isTaken(err) {
			continue
		} else if err != nil || next == n {
			return err
		}
		return tx.SetSequence("approvers", next)
	}
}

// isTaken says that an id is another record's.
func isTaken(err error) bool {
	if err == nil {
		return false
	}
	var taken *store.DuplicateError
	return errors.As(err, &taken) && taken.Index == store.PrimaryIndex
}

// newApprover makes an approver of what was asked for, without an id.
func newApprover(c *mockserver.Call, who *caller, in *approverParam) *Approver {
	byDefault := c.Switch("DA-027") == "true"
	return &Approver{
		Workspace: who.workspace.Key,
		Name:      in.ApproverName,
		UserID:    in.UserID,
		Email:     in.Email,
		Phone:     in.PhoneNumber,
		App:       appName(c, in.AppName),
		Creator:   who.user.Key,
		Created:   unixTime(c.Now().Unix()),
		NoEmail:   !given(in.EmailNotify, byDefault),
		NoSMS:     !given(in.SMSNotify, byDefault),
	}
}

func given(b *bool, otherwise bool) bool {
	if b == nil {
		return otherwise
	}
	return *b
}

// defaultApp is the app_name of approvers that were created without one.
const defaultApp = "dlg_ds"

// appName is DA-005.
func appName(c *mockserver.Call, sent *string) string {
	switch {
	case sent == nil || *sent == "":
		return defaultApp
	case c.Switch("DA-005") == "verbatim":
		return *sent
	}
	return strings.ReplaceAll(*sent, "-", "_")
}

// deleteApprover deletes approvers by record id and answers how many there were.
// https://support.huaweicloud.com/intl/pt-br/api-dataartsstudio/DeleteApprover.html
func deleteApprover(c *mockserver.Call) (any, error) {
	who, err := enterAsAdmin(c)
	if err != nil {
		return nil, err
	}
	text, _ := c.Text("approver_ids")
	deleted := 0
	for _, id := range idList(c, text) {
		a, err := get(c.Tx, approvers, id)
		if err != nil {
			return nil, err
		}
		if a == nil || a.Workspace != who.workspace.Key {
			if c.Switch("DA-015") == "refuse" {
				return nil, c.Refuse(errApprover).At("approver_ids").Because("the workspace has no approver %q", clip(id))
			}
			continue
		}
		if err := approvers.Delete(c.Tx, id); err != nil {
			return nil, err
		}
		deleted++
	}
	return deleteReply(deleted), nil
}

// deleteReply is how many approvers were deleted.
type deleteReply int

// AppendJSON appends the number in the envelope of the service.
func (r deleteReply) AppendJSON(b []byte) []byte {
	return append(appendInt(append(b, dataHead...), int(r)), dataTail...)
}

// idList is DA-016: ids separated by commas, blanks around them ignored, each once.
func idList(c *mockserver.Call, text string) []string {
	if c.Switch("DA-016") == "single" {
		return []string{text}
	}
	var ids []string
	seen := map[string]bool{}
	for _, id := range strings.Split(text, ",") {
		if id = strings.TrimSpace(id); id != "" && !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	return slices.Clip(ids)
}
