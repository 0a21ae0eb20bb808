package quickbi

import (
	"errors"
	"time"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/store"
)

// What has expired in a provider state expired on 2020-01-01, what has not does on 2099-12-31: milliseconds since 1970.
const (
	longAgo = 1_577_836_800_000
	farAway = 4_102_358_400_000
)

// states are the provider states. Those about a key, its owner or his organization first put all three in order, so
// that one problem does not hide another; the parameter access_key_id says which key, the administrator's by default.
// Those about records leave the caller as he is.
func states() []mockserver.State {
	return []mockserver.State{
		keyState("caller-in-order", "Puts an access key, its owner and his organization in order.", func(*AccessKey) {}),
		keyState("access-key-disabled", "Disables an access key.", func(k *AccessKey) { k.Disabled = true }),
		keyState("ram-user-without-policy", "Makes an access key that of a RAM user whom no policy allows anything.", func(k *AccessKey) {
			k.RAM = &Principal{Type: "SubUser", OwnerID: "1234567890123456", DisplayName: "205678901234567890"}
		}),
		keyState("service-unavailable", "Lets the gateway answer ServiceUnavailable to an access key.", func(k *AccessKey) { k.Trouble = errServiceUnavailable }),
		keyState("gateway-failure", "Lets the gateway fail for an access key.", func(k *AccessKey) { k.Trouble = errInternal }),
		{Name: "throttled", Doc: "Lets the gateway throttle an access key; limit is user (default), api or all.",
			Params: []string{accessKeyParam, "limit"}, Apply: throttled},
		temporaryState("temporary-credentials", "Makes sure of temporary credentials that are good, and returns them.", keyTemporary),
		temporaryState("temporary-credentials-expired", "Makes sure of temporary credentials whose time has passed, and returns them.", keyExpired),

		userState("caller-profile-incomplete", "Makes the profile of an access key's owner incomplete.", func(u *User) { u.IncompleteProfile = true }),
		userState("caller-unknown", "Makes the owner of an access key somebody who has never logged on to Quick BI.", func(u *User) { u.NeverLoggedOn = true }),
		userState("caller-not-a-member", "Takes an access key's owner out of his organization.", func(u *User) { u.FormerMember = true }),
		userState("caller-not-authorized", "Makes an access key's owner an ordinary member.", func(u *User) { u.Administrator, u.APIAuthorized = false, false }),
		userState("caller-role-without-function", "Takes the function out of the role of an access key's owner.", func(u *User) { u.Functions = nil }),

		organizationState("caller-organization-gone", "Dissolves the organization of an access key's owner.", func(o *Organization) { o.Dissolved = true }),
		organizationState("caller-without-instance", "Takes the instance from the organization of an access key's owner.", func(o *Organization) { o.Instance = nil }),
		organizationState("caller-instance-expired", "Lets the instance of the organization of an access key's owner expire.", func(o *Organization) {
			o.Instance = &Instance{Edition: professional, ExpiresAt: longAgo}
		}),
		organizationState("caller-not-professional", "Gives the organization of an access key's owner the standard edition.", func(o *Organization) {
			o.Instance = &Instance{Edition: "standard", ExpiresAt: farAway}
		}),
		organizationState("caller-module-not-purchased", "Takes the data-asking module from the organization of an access key's owner.", func(o *Organization) { o.SmartqModule = false }),
		organizationState("caller-without-data-service", "Takes the data service from the organization of an access key's owner.", func(o *Organization) { o.DataService = false }),

		applicationState("application-open", "Makes sure of an application in review that any authorized caller may decide.", "application", func(*Application) {}),
		applicationState("application-closed", "Makes sure of an application that has been approved.", "closed-application", func(a *Application) {
			a.FlagStatus, a.HandleReason = approved, "同意。"
		}),
		applicationState("application-for-organization-admin", "Makes sure of an application that wants an administrator of the organization.",
			"application-for-organization-admin", func(a *Application) { a.Wants = wantsOrganizationAdmin }),
		{Name: "application-for-workspace-admin", Doc: "Makes sure of an application that wants an administrator of a workspace, which the administrator's key is not.",
			Params: []string{applicationParam}, Apply: forWorkspaceAdmin},
		{Name: "application-resource-deleted", Doc: "Makes sure of an application whose resource has been deleted.",
			Params: []string{applicationParam}, Apply: resourceDeleted},
		{Name: "internal-error", Doc: "Marks an application and a data-asking resource as broken, so that the product fails at them.",
			Params: []string{applicationParam, llmCubeParam}, Apply: internalError},

		{Name: "llm-cube-not-managed", Doc: "Makes sure of a data-asking resource that the administrator's key may not manage.",
			Params: []string{llmCubeParam}, Apply: notManaged},
		{Name: "cube-without-resource", Doc: "Makes sure of a data set that has no data-asking resource.",
			Params: []string{cubeParam}, Apply: cubeWithoutResource},
		{Name: "authorization-granted", Doc: "Grants a user a data-asking resource until expire_day (2099-12-31).",
			Params: []string{userParam, llmCubeParam, "expire_day"}, Apply: granted},
	}
}

// The parameters of provider states.
const (
	accessKeyParam   = "access_key_id"
	applicationParam = "application_id"
	llmCubeParam     = "llm_cube_id"
	cubeParam        = "cube_id"
	userParam        = "user_id"
)

