package quickbi

import (
	"time"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/store"
)

// caller is who a call comes from.
type caller struct {
	*User
	// organization is nil if it no longer exists.
	organization *Organization
}

// whoCalls finds the user behind the access key, and reports whether Quick BI knows him.
func whoCalls(c *mockserver.Call) (who caller, known bool) {
	s := sessionOf(c)
	if s.was != nil && s.was.counts(c.Tx) { // the handler's transaction may see what has changed since
		return s.was.who, true
	}
	return callerWith(c.Tx, s.key)
}

func callerWith(tx *store.Tx, key *AccessKey) (who caller, known bool) {
	u, err := users.Get(tx, key.UserID)
	if err != nil || u.NeverLoggedOn {
		return caller{}, false
	}
	o, err := organizations.Get(tx, u.OrganizationID)
	if err != nil || o.Dissolved {
		o = nil
	}
	return caller{u, o}, true
}

// callerCheck refuses a caller for one reason.
type callerCheck func(*mockserver.Call, caller) *mockserver.Refusal

// The orders in which a caller is looked at (QB-022).
var (
	personFirst   = [...]callerCheck{checkPerson, checkOrganization, checkMembership, checkInstance}
	instanceFirst = [...]callerCheck{checkOrganization, checkInstance, checkPerson, checkMembership}
)

// mayCall finds the caller of ResultCallback and refuses one who may not call the API.
func mayCall(c *mockserver.Call) (caller, error) {
	who, known := whoCalls(c)
	if !known {
		return who, c.Refuse(errAPIUserNotExists).Because("the owner of the access key is no user of Quick BI")
	}
	order := &personFirst
	if c.Switch("QB-022") == "instance-first" {
		order = &instanceFirst
	}
	for _, check := range order {
		if r := check(c, who); r != nil {
			return who, r
		}
	}
	if !who.Administrator && !who.APIAuthorized {
		return who, c.Refuse(errNotAPICallUser).Because("user %s is neither an administrator nor authorized for API calls", who.ID)
	}
	return who, nil
}

func checkPerson(c *mockserver.Call, who caller) *mockserver.Refusal {
	if who.IncompleteProfile {
		return c.Refuse(errUserInfo).Because("the profile of user %s is incomplete", who.ID)
	}
	return nil
}

func checkOrganization(c *mockserver.Call, who caller) *mockserver.Refusal {
	if who.organization == nil {
		return c.Refuse(errInvalidOrganization).Because("organization %s is gone", who.OrganizationID)
	}
	return nil
}

func checkMembership(c *mockserver.Call, who caller) *mockserver.Refusal {
	if who.FormerMember {
		return c.Refuse(errNotInOrganization).Because("user %s is in no organization", who.ID)
	}
	return nil
}

func checkInstance(c *mockserver.Call, who caller) *mockserver.Refusal {
	o := who.organization
	switch {
	case o.Instance == nil:
		return c.Refuse(errInstanceNotExist).Because("organization %s has no instance", o.ID)
	case !o.runs(c.Now()):
		return c.Refuse(errInstanceExpired).Because("the instance of organization %s has expired", o.ID)
	case o.Instance.Edition != professional:
		return c.Refuse(errAccessForbidden).Because("the instance of organization %s is of the %s edition", o.ID, o.Instance.Edition)
	}
	return nil
}

// runs reports whether the organization has an instance that has not expired.
func (o *Organization) runs(now time.Time) bool {
	return o.Instance != nil && now.UnixMilli() < o.Instance.ExpiresAt
}

// professional is the edition that the API needs.
const professional = "professional"
