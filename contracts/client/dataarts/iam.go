package dataarts

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/countersign/countersign/contracts/client"
)

// IAMConfig is what NewIAM needs.
type IAMConfig struct {
	// Endpoint is IAM's address. Empty: https://iam.myhuaweicloud.com
	Endpoint string
	// Credentials are for the projects; a token by password needs none.
	Credentials Credentials
	// CredentialsFrom, if set, is asked before every attempt, in place of Credentials.
	CredentialsFrom func(context.Context) (Credentials, error)
	client.Options
}

// IAM calls Identity and Access Management, as far as one needs it before DataArts. It is safe for concurrent use.
type IAM struct {
	endpoint *url.URL
	from     func(context.Context) (Credentials, error)
	skip     bool
	sender   *client.Sender
}

// NewIAM makes a client of IAM. It sends nothing. It fails with *client.CheckError if the endpoint is no address, or if
// credentials cannot stand in a header.
func NewIAM(c IAMConfig) (*IAM, error) {
	if c.Endpoint == "" {
		c.Endpoint = "https://iam.myhuaweicloud.com"
	}
	var checks client.Checks
	endpoint, err := client.ParseEndpoint(c.Endpoint)
	if err != nil {
		checks.That(false, "Endpoint", "%v", err)
	}
	if c.CredentialsFrom == nil {
		c.Credentials.check(&checks, c.SkipChecks || c.Credentials == Credentials{})
		c.CredentialsFrom = fixed(c.Credentials)
	}
	if err := checks.Err(); err != nil {
		return nil, err
	}
	return &IAM{endpoint, c.CredentialsFrom, c.SkipChecks, client.NewSender(c.Options)}, nil
}

// PasswordRequest says who wants a token, and for what. DomainName, UserName, Password and one of ProjectID and
// ProjectName are required.
type PasswordRequest struct {
	// DomainName is the account's name.
	DomainName string
	// UserName is the IAM user's name.
	UserName string
	Password client.Secret
	// ProjectID or ProjectName is the project that the token is for. A region's main project has the region's name.
	ProjectID   string
	ProjectName string
}

// Token is an IAM token.
type Token struct {
	// Value goes into Credentials.Token.
	Value client.Secret
	// IssuedAt and ExpiresAt are 24 hours apart.
	IssuedAt, ExpiresAt time.Time
	// ProjectID is the project that the token is for.
	ProjectID string
	UserID    string
}

const tokenOperation = "KeystoneCreateUserTokenByPassword"

// KeystoneCreateUserTokenByPassword fetches a token for a project.
//
// Success is HTTP 201, and the token stands in a header. It lives 24 hours; a further one does not void it, a change of
// the user's password or rights does within 30 minutes. The list of services that IAM would add is not asked for.
//
// Errors: *client.CheckError if a field is missing; ErrIAMUnauthorized if the password is wrong; otherwise as the package
// client documents.
//
// https://support.huaweicloud.com/intl/en-us/api-iam/iam_30_0001.html
func (i *IAM) KeystoneCreateUserTokenByPassword(ctx context.Context, r PasswordRequest) (*Token, error) {
	if err := r.check(); err != nil && !i.skip {
		return nil, err
	}
	body, err := r.encode()
	if err != nil {
		return nil, err
	}
	var token *Token
	err = i.sender.Do(ctx, client.Call{
		Vendor: vendor, Operation: tokenOperation, Repeatable: true, // a second token does no harm
		Prepare: func(ctx context.Context) (*client.Prepared, error) {
			u := i.endpoint.JoinPath("/v3/auth/tokens")
			u.RawQuery = "nocatalog=true"
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
			if err != nil {
				return nil, err
			}
			req.Header.Set("Content-Type", "application/json;charset=utf8")
			return &client.Prepared{Request: req, Secrets: []client.Secret{r.Password}}, nil
		},
		Read: func(r *client.Reply) (err error) {
			token, err = readToken(r)
			return err
		},
	})
	return token, err
}

func (r PasswordRequest) check() error {
	c := client.Checks{Operation: tokenOperation}
	c.Required("domain", r.DomainName)
	c.Required("name", r.UserName)
	c.Required("password", string(r.Password))
	c.That((r.ProjectID == "") != (r.ProjectName == ""), "project", "is required, by id or by name")
	return c.Err()
}

