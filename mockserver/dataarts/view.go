package dataarts

import (
	"strings"
	"time"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/store"
)

// approverVO is an approver as replies show him, in the order of the examples.
type approverVO struct {
	ID           string  `json:"id"`
	ApproverName string  `json:"approver_name"`
	UserID       string  `json:"user_id"`
	UserName     string  `json:"user_name"`
	Email        *string `json:"email"`
	UserType     *string `json:"user_type"`
	PhoneNumber  *string `json:"phone_number"`
	CreateBy     string  `json:"create_by"`
	CreateTime   string  `json:"create_time"`
	AppName      string  `json:"app_name"`
	TopicURN     *string `json:"topic_urn"`
	ProjectID    string  `json:"project_id"`
}

// form is the reply in which a record is shown: the two show some fields differently.
type form int

const (
	created form = iota
	listed
)

// viewer shows the approvers of one workspace as the world's switches say.
type viewer struct {
	c         *mockserver.Call
	project   *Project
	projectID string
	cipher    *cipher
	creators  map[string]*User

	createBy, topics, topicName, layout string
	contact                             [2]string // by form
	memberName                          bool
}

const (
	layoutMillis  = "2006-01-02T15:04:05.000Z"
	layoutSeconds = "2006-01-02T15:04:05Z"
)

func newViewer(c *mockserver.Call, at *place) *viewer {
	p := at.caller.project
	v := &viewer{c: c, project: p, projectID: p.ID, cipher: newCipher(c), creators: map[string]*User{},
		createBy: c.Switch("DA-006"), topics: c.Switch("DA-007"), topicName: p.Region, layout: layoutMillis,
		contact: [2]string{c.Switch("DA-003"), c.Switch("DA-004")}, memberName: c.Switch("DA-008") == "member"}
	if c.Switch("DA-029") == "workspace" {
		v.projectID += "-workspace-" + at.workspace.ID
	}
	if c.Switch("DA-026") == "project" {
		v.topicName = p.Name
	}
	if c.Switch("DA-028") == "seconds" {
		v.layout = layoutSeconds
	}
	return v
}

func (v *viewer) show(a *Approver, f form) (*approverVO, error) {
	creator, err := v.creator(a.Creator)
	if err != nil {
		return nil, err
	}
	out := &approverVO{
		ID:           a.ID,
		ApproverName: a.Name,
		UserID:       a.UserID,
		UserName:     a.Name,
		Email:        v.hide(a, contactEmail, a.Email, f),
		PhoneNumber:  v.hide(a, contactPhone, a.Phone, f),
		CreateBy:     creator.ID,
		CreateTime:   time.Unix(int64(a.Created), 0).UTC().Format(v.layout),
		AppName:      a.App,
		TopicURN:     v.topic(a),
		ProjectID:    v.projectID,
	}
	if v.createBy == "name" || v.createBy == "example" && f == listed {
		out.CreateBy = creator.Name
	}
	if v.memberName {
		out.UserName, err = v.nameOf(a)
	}
	return out, err
}

// creator looks a creator up once a page.
func (v *viewer) creator(key string) (*User, error) {
	if u := v.creators[key]; u != nil {
		return u, nil
	}
	u, err := users.Get(v.c.Tx, key)
	v.creators[key] = u
	return u, err
}

func (v *viewer) nameOf(a *Approver) (string, error) {
	u, err := first(v.c.Tx, users, "by_id", store.Key(a.UserID))
	if err != nil || u == nil {
		return a.Name, err
	}
	return u.Name, nil
}

// hide shows an address as the world's switch for the reply says; none is null.
func (v *viewer) hide(a *Approver, kind contact, plain string, f form) *string {
	if plain == "" {
		return nil
	}
	out := plain
	switch v.contact[f] {
	case "cipher":
		out = v.cipher.encrypt(a.ID, kind, plain)
	case "mask":
		out = v.cipher.mask(a.ID, kind, plain)
	}
	return &out
}

// topic composes the URN of the SMN topic that notifies the approver (DA-007, DA-026).
func (v *viewer) topic(a *Approver) *string {
	if a.NoEmail && a.NoSMS && v.topics == "null" {
		return nil
	}
	var b strings.Builder
	b.Grow(192)
	for _, part := range []string{"urn:smn:", v.project.Region, ":", v.project.ID, ":DataArts_Topic_Approver_", v.topicName, "_",
		v.project.ID, "_", topicText(a.App), "_", v.cipher.topicEnd(a.ID)} {
		b.WriteString(part)
	}
	out := b.String()
	return &out
}

// topicText keeps what a topic's name may hold: letters, digits, hyphens and underscores.
func topicText(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 128 && (unreserved[byte(r)] && r != '.' && r != '~') {
			return r
		}
		return '_'
	}, s)
}
