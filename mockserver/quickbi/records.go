package quickbi

import (
	"slices"

	"github.com/countersign/countersign/mockserver/store"
)

// AccessKey is a key of an Alibaba Cloud account, of a RAM user, or the temporary one of a role.
type AccessKey struct {
	ID     string `json:"id"`
	Secret string `json:"secret"`
	// Name says what the key is for ("administrator"); it stays when the id is minted anew. Unique.
	Name     string `json:"name"`
	Disabled bool   `json:"disabled,omitempty"`
	// UserID is the Quick BI user who calls with it.
	UserID string `json:"user_id"`
	// RAM is set for the key of a RAM user or role; an account's own key may do everything.
	RAM *Principal `json:"ram,omitempty"`
	// Token makes it a temporary key, good until ExpiresAt, in milliseconds since 1970 of world time.
	Token     string `json:"token,omitempty"`
	ExpiresAt int64  `json:"expires_at,omitempty"`
	// Trouble is the catalogue name of what the gateway answers to whatever is signed with it (throttling, an outage).
	Trouble string `json:"trouble,omitempty"`
}

// Principal is a RAM user or role.
type Principal struct {
	// Type is SubUser, AssumedRoleUser or Federated.
	Type        string `json:"type"`
	OwnerID     string `json:"owner_id"`
	DisplayName string `json:"display_name"`
	// Actions are what its policies allow ("quickbi-public:SmartqAuthorize").
	Actions []string `json:"actions,omitempty"`
}

// Organization is a tenant of Quick BI.
type Organization struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Dissolved bool   `json:"dissolved,omitempty"`
	// Instance is what it has bought, nil if nothing.
	Instance *Instance `json:"instance,omitempty"`
	// DataService and SmartqModule are parts that are bought on top.
	DataService  bool `json:"data_service,omitempty"`
	SmartqModule bool `json:"smartq_module,omitempty"`
}

// Instance is a purchased instance.
type Instance struct {
	// Edition is "professional" or another.
	Edition string `json:"edition"`
	// ExpiresAt is in milliseconds since 1970 of world time.
	ExpiresAt int64 `json:"expires_at"`
}

// User is a Quick BI user.
type User struct {
	ID             string `json:"id"`
	Name           string `json:"name"`
	OrganizationID string `json:"organization_id"`
	// FormerMember has left the organization.
	FormerMember bool `json:"former_member,omitempty"`
	// NeverLoggedOn users are unknown to Quick BI.
	NeverLoggedOn bool `json:"never_logged_on,omitempty"`
	// IncompleteProfile users cannot call the API.
	IncompleteProfile bool `json:"incomplete_profile,omitempty"`
	// Administrator of the organization, or authorized for API calls without being one.
	Administrator bool `json:"administrator,omitempty"`
	APIAuthorized bool `json:"api_authorized,omitempty"`
	// Functions are what his role contains; granting needs "smartq".
	Functions []string `json:"functions,omitempty"`
}

// smartqFunction is the function of a role that granting and revoking needs.
const smartqFunction = "smartq"

// Workspace is a group workspace.
type Workspace struct {
	ID             string   `json:"id"`
	Name           string   `json:"name"`
	OrganizationID string   `json:"organization_id"`
	Administrators []string `json:"administrators,omitempty"`
}

// Resource is a work that access is asked for.
type Resource struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Type        string `json:"type"` // DASHBOARD, ...
	WorkspaceID string `json:"workspace_id"`
	Deleted     bool   `json:"deleted,omitempty"`
}

// The values of Application.FlagStatus.
const (
	inReview = 0
	approved = 1
	rejected = 2
)

// The values of Application.Wants.
const (
	wantsAnybody           = ""
	wantsOrganizationAdmin = "organization-administrator"
	wantsWorkspaceAdmin    = "workspace-administrator"
)

// stateBroken is the State of a record at which the product fails.
const stateBroken = "broken"

