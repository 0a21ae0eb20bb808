package dataarts

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/countersign/countersign/mockserver/store"
)

// Domain is an account: it owns projects and makes IAM users.
type Domain struct {
	Key  string `json:"key"`
	ID   string `json:"id"`
	Name string `json:"name"`
}

// User is an IAM user.
type User struct {
	Key    string `json:"key"`
	Domain string `json:"domain"`
	// ID is 32 hexadecimal digits; Name is unique in the domain.
	ID       string `json:"id"`
	Name     string `json:"name"`
	Password string `json:"password,omitempty"`
	// Disabled users cannot do anything, whatever credentials they still hold.
	Disabled bool `json:"disabled,omitempty"`
	// WithoutPolicy says that nothing grants the user the service.
	WithoutPolicy bool `json:"without_policy,omitempty"`
}

// AccessKey is a pair of access key and secret, permanent or temporary.
type AccessKey struct {
	AK   string `json:"ak"`
	SK   string `json:"sk"`
	User string `json:"user"`
	// SecurityToken and ExpiresAt belong to temporary credentials.
	SecurityToken string     `json:"security_token,omitempty"`
	ExpiresAt     *time.Time `json:"expires_at,omitempty"`
	// LockedUntil is set after too many failures running.
	LockedUntil *time.Time `json:"locked_until,omitempty"`
}

// Token is an IAM token.
type Token struct {
	ID   string `json:"id"`
	User string `json:"user"`
	// Project is the key of the project it is scoped to, "" for none.
	Project  string    `json:"project,omitempty"`
	IssuedAt time.Time `json:"issued_at"`
	// ExpiresAt nil means never, which only a ready-made token does.
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
	// ReadyMade marks the token that `countersign env` shows.
	ReadyMade bool `json:"ready_made,omitempty"`
}

// Project is a project of a domain in a region. A region's main project is named like the region.
type Project struct {
	Key    string `json:"key"`
	ID     string `json:"id"`
	Domain string `json:"domain"`
	Name   string `json:"name"`
	Region string `json:"region"`
	// Parent is the key of the project that a sub-project belongs to.
	Parent   string `json:"parent,omitempty"`
	Disabled bool   `json:"disabled,omitempty"`
	// Gateway names the catalogue entry with which the gateway before the project answers every call, "" for none.
	Gateway string `json:"gateway,omitempty"`
}

// Workspace is a workspace of a project.
type Workspace struct {
	Key     string `json:"key"`
	ID      string `json:"id"`
	Project string `json:"project"`
}

// Preset roles of workspace members.
const (
	roleAdmin     = "r00001"
	roleDeveloper = "r00002"
	roleOperator  = "r00003"
	roleViewer    = "r00004"
)

// Member is a user's membership in a workspace.
type Member struct {
	Workspace string `json:"workspace"`
	User      string `json:"user"`
	// Role is one of the preset roles or the id of a role of the account's own.
	Role string `json:"role"`
	// MayApprove says that a role of the account's own has the approval permission.
	MayApprove bool `json:"may_approve,omitempty"`
}

// Approver is a registered approver. What replies show beyond it is derived: ciphers, masks, the topic.
type Approver struct {
	// ID is a decimal number, growing in the order of creation.
	ID        string   `json:"id"`
	Workspace string   `json:"workspace"`
	Name      string   `json:"approver_name"`
	UserID    string   `json:"user_id"`
	Email     string   `json:"email,omitempty"`
	Phone     string   `json:"phone_number,omitempty"`
	App       string   `json:"app_name"`
	Creator   string   `json:"creator"`
	Created   unixTime `json:"create_time"`
	NoEmail   bool     `json:"no_email_notify,omitempty"`
	NoSMS     bool     `json:"no_sms_notify,omitempty"`
}

// number is the id as a number; Check has seen to it that it is one.
func (a *Approver) number() (n int64) {
	for i := range len(a.ID) {
		n = n*10 + int64(a.ID[i]-'0')
	}
	return n
}

