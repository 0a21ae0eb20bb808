package main

import (
	"bufio"
	"context"
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
	s, err := b.serve(ctx, b.patience, flags...)
	if err != nil {
		return nil, err
	}
	b.say("the server of the %s world answers after %s", name, s.ready)
	b.servers[name] = s
	return s, nil
}

func (b *bench) worldFlags(name string) ([]string, error) {
	write := map[string]func(*bufio.Writer){
		membersServer: func(w *bufio.Writer) { writeMembers(w, b.members()) },
		smallServer:   func(w *bufio.Writer) { writeApprovers(w, fewRecords) },
		largeServer:   func(w *bufio.Writer) { writeApprovers(w, b.records) },
	}[name]
	if write == nil {
		return nil, nil
	}
	file := b.path(name + ".world.json")
	return []string{"--world", file}, writeFile(file, write)
}

func writeFile(name string, write func(*bufio.Writer)) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	write(w)
	if err := w.Flush(); err != nil {
		f.Close()
		return err
	}
	return f.Close()
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
	w.WriteString(`{"base":"demo","records":{"dataarts":{"approvers":[`)
	for i := range count {
		separate(w, i)
		n := strconv.Itoa(i)
		fmt.Fprintf(w, `{"id":"%d","workspace":%q,"approver_name":%q,"user_id":%q,"email":"somebody-%s@example.com",`+
			`"phone_number":"1%d","app_name":"dlg_ds","creator":%q,"create_time":"2024-04-01T02:03:04Z"}`,
			firstID+i, workspaceKey, approverName(i), memberID(i), n, 7_000_000_000+i, creatorKey)
	}
	w.WriteString("]}}}\n")
}

func approverName(i int) string { return "approver-" + strconv.Itoa(i) }

// writeMembers writes a world file with that many members of the workspace who are no approvers yet.
func writeMembers(w *bufio.Writer, count int) {
	w.WriteString(`{"base":"demo","records":{"dataarts":{"users":[`)
	for i := range count {
		separate(w, i)
		fmt.Fprintf(w, `{"key":"m%d","domain":%q,"id":%q,"name":%q}`, i, domainKey, memberID(i), memberName(i))
	}
	w.WriteString(`],"members":[`)
	for i := range count {
		separate(w, i)
		fmt.Fprintf(w, `{"workspace":%q,"user":"m%d","role":"r00002"}`, workspaceKey, i)
	}
	w.WriteString("]}}}\n")
}

func separate(w *bufio.Writer, i int) {
	if i > 0 {
		w.WriteString(",\n")
	}
}