// Application is an application for access to a resource.
type Application struct {
	ID             string `json:"id"`
	OrganizationID string `json:"organization_id"`
	ApplicantID    string `json:"applicant_id"`
	ResourceID     string `json:"resource_id"`
	ApplyReason    string `json:"apply_reason"`
	// FlagStatus is 0 in review, 1 approved, 2 rejected.
	FlagStatus   int    `json:"flag_status"`
	HandleReason string `json:"handle_reason,omitempty"`
	// ApproverID is who decided it.
	ApproverID string `json:"approver_id,omitempty"`
	// Wants says who may decide it: "" anybody who may call, "organization-administrator", "workspace-administrator".
	Wants string `json:"wants,omitempty"`
	// State is "broken" for a record at which the product fails.
	State string `json:"state,omitempty"`
	// GmtCreate and GmtModified are milliseconds since 1970.
	GmtCreate   int64 `json:"gmt_create"`
	GmtModified int64 `json:"gmt_modified"`
}

// Cube is a data set.
type Cube struct {
	ID             string `json:"id"`
	Name           string `json:"name"`
	OrganizationID string `json:"organization_id"`
}

// LlmCube is a data-asking resource, made from a data set.
type LlmCube struct {
	ID             string `json:"id"`
	Name           string `json:"name"`
	OrganizationID string `json:"organization_id"`
	CubeID         string `json:"cube_id,omitempty"`
	// Managers are the users who may manage it; nobody named means everybody whose role has the function.
	Managers []string `json:"managers,omitempty"`
	// State is "broken" for a record at which the product fails.
	State string `json:"state,omitempty"`
}

// LlmCubeTheme is an analysis theme.
type LlmCubeTheme struct {
	ID             string   `json:"id"`
	Name           string   `json:"name"`
	OrganizationID string   `json:"organization_id"`
	Managers       []string `json:"managers,omitempty"`
}

// Authorization is a user's right to ask questions of a resource or theme. One of LlmCube and LlmCubeTheme is set.
type Authorization struct {
	UserID       string `json:"user_id"`
	LlmCube      string `json:"llm_cube,omitempty"`
	LlmCubeTheme string `json:"llm_cube_theme,omitempty"`
	// ExpireDay is its last day ("2099-12-31").
	ExpireDay string `json:"expire_day"`
	// GrantedBy is the caller's user id; GmtModified milliseconds since 1970.
	GrantedBy   string `json:"granted_by"`
	GmtModified int64  `json:"gmt_modified"`
}

// AuditRecord is an entry of the audit log.
type AuditRecord struct {
	// Number counts from 1.
	Number int64 `json:"number"`
	// Action is grant, revoke, approve or reject; ActorID who did it.
	Action  string `json:"action"`
	ActorID string `json:"actor_id"`
	// What it was done to; the fields that do not apply are empty.
	ApplicationID string `json:"application_id,omitempty"`
	UserID        string `json:"user_id,omitempty"`
	LlmCube       string `json:"llm_cube,omitempty"`
	LlmCubeTheme  string `json:"llm_cube_theme,omitempty"`
	ExpireDay     string `json:"expire_day,omitempty"`
	RequestID     string `json:"request_id"`
	// At is milliseconds since 1970 of world time.
	At int64 `json:"at"`
}