// keyOf finds the access key of a state's parameters, the administrator's by default.
func keyOf(s *mockserver.Setup, p mockserver.Params) (*AccessKey, error) {
	id := p.Text(accessKeyParam, "")
	if id == "" {
		return named(s, keyAdministrator)
	}
	k, err := accessKeys.Get(s.Tx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, &mockserver.ParamError{Name: accessKeyParam, Problem: "the world has no access key " + id}
	}
	return k, err
}

func named(s *mockserver.Setup, name string) (*AccessKey, error) {
	k, err := keyNamed(s.Tx, name)
	if errors.Is(err, store.ErrNotFound) {
		return nil, &mockserver.ParamError{Name: accessKeyParam, Problem: "is needed: the world has no access key named " + name}
	}
	return k, err
}

// owner is an access key with whom it belongs to. All three are copies that may be changed.
type owner struct {
	key          AccessKey
	user         User
	organization Organization
}

func ownerOf(s *mockserver.Setup, p mockserver.Params) (*owner, error) {
	k, err := keyOf(s, p)
	if err != nil {
		return nil, err
	}
	u, err := users.Get(s.Tx, k.UserID)
	if err != nil {
		return nil, err
	}
	o, err := organizations.Get(s.Tx, u.OrganizationID)
	if err != nil {
		return nil, err
	}
	return &owner{*k, *u, *o}, nil
}

// heal puts everything in order that a state may have spoiled.
func (o *owner) heal() {
	o.key.Disabled, o.key.Trouble = false, ""
	if o.key.RAM != nil {
		ram := *o.key.RAM
		ram.Actions, o.key.RAM = []string{"quickbi-public:" + authorizeAction}, &ram
	}
	o.user.NeverLoggedOn, o.user.FormerMember, o.user.IncompleteProfile = false, false, false
	o.user.Administrator = o.user.Administrator || !o.user.APIAuthorized
	o.user.Functions = []string{smartqFunction}
	o.organization.Dissolved, o.organization.DataService, o.organization.SmartqModule = false, true, true
	o.organization.Instance = &Instance{Edition: professional, ExpiresAt: farAway}
}

func (o *owner) put(s *mockserver.Setup) error {
	return errors.Join(organizations.Put(s.Tx, &o.organization), users.Put(s.Tx, &o.user), accessKeys.Put(s.Tx, &o.key))
}

func ownerState(name, doc string, change func(*owner)) mockserver.State {
	return mockserver.State{Name: name, Doc: doc, Params: []string{accessKeyParam}, Apply: func(s *mockserver.Setup, p mockserver.Params) (map[string]any, error) {
		o, err := ownerOf(s, p)
		if err != nil {
			return nil, err
		}
		o.heal()
		change(o)
		return map[string]any{accessKeyParam: o.key.ID, userParam: o.user.ID, "organization_id": o.organization.ID}, o.put(s)
	}}
}

func keyState(name, doc string, change func(*AccessKey)) mockserver.State {
	return ownerState(name, doc, func(o *owner) { change(&o.key) })
}

func userState(name, doc string, change func(*User)) mockserver.State {
	return ownerState(name, doc, func(o *owner) { change(&o.user) })
}

func organizationState(name, doc string, change func(*Organization)) mockserver.State {
	return ownerState(name, doc, func(o *owner) { change(&o.organization) })
}

func throttled(s *mockserver.Setup, p mockserver.Params) (map[string]any, error) {
	trouble := map[string]string{"user": errThrottlingUser, "api": errThrottlingAPI, "all": errThrottling}[p.Text("limit", "user")]
	if trouble == "" {
		return nil, &mockserver.ParamError{Name: "limit", Problem: "want user, api or all"}
	}
	return keyState("", "", func(k *AccessKey) { k.Trouble = trouble }).Apply(s, p)
}

// temporaryState makes sure of temporary credentials for the administrator; expired ones expired in 2020.
func temporaryState(name, doc, keyName string) mockserver.State {
	return mockserver.State{Name: name, Doc: doc, Apply: func(s *mockserver.Setup, _ mockserver.Params) (map[string]any, error) {
		k, err := keyNamed(s.Tx, keyName)
		if errors.Is(err, store.ErrNotFound) {
			k, err = newTemporary(s, keyName)
		}
		if err != nil {
			return nil, err
		}
		changed := *k
		changed.ExpiresAt = longAgo
		if keyName == keyTemporary {
			changed.ExpiresAt = s.Now().Add(time.Hour).UnixMilli()
		}
		return map[string]any{accessKeyParam: k.ID, "access_key_secret": k.Secret, "security_token": k.Token}, accessKeys.Put(s.Tx, &changed)
	}}
}

func newTemporary(s *mockserver.Setup, name string) (*AccessKey, error) {
	owner, err := named(s, keyAdministrator)
	if err != nil {
		return nil, err
	}
	return minted(s.Rand, AccessKey{Name: name, UserID: owner.UserID, Token: "new", RAM: &Principal{Type: "AssumedRoleUser",
		OwnerID: "1234567890123456", DisplayName: "countersign-role:session", Actions: []string{"quickbi-public:" + authorizeAction}}}), nil
}
