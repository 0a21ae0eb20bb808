package quickbi

import (
	"math/rand/v2"
	"strings"

	demorecords "github.com/countersign/countersign/fixtures/demo"
	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/store"
)

// The names of the access keys that `env` and the provider states mean.
const (
	keyAdministrator = "administrator"
	keyAuthorized    = "authorized"
	keyTemporary     = "temporary"
	keyExpired       = "temporary-expired"
)

// demo fills an empty world with the demo records: one organization with everything, one for each thing that an
// organization can lack, and an access key for everything that can be wrong with a caller.
func demo(s *mockserver.Setup) error {
	data, err := demorecords.Records("quickbi")
	if err != nil {
		return err
	}
	return s.Load(data)
}

// mint gives every access key a new id, secret and token.
func mint(s *mockserver.Setup) error {
	keys, err := accessKeys.Page(s.Tx, byName, "", store.Range{})
	if err != nil {
		return err
	}
	for _, old := range keys {
		if err := accessKeys.Delete(s.Tx, old.ID); err != nil {
			return err
		}
		if err := accessKeys.Put(s.Tx, minted(s.Rand, *old)); err != nil {
			return err
		}
	}
	return nil
}

func minted(r *rand.Rand, k AccessKey) *AccessKey {
	prefix := "LTAI5t"
	if k.Token != "" {
		prefix, k.Token = "STS.NT", "CAIS"+letters(r, 60)
	}
	k.ID, k.Secret = prefix+letters(r, 18), letters(r, 30)
	return &k
}

// letters draws n letters and digits.
func letters(r *rand.Rand, n int) string {
	const from = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	var b strings.Builder
	b.Grow(n)
	for range n {
		b.WriteByte(from[r.IntN(len(from))])
	}
	return b.String()
}

// environment is the vendor's section of `countersign env`.
type environment struct {
	URL                      string   `json:"url"`
	AccessKeyID              string   `json:"access_key_id"`
	AccessKeySecret          string   `json:"access_key_secret"`
	OpenApplicationIDs       []string `json:"open_application_ids"`
	ClosedApplicationID      string   `json:"closed_application_id"`
	UserIDs                  []string `json:"user_ids"`
	LlmCubeIDs               []string `json:"llm_cube_ids"`
	ThemeIDs                 []string `json:"theme_ids"`
	CubeIDs                  []string `json:"cube_ids"`
	TemporaryAccessKeyID     string   `json:"temporary_access_key_id,omitempty"`
	TemporaryAccessKeySecret string   `json:"temporary_access_key_secret,omitempty"`
	SecurityToken            string   `json:"security_token,omitempty"`
}

// mostListed bounds the lists of an environment.
const mostListed = 50

// describe answers what an SDK needs: the administrator's key, and ids that work with it. A world without that key
// has an environment without one.
func describe(s *mockserver.Setup, base string) (any, error) {
	e := &environment{URL: base, OpenApplicationIDs: []string{}, UserIDs: []string{}, LlmCubeIDs: []string{}, ThemeIDs: []string{}, CubeIDs: []string{}}
	k, err := keyNamed(s.Tx, keyAdministrator)
	if err != nil {
		return e, nil //nolint:nilerr // an empty world
	}
	e.AccessKeyID, e.AccessKeySecret = k.ID, k.Secret
	if t, err := keyNamed(s.Tx, keyTemporary); err == nil {
		e.TemporaryAccessKeyID, e.TemporaryAccessKeySecret, e.SecurityToken = t.ID, t.Secret, t.Token
	}
	u, err := users.Get(s.Tx, k.UserID)
	if err != nil {
		return e, nil //nolint:nilerr // the key's owner is unknown to Quick BI
	}
	err = e.list(s.Tx, u)
	return e, err
}

func keyNamed(tx *store.Tx, name string) (*AccessKey, error) {
	return accessKeys.First(tx, byName, store.Key(name))
}

func (e *environment) list(tx *store.Tx, who *User) error {
	err := each(tx, applications, func(a *Application) {
		switch {
		case a.OrganizationID != who.OrganizationID:
		case a.FlagStatus != inReview && e.ClosedApplicationID == "":
			e.ClosedApplicationID = a.ID
		case a.FlagStatus == inReview && a.State == "" && a.Wants == wantsAnybody && !deleted(tx, a.ResourceID):
			e.OpenApplicationIDs = add(e.OpenApplicationIDs, a.ID)
		}
	})
	if err != nil {
		return err
	}
	err = each(tx, users, func(u *User) {
		if u.OrganizationID == who.OrganizationID && !u.NeverLoggedOn && !u.FormerMember {
			e.UserIDs = add(e.UserIDs, u.ID)
		}
	})
	if err != nil {
		return err
	}
	err = each(tx, llmCubes, func(c *LlmCube) {
		if c.OrganizationID != who.OrganizationID || c.State != "" || !manageable(c.Managers, who.ID) {
			return
		}
		e.LlmCubeIDs = add(e.LlmCubeIDs, c.ID)
		if c.CubeID != "" {
			e.CubeIDs = add(e.CubeIDs, c.CubeID)
		}
	})
	if err != nil {
		return err
	}
	return each(tx, llmCubeThemes, func(t *LlmCubeTheme) {
		if t.OrganizationID == who.OrganizationID && manageable(t.Managers, who.ID) {
			e.ThemeIDs = add(e.ThemeIDs, t.ID)
		}
	})
}

func add(list []string, id string) []string {
	if len(list) == mostListed {
		return list
	}
	return append(list, id)
}

func deleted(tx *store.Tx, resource string) bool {
	r, err := resources.Get(tx, resource)
	return err != nil || r.Deleted
}

func each[T any](tx *store.Tx, table *store.Table[*T], visit func(*T)) error {
	return tx.Scan(table.Collection(), store.PrimaryIndex, "", store.Range{Limit: 1000}, func(v any) bool {
		visit(v.(*T))
		return true
	})
}