// encode writes the password, which a Secret would not.
func (r PasswordRequest) encode() ([]byte, error) {
	type object = map[string]any
	project := object{}
	if r.ProjectID != "" {
		project["id"] = r.ProjectID
	}
	if r.ProjectName != "" {
		project["name"] = r.ProjectName
	}
	user := object{"domain": object{"name": r.DomainName}, "name": r.UserName, "password": string(r.Password)}
	identity := object{"methods": []string{"password"}, "password": object{"user": user}}
	return encodeJSON(object{"auth": object{"identity": identity, "scope": object{"project": project}}})
}

func readToken(r *client.Reply) (*Token, error) {
	if err := failure(r); err != nil {
		return nil, err
	}
	var body struct {
		Token *struct {
			IssuedAt  time.Time `json:"issued_at"`
			ExpiresAt time.Time `json:"expires_at"`
			Project   struct{ ID string }
			User      struct{ ID string }
		}
	}
	value := r.Header.Get("X-Subject-Token")
	switch err := json.Unmarshal(r.Body, &body); {
	case r.Status != http.StatusCreated:
		return nil, malformed(r, "the documented status is 201")
	case err != nil:
		return nil, malformed(r, "it cannot be read: "+err.Error())
	case value == "":
		return nil, malformed(r, "the header X-Subject-Token is missing")
	case body.Token == nil || body.Token.ExpiresAt.IsZero():
		return nil, malformed(r, "token.expires_at is missing")
	}
	t := body.Token
	return &Token{client.Secret(value), t.IssuedAt, t.ExpiresAt, t.Project.ID, t.User.ID}, nil
}

// Project is a project of an account.
type Project struct {
	ID string `json:"id"`
	// Name is the region's, for a region's main project.
	Name     string `json:"name"`
	DomainID string `json:"domain_id"`
	// ParentID is the account's id, or the project's that a sub-project belongs to.
	ParentID    string `json:"parent_id"`
	Enabled     bool   `json:"enabled"`
	Description string `json:"description"`
}

// KeystoneListProjects lists the projects of the caller's account that have a name; an empty name lists all.
//
// Errors: as the package client documents.
//
// https://support.huaweicloud.com/intl/en-us/api-iam/iam_06_0001.html
func (i *IAM) KeystoneListProjects(ctx context.Context, name string) ([]Project, error) {
	var projects []Project
	err := i.sender.Do(ctx, client.Call{
		Vendor: vendor, Operation: "KeystoneListProjects", Repeatable: true,
		Prepare: func(ctx context.Context) (*client.Prepared, error) { return i.prepareProjects(ctx, name) },
		Read: func(r *client.Reply) (err error) {
			projects, err = readProjects(r)
			return err
		},
	})
	return projects, err
}

// prepareProjects makes the request of one attempt. Like the SDK's, it signs the date alone.
func (i *IAM) prepareProjects(ctx context.Context, name string) (*client.Prepared, error) {
	creds, err := i.from(ctx)
	if err != nil {
		return nil, err
	}
	u := i.endpoint.JoinPath("/v3/projects")
	if name != "" {
		u.RawQuery = "name=" + percentEncode(name)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return nil, err
	}
	return &client.Prepared{Request: req, Secrets: creds.secrets()}, authorize(req, nil, creds, i.sender)
}

func readProjects(r *client.Reply) ([]Project, error) {
	if err := failure(r); err != nil {
		return nil, err
	}
	var body struct{ Projects *[]Project }
	switch err := json.Unmarshal(r.Body, &body); {
	case r.Status != http.StatusOK:
		return nil, malformed(r, "the documented status is 200")
	case err != nil:
		return nil, malformed(r, "it cannot be read: "+err.Error())
	case body.Projects == nil:
		return nil, malformed(r, "projects is missing")
	}
	return *body.Projects, nil
}

// ProjectID finds the id of the one project that has a region's name, as the vendor's SDKs do when they are told a region
// and no project. It fails if there is none or more than one.
func (i *IAM) ProjectID(ctx context.Context, region string) (string, error) {
	projects, err := i.KeystoneListProjects(ctx, region)
	if err != nil {
		return "", err
	}
	if len(projects) != 1 {
		return "", fmt.Errorf("%s: %d projects are named %q, wanted is one", vendor, len(projects), region)
	}
	return projects[0].ID, nil
}
