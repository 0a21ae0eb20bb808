package quickbi

import (
	"time"

	"github.com/countersign/countersign/mockserver"
)

// caller is who a call comes from.
type caller struct {
	*User
	organization *Organization
}

// whoCalls finds the user behind the access key, nil if Quick BI does not know him, and his organization, nil if it no
// longer exists.
func whoCalls(c *mockserver.Call) (*User, *Organization) {
	u, err := users.Get(c.Tx, sessionOf(c).key.UserID)
	if err != nil || u.NeverLoggedOn {
		return nil, nil
	}
	o, err := organizations.Get(c.Tx, u.OrganizationID)
	if err != nil || o.Dissolved {
		return u, nil
	}
	return u, o
}

// mayCall finds the caller of ResultCallback and refuses one who may not call the API. The order is QB-022.
func mayCall(c *mockserver.Call) (*caller, error) {
	u, o := whoCalls(c)
	if u == nil {
		return nil, c.Refuse(errAPIUserNotExists).Because("the owner of the access key is no user of Quick BI")
	}
	person := func() *mockserver.Refusal { return checkPerson(c, u) }
	organization := func() *mockserver.Refusal { return checkOrganization(c, u, o) }
	membership := func() *mockserver.Refusal { return checkMembership(c, u) }
	instance := func() *mockserver.Refusal { return checkInstance(c, o) }
	order := []func() *mockserver.Refusal{person, organization, membership, instance}
	if c.Switch("QB-022") == "instance-first" {
		order = []func() *mockserver.Refusal{organization, instance, person, membership}
	}
	for _, check := range order {
		if r := check(); r != nil {
			return nil, r
		}
	}
	if !u.Administrator && !u.APIAuthorized {
		return nil, c.Refuse(errNotAPICallUser).Because("user %s is neither an administrator nor authorized for API calls", u.ID)
	}
	return &caller{u, o}, nil
}

func checkPerson(c *mockserver.Call, u *User) *mockserver.Refusal {
	if u.IncompleteProfile {
		return c.Refuse(errUserInfo).Because("the profile of user %s is incomplete", u.ID)
	}
	return nil
}

func checkOrganization(c *mockserver.Call, u *User, o *Organization) *mockserver.Refusal {
	if o == nil {
		return c.Refuse(errInvalidOrganization).Because("organization %s is gone", u.OrganizationID)
	}
	return nil
}

func checkMembership(c *mockserver.Call, u *User) *mockserver.Refusal {
	if u.FormerMember {
		return c.Refuse(errNotInOrganization).Because("user %s is in no organization", u.ID)
	}
	return nil
}

func checkInstance(c *mockserver.Call, o *Organization) *mockserver.Refusal {
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
