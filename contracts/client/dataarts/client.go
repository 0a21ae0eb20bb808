package dataarts

import (
	"bytes"
	"context"
	"net/http"
	"net/url"

	"github.com/countersign/countersign/contracts/client"
)

const vendor = "dataarts"

// The documented bounds of ids that stand in a path or header, in characters.
const (
	leastID = 3
	mostID  = 64
	// mostToken bounds X-Auth-Token.
	mostToken = 4096
)

// Credentials are an access key, permanent or temporary, or an IAM token.
type Credentials struct {
	// AccessKey is not secret: it is sent with every request.
	AccessKey string
	SecretKey client.Secret
	// SecurityToken goes with a temporary access key, and with no other.
	SecurityToken client.Secret
	// Token is an IAM token, scoped to the project; it lives 24 hours. With it there is no signature.
	Token client.Secret
}

// Config is what New needs.
type Config struct {
	// Endpoint is the service's address; a path in it is sent and signed. Empty: https://dayu.REGION.myhuaweicloud.com
	Endpoint string
	// Region is used to make the endpoint, and for nothing else.
	Region string
	// ProjectID is the project's id, 3 to 64 characters. It stands in the path and in X-Project-Id.
	ProjectID string
	// Workspace is the workspace's id, 3 to 64 characters.
	Workspace   string
	Credentials Credentials
	// CredentialsFrom, if set, is asked before every attempt, in place of Credentials: for tokens and keys that are renewed.
	CredentialsFrom func(context.Context) (Credentials, error)
	client.Options
}

// Client calls the approvers of one workspace. It is safe for concurrent use.
type Client struct {
	endpoint *url.URL
	config   Config
	sender   *client.Sender
}

// New makes a client. It sends nothing. It fails with *client.CheckError if the endpoint is no address and there is no
// region, if the project's or the workspace's id is outside its bounds, or if there is not either an access key or a
// token.
func New(c Config) (*Client, error) {
	var checks client.Checks
	checks.That(c.Endpoint != "" || c.Region != "", "Endpoint", "is required where no Region is given")
	if c.Endpoint == "" {
		c.Endpoint = "https://dayu." + c.Region + ".myhuaweicloud.com"
	}
	endpoint, err := client.ParseEndpoint(c.Endpoint)
	if err != nil {
		checks.That(false, "Endpoint", "%v", err)
	}
	checks.That(client.HeaderSafe(c.ProjectID), "project_id", "cannot stand in a header")
	checks.That(client.HeaderSafe(c.Workspace), "workspace", "cannot stand in a header")
	if !c.SkipChecks {
		checks.Length("project_id", c.ProjectID, leastID, mostID)
		checks.Length("workspace", c.Workspace, leastID, mostID)
	}
	if c.CredentialsFrom == nil {
		c.Credentials.check(&checks, c.SkipChecks)
		c.CredentialsFrom = fixed(c.Credentials)
	}
	c.Credentials = Credentials{} // fmt prints the fields of fields, whatever their types say, but not functions
	if err := checks.Err(); err != nil {
		return nil, err
	}
	return &Client{endpoint, c, client.NewSender(c.Options)}, nil
}

func fixed(creds Credentials) func(context.Context) (Credentials, error) {
	return func(context.Context) (Credentials, error) { return creds, nil }
}

func (c Credentials) check(checks *client.Checks, skip bool) {
	if !skip {
		signs := c.AccessKey != "" && c.SecretKey != ""
		checks.That(signs || c.Token != "", "AccessKey", "and SecretKey, or Token, are required")
		checks.That(c.Token == "" || c.AccessKey == "" && c.SecretKey == "" && c.SecurityToken == "", "Token", "stands in place of an access key, not beside it")
		checks.Length("X-Auth-Token", string(c.Token), 0, mostToken)
	}
	checks.That(client.HeaderSafe(c.AccessKey), "AccessKey", "cannot stand in a header")
	checks.That(client.HeaderSafe(string(c.SecurityToken)), "SecurityToken", "cannot stand in a header")
	checks.That(client.HeaderSafe(string(c.Token)), "X-Auth-Token", "cannot stand in a header")
}

func (c Credentials) secrets() []client.Secret {
	return []client.Secret{c.SecretKey, c.SecurityToken, c.Token}
}

// call is one call of the service.
type call struct {
	operation  string
	method     string
	query      string
	body       []byte // nil: none
	repeatable bool
	read       func(*client.Reply) error
	options    []client.CallOption
}

// do sends a call to the approvers.
func (c *Client) do(ctx context.Context, call call) error {
	return c.sender.Do(ctx, client.Call{
		Vendor: vendor, Operation: call.operation, Repeatable: call.repeatable, Read: call.read, Options: call.options,
		Prepare: func(ctx context.Context) (*client.Prepared, error) {
			creds, err := c.config.CredentialsFrom(ctx)
			if err != nil {
				return nil, err
			}
			return c.prepare(ctx, call, creds)
		},
	})
}

// prepare makes the request of one attempt. Like the SDK's, it has a Content-Type without a body too, and X-Project-Id.
func (c *Client) prepare(ctx context.Context, call call, creds Credentials) (*client.Prepared, error) {
	u := c.endpoint.JoinPath("v2", url.PathEscape(c.config.ProjectID), "design/approvals/users")
	u.RawQuery = call.query
	req, err := http.NewRequestWithContext(ctx, call.method, u.String(), bytes.NewReader(call.body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Workspace", c.config.Workspace)
	req.Header.Set("X-Project-Id", c.config.ProjectID)
	req.Header.Set("User-Agent", c.sender.UserAgent())
	err = authorize(req, call.body, creds, c.sender, "user-agent", "workspace", "x-project-id")
	return &client.Prepared{Request: req, Secrets: creds.secrets()}, err
}

// authorize puts a token or a signature into a request: both, if the caller insists on it with SkipChecks.
func authorize(req *http.Request, body []byte, creds Credentials, sender *client.Sender, signed ...string) error {
	if creds.Token != "" {
		req.Header.Set("X-Auth-Token", string(creds.Token))
	}
	if creds.AccessKey == "" && creds.SecretKey == "" {
		return nil
	}
	return Sign(req, body, creds, sender.Now(), signed...)
}
