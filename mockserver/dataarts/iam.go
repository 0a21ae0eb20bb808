package dataarts

import (
	"crypto/subtle"
	"math/rand/v2"
	"net/url"
	"strconv"
	"time"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/store"
)

// iamTime is the layout of IAM's times, in UTC.
const iamTime = "2006-01-02T15:04:05.000000Z"

// tokenLifetime is how long a token is good for.
const tokenLifetime = 24 * time.Hour

// tokenRequest is the body of a token request.
type tokenRequest struct {
	Auth struct {
		Identity struct {
			Password struct {
				User struct {
					Name     string `json:"name"`
					Password string `json:"password"`
					Domain   struct {
						Name string `json:"name"`
					} `json:"domain"`
				} `json:"user"`
			} `json:"password"`
		} `json:"identity"`
		Scope struct {
			Domain  *scopeRef `json:"domain"`
			Project *scopeRef `json:"project"`
		} `json:"scope"`
	} `json:"auth"`
}

// scopeRef names a project or a domain by id or by name.
type scopeRef struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type named struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type tokenReply struct {
	Token tokenBody `json:"token"`
}

type tokenBody struct {
	ExpiresAt string        `json:"expires_at"`
	IssuedAt  string        `json:"issued_at"`
	Methods   []string      `json:"methods"`
	Domain    *named        `json:"domain,omitempty"`
	Project   *tokenProject `json:"project,omitempty"`
	Roles     []named       `json:"roles"`
	User      tokenUser     `json:"user"`
	Catalog   []service     `json:"catalog,omitempty"`
}

type tokenProject struct {
	Domain named  `json:"domain"`
	ID     string `json:"id"`
	Name   string `json:"name"`
}

type tokenUser struct {
	Domain            named  `json:"domain"`
	ID                string `json:"id"`
	Name              string `json:"name"`
	PasswordExpiresAt string `json:"password_expires_at"`
}

type service struct {
	Type      string     `json:"type"`
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Endpoints []endpoint `json:"endpoints"`
}

type endpoint struct {
	URL       string `json:"url"`
	Region    string `json:"region"`
	RegionID  string `json:"region_id"`
	Interface string `json:"interface"`
	ID        string `json:"id"`
}

// createToken issues a token for a user name and password. It goes into the header X-Subject-Token, the status is 201,
// and older tokens stay good.
// https://support.huaweicloud.com/intl/en-us/api-iam/iam_30_0001.html
func createToken(c *mockserver.Call) (any, error) {
	var in tokenRequest
	if err := c.BindBody(&in); err != nil {
		return nil, err
	}
	domain, user, err := login(c, &in)
	if err != nil {
		return nil, err
	}
	scope := in.Auth.Scope
	if scope.Project == nil && scope.Domain == nil && c.Switch("DA-054") == "refuse" {
		return nil, c.Refuse(errIAMRequest).At("auth/scope").Because("is required")
	}
	if scope.Domain != nil && !scope.Domain.is(domain.ID, domain.Name) {
		return nil, noScope(c, "auth/scope/domain")
	}
	var project *Project
	if scope.Project != nil {
		if project, err = scopedProject(c, domain, scope.Project); err != nil {
			return nil, err
		}
	}
	t, err := issueToken(c, user, project)
	if err != nil {
		return nil, err
	}
	c.ReplyHeader().Set("X-Subject-Token", t.ID)
	traceID(c)
	return describeToken(c, t, domain, user, project, scope.Domain != nil), nil
}

// login finds the user and checks his password. The reply does not tell what was wrong.
func login(c *mockserver.Call, in *tokenRequest) (*Domain, *User, error) {
	sent := in.Auth.Identity.Password.User
	domain, err := first(c.Tx, domains, "by_name", sent.Domain.Name)
	if err != nil {
		return nil, nil, err
	}
	var user *User
	if domain != nil {
		if user, err = first(c.Tx, users, "by_name", domain.Key, sent.Name); err != nil {
			return nil, nil, err
		}
	}
	switch {
	case user == nil:
		return nil, nil, c.Refuse(errIAMPassword).Because("there is no such account or user")
	case subtle.ConstantTimeCompare([]byte(user.Password), []byte(sent.Password)) != 1 || user.Password == "":
		return nil, nil, c.Refuse(errIAMPassword).Because("the password is wrong")
	case user.Disabled && c.Switch("DA-051") == "401":
		return nil, nil, c.Refuse(errIAMPassword).Because("the user is disabled")
	case user.Disabled:
		return nil, nil, c.Refuse(errIAMDenied).Because("the user is disabled")
	}
	return domain, user, nil
}

