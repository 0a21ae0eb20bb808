package dataarts

import (
	"time"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/store"
)

// reply is the kind of reply in which a record is shown: the two show some fields differently.
type reply int

const (
	created reply = iota
	listed
)

// way is how an address is shown.
type way byte

const (
	asPlain way = iota
	asCipher
	asMask
)

// manner is how a world shows approvers in one kind of reply: its key and what it has decided. A world has one of each
// kind for good.
type manner struct {
	cipher  cipher
	contact way
	// creatorName shows the creator by name instead of id (DA-006), memberName the approver by the name of the user
	// behind the user id instead of the name that was sent (DA-008).
	creatorName, memberName bool
	// topicAlways: there is a topic even for who is not notified (DA-007); topicProject: it has the project's name in the
	// region's place (DA-026).
	topicAlways, topicProject bool
	// bareProject leaves the workspace out of project_id (DA-029), seconds the milliseconds out of times (DA-028).
	bareProject, seconds bool
}

// manners is the key of Memo.
type manners struct{}

func mannerOf(c *mockserver.Call, r reply) *manner {
	return &c.World.Memo(manners{}, func() any {
		return &[...]manner{created: newManner(c, created), listed: newManner(c, listed)}
	}).(*[2]manner)[r]
}

func newManner(c *mockserver.Call, r reply) manner {
	createBy := c.Switch("DA-006")
	contacts := [...]string{created: c.Switch("DA-003"), listed: c.Switch("DA-004")}
	return manner{
		cipher:       newCipher(c.World.Seed(), c.Switch),
		contact:      map[string]way{"plain": asPlain, "cipher": asCipher, "mask": asMask}[contacts[r]],
		creatorName:  createBy == "name" || createBy == "example" && r == listed,
		memberName:   c.Switch("DA-008") == "member",
		topicAlways:  c.Switch("DA-007") == "always",
		topicProject: c.Switch("DA-026") == "project",
		bareProject:  c.Switch("DA-029") == "project",
		seconds:      c.Switch("DA-028") == "seconds",
	}
}

// look is everything beside the approver that his JSON depends on. Records are never changed, so equal pointers are
// equal records.
type look struct {
	manner    *manner
	project   *Project
	workspace *Workspace
	creator   *User
	// member is the user with the approver's user id where the manner asks for his name, if there is one.
	member *User
}

// encodings keeps approvers as they were encoded, for all servers of the process.
var encodings = mockserver.NewEncodings[Approver, look](32 << 20)

// AppendRecord appends the approver as replies show him, in the order of the examples.
func (l look) AppendRecord(b []byte, a *Approver) []byte {
	b = append(b, `{"id":`...)
	b = mockserver.AppendQuoted(b, a.ID)
	b = append(b, `,"approver_name":`...)
	b = mockserver.AppendQuoted(b, a.Name)
	b = append(b, `,"user_id":`...)
	b = mockserver.AppendQuoted(b, a.UserID)
	b = append(b, `,"user_name":`...)
	b = mockserver.AppendQuoted(b, l.userName(a))
	b = append(b, `,"email":`...)
	b = l.appendContact(b, a.ID, contactEmail, a.Email)
	b = append(b, `,"user_type":null,"phone_number":`...)
	b = l.appendContact(b, a.ID, contactPhone, a.Phone)
	b = append(b, `,"create_by":`...)
	b = mockserver.AppendQuoted(b, l.createdBy())
	b = append(b, `,"create_time":"`...)
	b = l.appendTime(b, a.Created)
	b = append(b, `","app_name":`...)
	b = mockserver.AppendQuoted(b, a.App)
	b = append(b, `,"topic_urn":`...)
	b = l.appendTopic(b, a)
	b = append(b, `,"project_id":"`...)
	b = l.appendProject(b)
	return append(b, `"}`...)
}

func (l look) userName(a *Approver) string {
	if l.member != nil {
		return l.member.Name
	}
	return a.Name
}

