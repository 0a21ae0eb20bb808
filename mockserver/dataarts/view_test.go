package dataarts

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// slowApprover is an approver as replies show him, for encoding/json, written without thought of speed.
type slowApprover struct {
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

func slowView(l look, a *Approver) *slowApprover {
	out := &slowApprover{ID: a.ID, ApproverName: a.Name, UserID: a.UserID, UserName: a.Name, CreateBy: l.creator.ID, AppName: a.App,
		Email: l.slowContact(a, contactEmail, a.Email), PhoneNumber: l.slowContact(a, contactPhone, a.Phone),
		CreateTime: time.Unix(int64(a.Created), 0).UTC().Format("2006-01-02T15:04:05.000Z"), ProjectID: l.project.ID}
	if l.manner.memberName && l.member != nil {
		out.UserName = l.member.Name
	}
	if l.manner.creatorName {
		out.CreateBy = l.creator.Name
	}
	if l.manner.seconds {
		out.CreateTime = time.Unix(int64(a.Created), 0).UTC().Format("2006-01-02T15:04:05Z")
	}
	if !l.manner.bareProject {
		out.ProjectID += "-workspace-" + l.workspace.ID
	}
	if !a.NoEmail || !a.NoSMS || l.manner.topicAlways {
		out.TopicURN = l.slowTopic(a)
	}
	return out
}

func (l look) slowContact(a *Approver, kind contact, address string) *string {
	if address == "" {
		return nil
	}
	x := &l.manner.cipher
	whole := slowCipher(x, a.ID, kind, address)
	switch l.manner.contact {
	case asCipher:
		address = whole
	case asMask:
		address = whole[:1] + strings.Repeat("*", len(whole)-1-x.tails[kind]) + whole[len(whole)-x.tails[kind]:]
	}
	return &address
}

func (l look) slowTopic(a *Approver) *string {
	name := l.project.Region
	if l.manner.topicProject {
		name = l.project.Name
	}
	app := strings.Map(func(r rune) rune {
		if r < 128 && (unreserved[byte(r)] && r != '.' && r != '~') {
			return r
		}
		return '_'
	}, a.App)
	text, x := "\x03\x00", &l.manner.cipher
	if x.salted {
		text += "\x00"
	}
	end := ""
	for rest := slowNoise(x, text+a.ID).Uint64(); len(end) < 8; rest /= 62 {
		end += string(alphanumeric[rest%62])
	}
	urn := fmt.Sprintf("urn:smn:%s:%s:DataArts_Topic_Approver_%s_%s_%s_%s", l.project.Region, l.project.ID, name, l.project.ID, app, end)
	return &urn
}

// slowNoise is what is derived from a text with a world's key.
func slowNoise(x *cipher, text string) *rand.PCG {
	h := x.key[0]
	for _, b := range []byte(text) {
		h = (h ^ uint64(b)) * (1<<40 + 0x1b3)
	}
	return rand.NewPCG(h, x.key[1])
}

func decodeBase64(s string) string {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		panic(err) // a constant
	}
	return string(b)
}

// slowCipher makes the whole cipher, part by part.
func slowCipher(x *cipher, id string, kind contact, plain string) string {
	noise := func(part byte, n int) string {
		text := string([]byte{part, byte(kind)})
		if x.salted {
			text += id + "\x00"
		}
		out, from := make([]byte, n), slowNoise(x, text+plain)
		for i := 0; i < n; i += 8 {
			binary.LittleEndian.PutUint64(out[i:], from.Uint64())
		}
		return string(out)
	}
	return base64.StdEncoding.EncodeToString([]byte(decodeBase64(cipherStart) + noise(0, 24) + decodeBase64(cipherMiddle) + noise(1, 16) +
		noise(2, 32+len(plain)/16*16)))
}

// everyManner has all ways to decide what the bytes of an approver depend on.
func everyManner() []*manner {
	var all []*manner
	for bits := range 3 << 8 {
		on := func(i int) bool { return bits>>i&1 == 1 }
		m := &manner{contact: way(bits >> 8), creatorName: on(0), memberName: on(1), topicAlways: on(2), topicProject: on(3), bareProject: on(4),
			seconds: on(5), cipher: cipher{key: [2]uint64{uint64(bits) << 20, 1}, salted: on(6), tails: [2]int{4, 1}}}
		if on(7) {
			m.cipher.tails[contactPhone] = 4
		}
		all = append(all, m)
	}
	return all
}

