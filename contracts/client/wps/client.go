package wps

import (
	"context"
	"net/http"
	"net/url"

	"github.com/countersign/countersign/contracts/client"
)

const (
	vendor          = "wps"
	defaultEndpoint = "https://openapi.wps.cn"
)

// Credentials are those of an app, which sign, and those of its user, which authorize.
type Credentials struct {
	// AppID and AppKey sign calls. Both empty: calls are not signed.
	AppID  string
	AppKey client.Secret
	// AccessToken is a user's token with the scope kso.workflow_approval_define.read or .readwrite. It lives two hours.
	AccessToken client.Secret
}

// IDType is the form of the user and department ids in replies.
type IDType string

// The forms. The vendor's pages say no more than their names, and not which one is the default.
const (
	Internal IDType = "internal"
	External IDType = "external"
)

// Config is what New needs.
type Config struct {
	// Endpoint is the service's address, with the prefix of a private deployment. Empty: https://openapi.wps.cn
	Endpoint    string
	Credentials Credentials
	// CredentialsFrom, if set, is asked before every attempt, in place of Credentials: for tokens that are refreshed.
	CredentialsFrom func(context.Context) (Credentials, error)
	// IDType is sent as X-Kso-Id-Type. Empty: it is not sent.
	IDType IDType
	client.Options
}

// Client calls the approvals of WPS 365. It is safe for concurrent use.
type Client struct {
	endpoint *url.URL
	config   Config
	sender   *client.Sender
}

// New makes a client. It sends nothing. It fails with *client.CheckError if the endpoint is no address, if there is no
// access token, if one of AppID and AppKey is wanting, or if IDType is neither internal nor external.
func New(c Config) (*Client, error) {
	endpoint, err := parseEndpoint(c.Endpoint)
	if err != nil {
		return nil, err
	}
	var checks client.Checks
	checks.That(c.IDType == "" || c.IDType == Internal || c.IDType == External || c.SkipChecks, "X-Kso-Id-Type", "is neither internal nor external")
	checks.That(client.HeaderSafe(string(c.IDType)), "X-Kso-Id-Type", "cannot stand in a header")
	if c.CredentialsFrom == nil {
		c.Credentials.check(&checks, c.SkipChecks)
		fixed := c.Credentials
		c.CredentialsFrom = func(context.Context) (Credentials, error) { return fixed, nil }
	}
	c.Credentials = Credentials{} // fmt prints the fields of fields, whatever their types say, but not functions
	if err := checks.Err(); err != nil {
		return nil, err
	}
	return &Client{endpoint, c, client.NewSender(c.Options)}, nil
}

func parseEndpoint(endpoint string) (*url.URL, error) {
	if endpoint == "" {
		endpoint = defaultEndpoint
	}
	u, err := client.ParseEndpoint(endpoint)
	if err != nil {
		return nil, &client.CheckError{Field: "Endpoint", Problem: err.Error()}
	}
	return u, nil
}

func (c Credentials) check(checks *client.Checks, skip bool) {
	checks.That(c.AccessToken != "" || skip, "AccessToken", "is required")
	checks.That((c.AppID == "") == (c.AppKey == "") || skip, "AppID", "and AppKey go together")
	checks.That(client.HeaderSafe(c.AppID), "AppID", "cannot stand in a header")
	checks.That(client.HeaderSafe(string(c.AccessToken)), "AccessToken", "cannot stand in a header")
}

// get sends a GET and gives the reply to read.
func (c *Client) get(ctx context.Context, operation, path, query string, read func(*client.Reply) error) error {
	return c.sender.Do(ctx, client.Call{
		Vendor: vendor, Operation: operation, Repeatable: true, Read: read,
		Prepare: func(ctx context.Context) (*client.Prepared, error) {
			creds, err := c.config.CredentialsFrom(ctx)
			if err != nil {
				return nil, err
			}
			return c.prepare(ctx, path, query, creds)
		},
	})
}

// prepare makes the request of one attempt. The Content-Type is demanded on GET too.
func (c *Client) prepare(ctx context.Context, path, query string, creds Credentials) (*client.Prepared, error) {
	u := c.endpoint.JoinPath(path)
	u.RawQuery = query
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+string(creds.AccessToken))
	if c.config.IDType != "" {
		req.Header.Set("X-Kso-Id-Type", string(c.config.IDType))
	}
	if creds.AppID != "" || creds.AppKey != "" {
		sign(req, path+"?"+query, nil, creds, c.sender.Now())
	}
	return &client.Prepared{Request: req, Secrets: []client.Secret{creds.AppKey, creds.AccessToken}}, nil
}
