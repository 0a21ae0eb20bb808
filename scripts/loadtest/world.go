package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
)

// The servers that rows share. Each is started when the first row asks for it.
const (
	demoServer    = "demo"    // the demo world
	membersServer = "members" // its workspace has members to register
	smallServer   = "small"   // 100 approvers
	largeServer   = "large"   // --records of them
	// The same, where names are compared as a whole.
	smallExactServer = "small, exact"
	largeExactServer = "large, exact"
	// freshServer has the large world, hardly a journal, and tells of its heap.
	freshServer = "fresh"
)

const fewRecords = 100

// members is how many there are to register.
func (b *bench) members() int { return min(100_000, b.records) }

func (b *bench) server(ctx context.Context, name string) (*server, error) {
	if s := b.servers[name]; s != nil {
		return s, nil
	}
	flags, err := b.worldFlags(name)
	if err != nil {
		return nil, err
	}
	s, err := b.serve(ctx, flags...)
	if err != nil {
		return nil, err
	}
	b.say("the server of the %s world answers after %s", name, s.ready)
	b.servers[name] = s
	return s, nil
}

func (b *bench) worldFlags(name string) ([]string, error) {
	few := func(w *bufio.Writer) { writeApprovers(w, fewRecords) }
	many := func(w *bufio.Writer) { writeApprovers(w, b.records) }
	exact := []string{"--assume", "DA-012=exact"}
	switch name {
	case membersServer:
		return b.worldFile("members", func(w *bufio.Writer) { writeMembers(w, b.members()) })
	case smallServer:
		return b.worldFile("small", few)
	case smallExactServer:
		return b.worldFile("small", few, exact...)
	case largeServer:
		return b.worldFile("large", many)
	case largeExactServer:
		return b.worldFile("large", many, exact...)
	case freshServer:
		return b.worldFile("large", many, "--pprof", "--journal-bytes", "1MiB")
	}
	return nil, nil
}

// worldFile writes a world file, once, and returns the flags that serve it.
func (b *bench) worldFile(name string, write func(*bufio.Writer), flags ...string) ([]string, error) {
	file := b.path(name + ".world.json")
	flags = append([]string{"--world", file}, flags...)
	if _, err := os.Stat(file); err == nil {
		return flags, nil
	}
	return flags, writeFile(file, write)
}

func writeFile(name string, write func(*bufio.Writer)) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	write(w)
	return errors.Join(w.Flush(), f.Close())
}

// The keys of demo records that approvers refer to.
const (
	workspaceKey = "workspace-cn-north-7"
	creatorKey   = "caller"
	domainKey    = "demo"
)

// firstID is above the ids of the demo world's approvers.
const firstID = 1_000_000

// writeApprovers writes a world file with that many approvers over the demo world.
func writeApprovers(w *bufio.Writer, count int) {
	fmt.Fprint(w, `{"base":"demo","records":{"dataarts":{"approvers":[`)
	for i := range count {
		separate(w, i)
		n := strconv.Itoa(i)
		fmt.Fprintf(w, `{"id":"%d","workspace":%q,"approver_name":%q,"user_id":%q,"email":"somebody-%s@example.com",`+
			`"phone_number":"1%d","app_name":"dlg_ds","creator":%q,"create_time":"2024-04-01T02:03:04Z"}`,
			firstID+i, workspaceKey, approverName(i), memberID(i), n, 7_000_000_000+i, creatorKey)
	}
	fmt.Fprint(w, "]}}}\n")
}

func approverName(i int) string { return "approver-" + strconv.Itoa(i) }

// writeMembers writes a world file with that many members of the workspace who are no approvers yet.
func writeMembers(w *bufio.Writer, count int) {
	fmt.Fprint(w, `{"base":"demo","records":{"dataarts":{"users":[`)
	for i := range count {
		separate(w, i)
		fmt.Fprintf(w, `{"key":"m%d","domain":%q,"id":%q,"name":%q}`, i, domainKey, memberID(i), memberName(i))
	}
	fmt.Fprint(w, `],"members":[`)
	for i := range count {
		separate(w, i)
		fmt.Fprintf(w, `{"workspace":%q,"user":"m%d","role":"r00002"}`, workspaceKey, i)
	}
	fmt.Fprint(w, "]}}}\n")
}

func separate(w *bufio.Writer, i int) {
	if i > 0 {
		fmt.Fprint(w, ",\n")
	}
}