func someApprover() (*Approver, look) {
	return &Approver{ID: "42820", Name: "aname", UserID: "0833a5737480d53b2f25c010dc1a7b88", Email: "somebody-77@example.com", Phone: "17775558866",
			App: "dlg_ds", Created: unixTime(wall.Unix())},
		look{project: &Project{ID: "0833a5737480d53b2f25c010dc1a7b88", Region: "cn-north-7", Name: "cn-north-7_main"},
			workspace: &Workspace{ID: "9ce2cfd08fda4f3b95faa5ba65fa5ec3"}, creator: &User{ID: "0f1e", Name: "ops"}}
}

// TestApproverIsEncodedAsByEncodingJSON goes through every manner.
func TestApproverIsEncodedAsByEncodingJSON(t *testing.T) {
	t.Parallel()
	for _, m := range everyManner() {
		a, l := someApprover()
		l.manner = m
		for _, change := range []func(){
			func() {},
			func() {
				a.NoEmail, a.NoSMS = true, true
				if m.memberName {
					l.member = &User{Name: "member"}
				}
			},
			func() { a.Email, a.Phone, a.App = "", "", "a.b~c d\xff审-_" },
		} {
			change()
			if got, want := string(l.AppendRecord([]byte("x"), a)), "x"+slowJSON(t, slowView(l, a)); got != want {
				t.Fatalf("%+v\ngot  %s\nwant %s", m, got, want)
			}
		}
	}
}

// FuzzApprover holds the JSON of an approver against encoding/json.
func FuzzApprover(f *testing.F) {
	f.Add("42820", "审批人", "u\x00", "somebody@example.com", "17775558866", "dlg-ds.x", "cn-north-7", int64(1713520798), uint(0))
	f.Add("1", "\"", "\xff", strings.Repeat("é", 100), strings.Repeat("1", 16), "", "\u2028", int64(-1), uint(300))
	f.Add("7", "n", "u", strings.Repeat("long", 1500), "1", "a", "r", int64(1)<<40, uint(600))
	manners := everyManner()
	f.Fuzz(func(t *testing.T, id, name, userID, email, phone, app, project string, created int64, bits uint) {
		a, l := someApprover()
		*a = Approver{ID: id, Name: name, UserID: userID, Email: email, Phone: phone, App: app, Created: unixTime(created), NoEmail: bits&1 == 0, NoSMS: bits&2 == 0}
		l.manner = manners[bits%uint(len(manners))]
		l.project = &Project{ID: project + "1", Region: project, Name: project + "x"}
		if got, want := string(l.AppendRecord(nil, a)), slowJSON(t, slowView(l, a)); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

// TestPageOfManyCreators: every record is shown with its own creator, and a page can be written again.
func TestPageOfManyCreators(t *testing.T) {
	t.Parallel()
	_, l := someApprover()
	l.manner = &manner{creatorName: true}
	page := &approverPage{total: 9, records: make([]*Approver, 5)}
	for i, name := range []string{"a", "a", "b", "a", "c"} {
		page.records[i] = &Approver{ID: fmt.Sprint(i), Name: "n"}
		own := l
		own.creator = &User{Name: name}
		page.show(i, own)
	}
	for range 3 { // the encodings are kept meanwhile
		var got struct {
			Data struct {
				Value struct {
					Total   int
					Records []slowApprover
				}
			}
		}
		if err := json.Unmarshal(page.AppendJSON(nil), &got); err != nil {
			t.Fatal(err)
		}
		creators := ""
		for i, r := range got.Data.Value.Records {
			creators += r.CreateBy
			if r.ID != fmt.Sprint(i) {
				t.Errorf("record %d is %s", i, r.ID)
			}
		}
		if creators != "aabac" || got.Data.Value.Total != 9 {
			t.Errorf("creators %q, %d in all", creators, got.Data.Value.Total)
		}
	}
}