// unixTime is a time to the second in eight bytes, since there may be millions of them. In JSON it is RFC 3339.
type unixTime int64

func (t unixTime) MarshalText() ([]byte, error) {
	return time.Unix(int64(t), 0).UTC().AppendFormat(nil, time.RFC3339), nil
}

func (t *unixTime) UnmarshalText(text []byte) error {
	if at, ok := usualTime(text); ok {
		*t = at
		return nil
	}
	at, err := time.Parse(time.RFC3339, string(text))
	*t = unixTime(at.Unix())
	return err
}

// usualTime reads a time as MarshalText writes it, of a day that every month has.
func usualTime(text []byte) (t unixTime, ok bool) {
	if len(text) != len(time.RFC3339)-len("07:00") || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':' || text[19] != 'Z' {
		return 0, false
	}
	century, year, month, day := two(text, 0), two(text, 2), two(text, 5), two(text, 8)
	hour, minute, second := two(text, 11), two(text, 14), two(text, 17)
	if max(century, year) > 99 || month-1 > 11 || day-1 > 27 || hour > 23 || max(minute, second) > 59 {
		return 0, false
	}
	return unixTime(((daysTo(century*100+year, month, day)*24+int64(hour))*60+int64(minute))*60 + int64(second)), true
}

// two is the number of two digits, far more than 99 where they are none.
func two(text []byte, at int) uint {
	tens, ones := uint(text[at])-'0', uint(text[at+1])-'0'
	if max(tens, ones) > 9 {
		return 1 << 16
	}
	return tens*10 + ones
}

// daysTo counts the days from 1970 to a date. Years begin in March, so that a leap day is the last of its year.
func daysTo(year, month, day uint) int64 {
	const cycle = 400*365 + 97 // days of 400 years, one of which keeps the numbers above 0
	year, month = year+400, month+9
	if month < 12 {
		year--
	} else {
		month -= 12
	}
	days := year*365 + year/4 - year/100 + year/400 + (153*month+2)/5 + day
	return int64(days) - cycle - 719469 //nolint:gosec // year 0 begins that many days before 1970
}

// The collections and their indexes.
var (
	domains = store.NewTable("domains", func(d *Domain) string { return d.Key },
		unique("by_name", func(d *Domain) string { return store.Key(d.Name) })).
		Claims(func(d *Domain) []string { return []string{claimDomain + d.Name} }).
		Schema("Domain")

	users = store.NewTable("users", func(u *User) string { return u.Key },
		unique("by_name", func(u *User) string { return store.Key(u.Domain, u.Name) }),
		unique("by_id", func(u *User) string { return store.Key(u.ID) })).
		References(refers("domain", "domains", func(u *User) string { return u.Domain })).
		Schema("User")

	accessKeys = store.NewTable("access_keys", func(k *AccessKey) string { return k.AK }).
			References(refers("user", "users", func(k *AccessKey) string { return k.User })).
			Claims(func(k *AccessKey) []string { return []string{claimAccessKey + k.AK} }).
			Schema("AccessKey")

	tokens = store.NewTable("tokens", func(t *Token) string { return t.ID },
		store.Index[*Token]{Name: "by_expiry", Key: func(t *Token) (string, bool) {
			if t.ExpiresAt == nil {
				return "", false
			}
			return store.Key(store.Int(t.ExpiresAt.Unix())), !t.ReadyMade
		}},
		store.Index[*Token]{Name: "ready_made", Key: func(t *Token) (string, bool) { return store.Key(t.User), t.ReadyMade }}).
		References(refers("user", "users", func(t *Token) string { return t.User }),
			refers("project", "projects", func(t *Token) string { return t.Project })).
		Claims(func(t *Token) []string { return []string{claimToken + t.ID} }).
		Schema("Token")

	projects = store.NewTable("projects", func(p *Project) string { return p.Key },
		unique("by_id", func(p *Project) string { return store.Key(p.ID) }),
		unique("by_name", func(p *Project) string { return store.Key(p.Domain, p.Name) }),
		ordered("by_region", func(p *Project) string { return store.Key(p.Domain, p.Region) })).
		References(refers("domain", "domains", func(p *Project) string { return p.Domain }),
			refers("parent", "projects", func(p *Project) string { return p.Parent })).
		Check(checkProject).
		Claims(func(p *Project) []string { return []string{claimProject + p.ID} }).
		Schema("Project")

	workspaces = store.NewTable("workspaces", func(w *Workspace) string { return w.Key },
		unique("by_id", func(w *Workspace) string { return store.Key(w.Project, w.ID) })).
		References(refers("project", "projects", func(w *Workspace) string { return w.Project })).
		Schema("Workspace")

	members = store.NewTable("members", func(m *Member) string { return memberID(m.Workspace, m.User) }).
		References(refers("workspace", "workspaces", func(m *Member) string { return m.Workspace }),
			refers("user", "users", func(m *Member) string { return m.User })).
		Schema("Member")

	approvers = store.NewTable("approvers", func(a *Approver) string { return a.ID },
		store.Index[*Approver]{Name: byCreation, Append: func(b []byte, a *Approver) []byte {
			return store.AppendInt(store.AppendKey(b, a.Workspace), a.number())
		}, Text: func(a *Approver) string { return a.Name }},
		store.Index[*Approver]{Name: byName, Append: func(b []byte, a *Approver) []byte {
			return store.AppendInt(store.AppendKey(b, a.Workspace, a.Name), a.number())
		}},
		store.Index[*Approver]{Name: byUser, Append: func(b []byte, a *Approver) []byte { return store.AppendKey(b, a.Workspace, a.UserID) }}).
		References(refers("workspace", "workspaces", func(a *Approver) string { return a.Workspace }),
			refers("creator", "users", func(a *Approver) string { return a.Creator })).
		Check(checkApprover).
		Schema("Approver")
)