// The collections.
var (
	accessKeys = store.NewTable("access_keys", func(k *AccessKey) string { return k.ID },
		store.Index[*AccessKey]{Name: byName, Unique: true, Key: func(k *AccessKey) (string, bool) { return store.Key(k.Name), true }},
		store.Index[*AccessKey]{Name: byToken, Unique: true, Key: func(k *AccessKey) (string, bool) { return store.Key(k.Token), k.Token != "" }},
	).Claims(claimsOf).
		References(store.Reference[*AccessKey]{Field: "user_id", To: "users", IDs: func(k *AccessKey) []string { return []string{k.UserID} }}).
		Schema("AccessKey")

	organizations = store.NewTable("organizations", func(o *Organization) string { return o.ID }).Schema("Organization")
	users         = store.NewTable("users", func(u *User) string { return u.ID }).
			References(store.Reference[*User]{Field: "organization_id", To: "organizations", IDs: func(u *User) []string { return []string{u.OrganizationID} }}).
			Schema("User")
	workspaces = store.NewTable("workspaces", func(w *Workspace) string { return w.ID }).
			References(store.Reference[*Workspace]{Field: "organization_id", To: "organizations", IDs: func(w *Workspace) []string { return []string{w.OrganizationID} }}).
			Schema("Workspace")
	resources = store.NewTable("resources", func(r *Resource) string { return r.ID }).
			References(store.Reference[*Resource]{Field: "workspace_id", To: "workspaces", IDs: func(r *Resource) []string { return []string{r.WorkspaceID} }}).
			Schema("Resource")

	applications = store.NewTable("applications", func(a *Application) string { return a.ID }).References(
		store.Reference[*Application]{Field: "organization_id", To: "organizations", IDs: func(a *Application) []string { return []string{a.OrganizationID} }},
		store.Reference[*Application]{Field: "applicant_id", To: "users", IDs: func(a *Application) []string { return []string{a.ApplicantID} }},
		store.Reference[*Application]{Field: "resource_id", To: "resources", IDs: func(a *Application) []string { return []string{a.ResourceID} }}).
		Schema("Application")

	cubes    = store.NewTable("cubes", func(c *Cube) string { return c.ID }).Schema("Cube")
	llmCubes = store.NewTable("llm_cubes", func(c *LlmCube) string { return c.ID },
		store.Index[*LlmCube]{Name: byCube, Unique: true, Key: func(c *LlmCube) (string, bool) { return store.Key(c.CubeID), c.CubeID != "" }}).
		References(store.Reference[*LlmCube]{Field: "cube_id", To: "cubes", IDs: func(c *LlmCube) []string { return []string{c.CubeID} }}).
		Schema("LlmCube")
	llmCubeThemes = store.NewTable("llm_cube_themes", func(t *LlmCubeTheme) string { return t.ID }).Schema("LlmCubeTheme")

	authorizations = store.NewTable("authorizations", func(a *Authorization) string {
		return authorizationID(a.UserID, a.LlmCube, a.LlmCubeTheme)
	}).References(
		store.Reference[*Authorization]{Field: "user_id", To: "users", IDs: func(a *Authorization) []string { return []string{a.UserID} }},
		store.Reference[*Authorization]{Field: "llm_cube", To: "llm_cubes", IDs: func(a *Authorization) []string { return []string{a.LlmCube} }},
		store.Reference[*Authorization]{Field: "llm_cube_theme", To: "llm_cube_themes", IDs: func(a *Authorization) []string { return []string{a.LlmCubeTheme} }}).
		Schema("Authorization")

	auditLog = store.NewTable("audit_log", func(r *AuditRecord) string { return store.Int(r.Number) }).Schema("AuditRecord")
)

// The indexes.
const (
	byName  = "by_name"
	byToken = "by_token"
	byCube  = "by_cube"
)

func collections() []*store.Collection {
	return []*store.Collection{accessKeys.Collection(), organizations.Collection(), users.Collection(), workspaces.Collection(),
		resources.Collection(), applications.Collection(), cubes.Collection(), llmCubes.Collection(), llmCubeThemes.Collection(),
		authorizations.Collection(), auditLog.Collection()}
}

// authorizationID names an authorization by who and what: "user:cube:id" or "user:theme:id".
func authorizationID(user, cube, theme string) string {
	if theme != "" {
		return user + ":theme:" + theme
	}
	return user + ":cube:" + cube
}

// The keys by which a request names its world.
// The kinds of claims.
const (
	claimKey   = "access-key:"
	claimToken = "security-token:"
)

func keyClaim(id string) string      { return claimKey + id }
func tokenClaim(token string) string { return claimToken + token }

func claimsOf(k *AccessKey) []string {
	if k.Token == "" {
		return []string{keyClaim(k.ID)}
	}
	return []string{keyClaim(k.ID), tokenClaim(k.Token)}
}

func (u *User) may(function string) bool { return slices.Contains(u.Functions, function) }

// manageable reports whether a user may manage what has these managers.
func manageable(managers []string, user string) bool {
	return len(managers) == 0 || slices.Contains(managers, user)
}