// is reports whether the reference names the thing with that id and name.
func (s *scopeRef) is(id, name string) bool {
	return (s.ID != "" || s.Name != "") && (s.ID == "" || s.ID == id) && (s.Name == "" || s.Name == name)
}

func scopedProject(c *mockserver.Call, domain *Domain, ref *scopeRef) (*Project, error) {
	index, key := "by_name", []string{domain.Key, ref.Name}
	if ref.ID != "" {
		index, key = "by_id", []string{ref.ID}
	}
	p, err := first(c.Tx, projects, index, key...)
	if err == nil && (p == nil || p.Domain != domain.Key || !ref.is(p.ID, p.Name)) {
		return nil, noScope(c, "auth/scope/project")
	}
	return p, err
}

// noScope is DA-050.
func noScope(c *mockserver.Call, where string) *mockserver.Refusal {
	name := errIAMNotFound
	if c.Switch("DA-050") == "401" {
		name = errIAMPassword
	}
	return c.Refuse(name).At(where).Because("the user's account has nothing of that id or name")
}

// issueToken makes a token and drops one or two that have expired, so that they do not pile up.
func issueToken(c *mockserver.Call, user *User, project *Project) (*Token, error) {
	old, err := tokens.Page(c.Tx, "by_expiry", "", store.Range{Limit: 2})
	if err != nil {
		return nil, err
	}
	for _, t := range old {
		if expired(t.ExpiresAt, c.Now().Add(-tokenLifetime)) {
			if err := tokens.Delete(c.Tx, t.ID); err != nil {
				return nil, err
			}
		}
	}
	ends := c.Now().Add(tokenLifetime)
	t := &Token{ID: newToken(ownChance(c.World, c.Rand)), User: user.Key, IssuedAt: c.Now(), ExpiresAt: &ends}
	if project != nil {
		t.Project = project.Key
	}
	return t, tokens.Put(c.Tx, t)
}

// newToken draws a token that begins like the vendor's and is much shorter.
func newToken(r *rand.Rand) string {
	b := []byte("MIIDkgYJKoZIhvcNAQcCoIIDgzCCA38CAQExDTALBglghkgBZQMEAgEw")
	for range 200 {
		b = append(b, alphanumeric[r.IntN(len(alphanumeric))])
	}
	return string(b)
}

func describeToken(c *mockserver.Call, t *Token, d *Domain, u *User, p *Project, ofDomain bool) *tokenReply {
	account := named{d.ID, d.Name}
	body := tokenBody{
		ExpiresAt: t.ExpiresAt.UTC().Format(iamTime),
		IssuedAt:  t.IssuedAt.UTC().Format(iamTime),
		Methods:   []string{"password"},
		Roles:     []named{},
		User:      tokenUser{Domain: account, ID: u.ID, Name: u.Name},
	}
	if !u.WithoutPolicy && c.Switch("DA-055") == "dayu" {
		body.Roles = append(body.Roles, named{"0", "DAYU User"})
	}
	if p != nil {
		body.Project = &tokenProject{Domain: account, ID: p.ID, Name: p.Name}
	}
	if ofDomain {
		body.Domain = &account
	}
	if _, without := c.Text("nocatalog"); !without {
		body.Catalog = catalog(c)
	}
	return &tokenReply{body}
}

// catalog lists the one service whose entry is documented: IAM itself.
func catalog(c *mockserver.Call) []service {
	return []service{{Type: "iam", ID: "100a6a3477f1495286579b819d399e36", Name: "iam", Endpoints: []endpoint{
		{URL: address(c) + "/v3.0", Region: "*", RegionID: "*", Interface: "public", ID: "33e1cbdd86d34e89a63cf8ad16a5f49f"}}}}
}

// address is where the client reached the stand-in.
func address(c *mockserver.Call) string {
	if c.TLS {
		return "https://" + c.Host
	}
	return "http://" + c.Host
}

// selfAddress is the address of this very request.
func selfAddress(c *mockserver.Call) string {
	if c.RawQuery == "" {
		return address(c) + c.RawPath
	}
	return address(c) + c.RawPath + "?" + c.RawQuery
}

// traceID sets IAM's own number of the request.
func traceID(c *mockserver.Call) {
	c.ReplyHeader().Set("X-Iam-Trace-Id", "token_global_null_"+c.RequestID)
}

type selfLink struct {
	Self string `json:"self"`
}