// Indexes of the approvers.
const (
	byCreation = "by_creation"
	byName     = "by_name"
	byUser     = "by_user"
)

func memberID(workspace, user string) string { return workspace + "/" + user }

// memberOf returns a user's membership in a workspace, or nil.
func memberOf(tx *store.Tx, workspace, user string) (*Member, error) {
	var room [128]byte
	m, err := members.GetOf(tx, append(append(append(room[:0], workspace...), '/'), user...))
	return absent(m, err)
}

func checkProject(p *Project) error {
	if p.Gateway != "" && !slices.Contains(gatewayConditions, p.Gateway) {
		return fmt.Errorf("gateway %q: want one of %v", p.Gateway, gatewayConditions)
	}
	return nil
}

func checkApprover(a *Approver) error {
	if _, err := strconv.ParseInt(a.ID, 10, 64); err != nil || a.ID[0] < '0' || a.ID[0] == '0' && a.ID != "0" {
		return fmt.Errorf("approver id %q: want a decimal number", a.ID)
	}
	if a.Name == "" || a.UserID == "" {
		return errors.New("an approver has a name and a user id")
	}
	return nil
}

func unique[T any](name string, key func(*T) string) store.Index[*T] {
	ix := ordered(name, key)
	ix.Unique = true
	return ix
}

func ordered[T any](name string, key func(*T) string) store.Index[*T] {
	return store.Index[*T]{Name: name, Key: func(r *T) (string, bool) { return key(r), true }}
}

func refers[T any](field, to string, id func(*T) string) store.Reference[*T] {
	return store.Reference[*T]{Field: field, To: to, ID: id}
}

// first returns the record that stands first in an index under a key of these parts, or nil.
func first[T any](tx *store.Tx, t *store.Table[*T], index string, parts ...string) (*T, error) {
	r, err := t.FirstOf(tx, index, parts...)
	return absent(r, err)
}

// get returns the record with the id, or nil.
func get[T any](tx *store.Tx, t *store.Table[*T], id string) (*T, error) {
	r, err := t.Get(tx, id)
	return absent(r, err)
}

func absent[T any](r *T, err error) (*T, error) {
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil //nolint:nilnil // no such record is an ordinary answer
	}
	return r, err
}
