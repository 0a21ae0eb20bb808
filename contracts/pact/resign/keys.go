package resign

// The vendors, by the names of their sections in `countersign env`.
const (
	quickBI  = "quickbi"
	wps365   = "wps"
	dataArts = "dataarts"
)

// Key is one set of credentials.
type Key struct {
	// ID and Secret sign. ID may be empty where only Token counts.
	ID, Secret string
	// Token is a security token that goes with a temporary key, or the token that stands beside a permanent one
	// (Bearer of WPS 365, X-Auth-Token of DataArts).
	Token string
	// Temporary keys send their token with every signature.
	Temporary bool
	// itself is true of a key that never stands in for one that the provider does not know.
	itself bool
}

// Keys are the credentials of the provider, by vendor. The zero value has none.
type Keys struct{ of map[string][]Key }

// Learn adds the credentials of the sections of `countersign env`. The first ones that are learnt of a vendor are the
// ones that stand in for key ids that the provider does not know.
func (k *Keys) Learn(env map[string]any) {
	for _, vendor := range []string{quickBI, wps365, dataArts} {
		section, ok := env[vendor].(map[string]any)
		if !ok {
			continue
		}
		k.add(vendor, section, names[vendor])
		if vendor == quickBI {
			k.add(vendor, section, fields{"temporary_access_key_id", "temporary_access_key_secret", "security_token", true})
		}
	}
}

// LearnRecords adds the access keys of Quick BI as the stand-in keeps them, so that a request that was recorded with
// the key of another user than the first is signed with that user's.
func (k *Keys) LearnRecords(records []map[string]any) {
	for _, r := range records {
		n := len(k.of[quickBI])
		k.add(quickBI, r, fields{"id", "secret", "token", true})
		for i := range k.of[quickBI][n:] {
			k.of[quickBI][n+i].itself = true
		}
	}
}

// LearnState adds the credentials that a provider state has answered, under whatever names the vendors have for them.
func (k *Keys) LearnState(values map[string]any) {
	k.add(quickBI, values, fields{"access_key_id", "access_key_secret", "security_token", true})
	k.add(dataArts, values, fields{"ak", "sk", "security_token", true})
	k.add(wps365, values, fields{"app_id", "app_key", "", false})
}

// fields are the names that a key's parts have.
type fields struct {
	id, secret, token string
	temporary         bool
}

var names = map[string]fields{
	quickBI:  {"access_key_id", "access_key_secret", "", false},
	wps365:   {"app_id", "app_key", "access_token", false},
	dataArts: {"ak", "sk", "token", false},
}

func (k *Keys) add(vendor string, values map[string]any, f fields) {
	text := func(name string) string { s, _ := values[name].(string); return s }
	key := Key{ID: text(f.id), Secret: text(f.secret), Token: text(f.token), Temporary: f.temporary && text(f.token) != ""}
	if key.ID == "" || key.Secret == "" {
		return
	}
	if k.of == nil {
		k.of = map[string][]Key{}
	}
	k.of[vendor] = append(k.of[vendor], key)
}

// pick finds the key of a recorded request: the one with the recorded id, else the last temporary one for a request with
// a security token, else the vendor's first.
func (k *Keys) pick(vendor, recorded string, temporary bool) (Key, bool) {
	all := k.of[vendor]
	for _, key := range all {
		if key.ID == recorded {
			return key, true
		}
	}
	for i := len(all) - 1; temporary && i >= 0; i-- {
		if all[i].Temporary && !all[i].itself {
			return all[i], true
		}
	}
	for _, key := range all {
		if !key.Temporary && !key.itself {
			return key, true
		}
	}
	return Key{}, false
}