type pageLinks struct {
	Self     string  `json:"self"`
	Previous *string `json:"previous"`
	Next     *string `json:"next"`
}

type projectView struct {
	IsDomain    bool     `json:"is_domain"`
	Description string   `json:"description"`
	Links       selfLink `json:"links"`
	Enabled     bool     `json:"enabled"`
	ID          string   `json:"id"`
	ParentID    string   `json:"parent_id"`
	DomainID    string   `json:"domain_id"`
	Name        string   `json:"name"`
}

type projectList struct {
	Links    pageLinks      `json:"links"`
	Projects []*projectView `json:"projects"`
}

// listProjects lists the projects of the caller's account. SDKs call it with a region's name and want exactly one.
// https://support.huaweicloud.com/intl/en-us/api-iam/iam_06_0001.html
func listProjects(c *mockserver.Call) (any, error) {
	traceID(c)
	who := c.Caller.(*caller)
	domain, err := domains.Get(c.Tx, who.user.Domain)
	if err != nil {
		return nil, err
	}
	all, err := projects.Page(c.Tx, "by_name", store.Key(domain.Key), store.Range{})
	if err != nil {
		return nil, err
	}
	found := []*projectView{}
	for _, p := range all {
		v, err := viewProject(c, domain, p)
		if err != nil {
			return nil, err
		}
		if wantsProject(c, v) {
			found = append(found, v)
		}
	}
	return cutPage(c, found)
}

func viewProject(c *mockserver.Call, d *Domain, p *Project) (*projectView, error) {
	parent := d.ID
	if p.Parent != "" {
		up, err := projects.Get(c.Tx, p.Parent)
		if err != nil {
			return nil, err
		}
		parent = up.ID
	}
	return &projectView{Links: selfLink{address(c) + "/v3/projects/" + p.ID}, Enabled: !p.Disabled, ID: p.ID,
		ParentID: parent, DomainID: d.ID, Name: p.Name}, nil
}

func wantsProject(c *mockserver.Call, v *projectView) bool {
	is := func(name, value string) bool {
		want, sent := c.Text(name)
		return !sent || want == value
	}
	yes := func(name string, value bool) bool {
		want, sent := c.Int(name)
		return !sent || (want == 1) == value
	}
	return is("name", v.Name) && is("domain_id", v.DomainID) && is("parent_id", v.ParentID) &&
		yes("enabled", v.Enabled) && yes("is_domain", v.IsDomain)
}

// cutPage cuts the page that page and per_page select; they go together.
func cutPage(c *mockserver.Call, found []*projectView) (any, error) {
	out := &projectList{Projects: found}
	out.Links.Self = selfAddress(c)
	page, one := c.Int("page")
	size, two := c.Int("per_page")
	switch {
	case one != two:
		return nil, c.Refuse(errIAMRequest).At("page").Because("page and per_page go together")
	case !one:
		return out, nil
	}
	from := min(int64(len(found)), (page-1)*size)
	to := min(int64(len(found)), from+size)
	out.Projects = found[from:to]
	if page > 1 {
		out.Links.Previous = pageLink(c, page-1)
	}
	if to < int64(len(found)) {
		out.Links.Next = pageLink(c, page+1)
	}
	return out, nil
}

func pageLink(c *mockserver.Call, page int64) *string {
	q, _ := url.ParseQuery(c.RawQuery)
	q.Set("page", strconv.FormatInt(page, 10))
	link := address(c) + c.RawPath + "?" + q.Encode()
	return &link
}

type domainView struct {
	Description string   `json:"description"`
	Enabled     bool     `json:"enabled"`
	ID          string   `json:"id"`
	Links       selfLink `json:"links"`
	Name        string   `json:"name"`
}

type domainList struct {
	Domains []domainView `json:"domains"`
	Links   pageLinks    `json:"links"`
}

// listDomains answers the caller's account.
// https://support.huaweicloud.com/intl/en-us/my-kualalumpur-1-api-iam/en-us_topic_0057845574.html
func listDomains(c *mockserver.Call) (any, error) {
	traceID(c)
	d, err := domains.Get(c.Tx, c.Caller.(*caller).user.Domain)
	if err != nil {
		return nil, err
	}
	return &domainList{
		Domains: []domainView{{Enabled: true, ID: d.ID, Name: d.Name, Links: selfLink{address(c) + "/v3/domains/" + d.ID}}},
		Links:   pageLinks{Self: selfAddress(c)},
	}, nil
}
