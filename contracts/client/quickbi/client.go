package quickbi

import (
	"context"
	"net/http"
	"net/url"

	"github.com/countersign/countersign/contracts/client"
)

const (
	vendor  = "quickbi"
	version = "2022-01-01"
	// defaultEndpoint is the region that the vendor's examples use.
	defaultEndpoint = "https://quickbi-public.cn-hangzhou.aliyuncs.com"
)

// Credentials are an access key, permanent or temporary.
type Credentials struct {
	// AccessKeyId is not secret: it is sent with every request.
	AccessKeyId     string
	AccessKeySecret client.Secret
	// SecurityToken goes with a temporary key from the Security Token Service, and with no other.
	SecurityToken client.Secret
}

// Config is what New needs.
type Config struct {
	// Endpoint is the service's address. It must not have a path. Empty: https://quickbi-public.cn-hangzhou.aliyuncs.com
	Endpoint    string
	Credentials Credentials
	// CredentialsFrom, if set, is asked before every attempt, in place of Credentials: for temporary keys that are renewed.
	CredentialsFrom func(context.Context) (Credentials, error)
	// Scheme is how requests are signed. Empty: V3.
	Scheme Scheme
	// Nonce gives a text that is new with each request. nil: client.RandomNonce. It must be safe for concurrent use.
	Nonce func() string
	client.Options
}

// Client calls Quick BI. It is safe for concurrent use.
type Client struct {
	endpoint *url.URL
	config   Config
	sender   *client.Sender
}

// New makes a client. It sends nothing. It fails with *client.CheckError if the endpoint is no address or has a path, if
// an access key is wanting, or if the scheme is neither V3 nor V1.
func New(c Config) (*Client, error) {
	if c.Endpoint == "" {
		c.Endpoint = defaultEndpoint
	}
	if c.Scheme == "" {
		c.Scheme = V3
	}
	if c.Nonce == nil {
		c.Nonce = client.RandomNonce
	}
	endpoint, err := client.ParseEndpoint(c.Endpoint)
	if err != nil {
		return nil, &client.CheckError{Field: "Endpoint", Problem: err.Error()}
	}
	var checks client.Checks
	checks.That(endpoint.Path == "", "Endpoint", "has a path, and the path of RPC calls is always /")
	checks.That(c.Scheme == V3 || c.Scheme == V1, "Scheme", "is neither V3 nor V1")
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

func (c Credentials) check(checks *client.Checks, skip bool) {
	checks.That(c.AccessKeyId != "" || skip, "AccessKeyId", "is required")
	checks.That(c.AccessKeySecret != "" || skip, "AccessKeySecret", "is required")
	checks.That(client.HeaderSafe(c.AccessKeyId), "AccessKeyId", "cannot stand in a header")
	checks.That(client.HeaderSafe(string(c.SecurityToken)), "SecurityToken", "cannot stand in a header")
}

// call sends an operation and reads its reply into out.
func (c *Client) call(ctx context.Context, operation string, params []pair, repeatable bool, out reply, opts []client.CallOption) error {
	return c.sender.Do(ctx, client.Call{
		Vendor:     vendor,
		Operation:  operation,
		Repeatable: repeatable,
		Options:    opts,
		Prepare: func(ctx context.Context) (*client.Prepared, error) {
			creds, err := c.config.CredentialsFrom(ctx)
			if err != nil {
				return nil, err
			}
			return c.prepare(ctx, operation, params, creds)
		},
		Read: func(r *client.Reply) error { return read(r, out) },
	})
}

// prepare makes the request of one attempt. The headers for action and version go with both schemes, as the SDKs send
// them; with V1 they count for nothing.
func (c *Client) prepare(ctx context.Context, operation string, params []pair, creds Credentials) (*client.Prepared, error) {
	u := *c.endpoint
	u.Path = "/"
	if c.config.Scheme == V1 {
		params = append([]pair{{"Action", operation}, {"Format", "json"}, {"Version", version}}, params...)
	}
	u.RawQuery = wireQuery(params)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), http.NoBody)
	if err != nil {
		return nil, err
	}
	if c.config.Scheme == V3 {
		req.Header.Set("Accept", "application/json")
	}
	req.Header.Set("x-acs-action", operation)
	req.Header.Set("x-acs-version", version)
	err = Sign(req, nil, c.config.Scheme, creds, c.sender.Now(), c.config.Nonce())
	return &client.Prepared{Request: req, Secrets: []client.Secret{creds.AccessKeySecret, creds.SecurityToken}}, err
}
