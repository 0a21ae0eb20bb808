package dataarts

import (
	"sync/atomic"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/store"
)

// known is what a world remembers of the callers before: nearly every request comes from one of them, to the same place.
// What is remembered counts for as long as the collections are as they were, since records never change.
type known struct {
	callers [knownSlots]atomic.Pointer[knownCaller]
	places  [knownSlots]atomic.Pointer[knownPlace]
}

const knownSlots = 16

// knownCaller is who signs with an access key, and the project of the path.
type knownCaller struct {
	at      [3]store.Version
	project *Project
	key     *AccessKey
	user    *User
}

// knownPlace is a workspace of a project and a user's membership in it, nil if he is no member.
type knownPlace struct {
	at        [2]store.Version
	project   *Project
	user      *User
	workspace *Workspace
	member    *Member
}

// knowledge is the key of Memo.
type knowledge struct{}

func knownIn(c *mockserver.Call) *known {
	return c.World.Memo(knowledge{}, func() any { return new(known) }).(*known)
}

// slot is where something with these two names is remembered.
func slot(a, b string) int {
	h := len(a) + 31*len(b)
	for _, s := range [...]string{a, b} {
		for i := max(len(s)-4, 0); i < len(s); i++ {
			h = 31*h + int(s[i])
		}
	}
	return h % knownSlots
}

func callersAt(tx *store.Tx) [3]store.Version {
	return [...]store.Version{projects.Version(tx), accessKeys.Version(tx), users.Version(tx)}
}

// caller returns who signs with the key in the project, nil if that has to be looked up.
func (k *known) caller(tx *store.Tx, project, access string) *knownCaller {
	was := k.callers[slot(project, access)].Load()
	if was == nil || was.project.ID != project || was.key.AK != access || was.at != callersAt(tx) {
		return nil
	}
	return was
}

func (k *known) meet(tx *store.Tx, project *Project, key *AccessKey, user *User) {
	k.callers[slot(project.ID, key.AK)].Store(&knownCaller{callersAt(tx), project, key, user})
}

func placesAt(tx *store.Tx) [2]store.Version {
	return [...]store.Version{workspaces.Version(tx), members.Version(tx)}
}

// place returns the workspace that a caller names, nil if it has to be looked up.
func (k *known) place(tx *store.Tx, who *caller, id string) *knownPlace {
	was := k.places[slot(id, who.user.Key)].Load()
	if was == nil || was.workspace.ID != id || was.user != who.user || was.project != who.project || was.at != placesAt(tx) {
		return nil
	}
	return was
}

func (k *known) enter(tx *store.Tx, who *caller) {
	k.places[slot(who.workspace.ID, who.user.Key)].Store(&knownPlace{placesAt(tx), who.project, who.user, who.workspace, who.member})
}