func (l look) createdBy() string {
	if l.manner.creatorName {
		return l.creator.Name
	}
	return l.creator.ID
}

// appendContact appends an address as the manner says; none is null.
func (l look) appendContact(b []byte, id string, kind contact, address string) []byte {
	if address == "" {
		return append(b, "null"...)
	}
	b = append(b, '"')
	switch l.manner.contact {
	case asCipher:
		b = l.manner.cipher.appendCipher(b, id, kind, address)
	case asMask:
		b = l.manner.cipher.appendMask(b, id, kind, address)
	default:
		b = mockserver.AppendText(b, address)
	}
	return append(b, '"')
}

// appendTime appends a time in UTC. Records keep no fractions of a second.
func (l look) appendTime(b []byte, t unixTime) []byte {
	b = time.Unix(int64(t), 0).UTC().AppendFormat(b, time.RFC3339)
	if l.manner.seconds {
		return b
	}
	return append(b[:len(b)-1], ".000Z"...)
}

// appendTopic appends the URN of the SMN topic that notifies the approver (DA-007, DA-026).
func (l look) appendTopic(b []byte, a *Approver) []byte {
	if a.NoEmail && a.NoSMS && !l.manner.topicAlways {
		return append(b, "null"...)
	}
	name := l.project.Region
	if l.manner.topicProject {
		name = l.project.Name
	}
	b = append(b, `"urn:smn:`...)
	b = mockserver.AppendText(b, l.project.Region)
	b = append(b, ':')
	b = mockserver.AppendText(b, l.project.ID)
	b = append(b, ":DataArts_Topic_Approver_"...)
	b = mockserver.AppendText(b, name)
	b = append(b, '_')
	b = mockserver.AppendText(b, l.project.ID)
	b = append(b, '_')
	b = appendTopicText(b, a.App)
	b = append(b, '_')
	b = l.manner.cipher.appendTopicEnd(b, a.ID)
	return append(b, '"')
}

// appendTopicText keeps what a topic's name may hold: letters, digits, hyphens and underscores.
func appendTopicText(b []byte, s string) []byte {
	for _, r := range s {
		if r < 128 && unreserved[r] && r != '.' && r != '~' {
			b = append(b, byte(r))
		} else {
			b = append(b, '_')
		}
	}
	return b
}

func (l look) appendProject(b []byte) []byte {
	b = mockserver.AppendText(b, l.project.ID)
	if l.manner.bareProject {
		return b
	}
	return mockserver.AppendText(append(b, "-workspace-"...), l.workspace.ID)
}

// viewer finds the looks of the approvers of one reply.
type viewer struct {
	tx *store.Tx
	// last is the look of the approver before.
	last look
	// creators are the last ones met, the next of them to be forgotten at the place next.
	creators [4]*User
	next     int
}

func newViewer(c *mockserver.Call, who *caller, r reply) viewer {
	v := viewer{tx: c.Tx, last: look{manner: mannerOf(c, r), project: who.project, workspace: who.workspace}}
	v.creators[len(v.creators)-1] = who.user // most often; the others come before he is forgotten
	return v
}

// look returns what an approver of the reply is shown by.
func (v *viewer) look(a *Approver) (l look, err error) {
	if v.last.creator == nil || v.last.creator.Key != a.Creator {
		v.last.creator, err = v.creator(a.Creator)
	}
	if err == nil && v.last.manner.memberName {
		v.last.member, err = first(v.tx, users, "by_id", a.UserID)
	}
	return v.last, err
}

// creator looks a creator up about once a reply: few have more than these.
func (v *viewer) creator(key string) (*User, error) {
	for _, u := range v.creators {
		if u != nil && u.Key == key {
			return u, nil
		}
	}
	u, err := users.Get(v.tx, key)
	v.creators[v.next] = u
	v.next = (v.next + 1) % len(v.creators)
	return u, err
}
