package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// item is a record with one key of each kind; several records may have one name.
type item struct {
	ID, Name string
	Tags     []string
	Serial   string
}

func items() *Table[*item] {
	return NewTable("items", func(i *item) string { return i.ID },
		Index[*item]{Name: "name", Append: func(b []byte, i *item) []byte { return AppendKey(b, i.Name) }, Text: func(i *item) string { return i.Name }},
		Index[*item]{Name: "tags", Keys: func(i *item) []string { return i.Tags }, Text: func(i *item) string { return i.ID }},
		Index[*item]{Name: "serial", Unique: true, Key: func(i *item) (string, bool) { return i.Serial, i.Serial != "" }},
		Index[*item]{Name: "id backwards", Append: appendBackwards})
}

func appendBackwards(b []byte, i *item) []byte {
	for k := len(i.ID) - 1; k >= 0; k-- {
		b = append(b, i.ID[k])
	}
	return b
}

// model is the obvious slow version of a table.
type model map[string]*item

// listed is an entry of an index of the model.
type listed struct {
	key string
	rec *item
}

func (m model) list(index, prefix string) []listed {
	var out []listed
	add := func(key string, rec *item) {
		if strings.HasPrefix(key, prefix) {
			out = append(out, listed{key, rec})
		}
	}
	for _, rec := range m {
		switch index {
		case PrimaryIndex:
			add(rec.ID, rec)
		case "name":
			add(Key(rec.Name), rec)
		case "tags":
			for _, tag := range rec.Tags {
				add(tag, rec)
			}
		case "id backwards":
			add(string(appendBackwards(nil, rec)), rec)
		case "serial":
			if rec.Serial != "" {
				add(rec.Serial, rec)
			}
		}
	}
	slices.SortFunc(out, listed.compare)
	return out
}

func (a listed) compare(b listed) int {
	if c := strings.Compare(a.key, b.key); c != 0 {
		return c
	}
	return strings.Compare(a.rec.ID, b.rec.ID)
}

// in is the list as the range asks for it, before Skip and Limit.
func (r Range) in(list []listed) []listed {
	if r.Desc {
		list = slices.Clone(list)
		slices.Reverse(list)
	}
	if r.After == (Position{}) {
		return list
	}
	at := listed{r.After.Key, &item{ID: r.After.ID}}
	return slices.DeleteFunc(slices.Clone(list), func(e listed) bool {
		if r.Desc {
			return e.compare(at) >= 0
		}
		return e.compare(at) <= 0
	})
}

func (r Range) cut(list []listed) []*item {
	list = list[min(r.Skip, len(list)):]
	if r.Limit != 0 {
		list = list[:max(min(r.Limit, len(list)), 0)]
	}
	out := []*item{}
	for _, e := range list {
		out = append(out, e.rec)
	}
	return out
}

func (m model) put(rec *item) error {
	for _, other := range m {
		if rec.Serial != "" && other.Serial == rec.Serial && other.ID != rec.ID {
			return errors.New("duplicate")
		}
	}
	m[rec.ID] = rec
	return nil
}

func (m model) add(rec *item) error {
	if m[rec.ID] != nil {
		return errors.New("there is one")
	}
	return m.put(rec)
}

// chance makes records and ranges in which everything happens often.
type chance struct {
	*rand.Rand
	ids int
}

func (c chance) id() string { return fmt.Sprint(c.IntN(c.ids)) }

func (c chance) text() string {
	b := make([]byte, c.IntN(4))
	for i := range b {
		b[i] = []byte{'a', 'b', 0, 1, 0xff}[c.IntN(5)]
	}
	return string(b)
}

func (c chance) item() *item {
	i := &item{ID: c.id(), Name: c.text(), Tags: slices.Compact([]string{c.text(), c.text()})}
	if len(i.Tags) == 2 && i.Tags[0] == i.Tags[1] {
		i.Tags = i.Tags[:1]
	}
	if c.IntN(3) == 0 {
		i.Serial = fmt.Sprint(c.IntN(4 * c.ids))
	}
	return i
}

func (c chance) rng() Range {
	r := Range{Skip: c.IntN(4), Limit: c.IntN(9) - 1, Desc: c.IntN(2) == 0}
	if c.IntN(4) == 0 {
		r.Skip = c.IntN(c.ids)
	}
	if c.IntN(3) == 0 {
		r.After = Position{Key: Key(c.text()), ID: c.id()}
	}
	return r
}

// run does the same to a store and a model, and compares them.
func (c chance) run(t *testing.T, steps int) {
	t.Helper()
	ctx := context.Background()
	table := items()
	s, err := New(table.Collection())
	if err != nil {
		t.Fatal(err)
	}
	m := model{}
	for range steps {
		undo, undone := model{}, c.IntN(6) == 0
		for id, rec := range m {
			undo[id] = rec
		}
		before := s.Snapshot(ctx)
		no := errors.New("undone")
		err := s.Update(ctx, func(tx *Tx) error {
			for range 1 + c.IntN(4) {
				c.step(t, tx, table, m)
				if c.IntN(4) == 0 {
					c.compareNarrow(t, tx, table, m)
				}
				if c.IntN(8) == 0 { // this brings in what waits
					c.compare(t, tx, table, m)
				}
			}
			if undone {
				return no
			}
			return nil
		})
		if undone != errors.Is(err, no) || !undone && err != nil {
			t.Fatal(err)
		}
		c.compare(t, before, table, undo)
		if undone {
			m = undo
		}
		if c.IntN(10) == 0 {
			s = s.Fork()
		}
		now := s.Snapshot(ctx)
		if n := table.in(now).len(); n != len(m) {
			t.Fatalf("%d records, want %d", n, len(m))
		}
		if c.IntN(4) == 0 {
			c.compare(t, now, table, m)
			for i, root := range table.settle(table.in(now)).roots {
				checkNode(t, root, &table.orders[i])
			}
		}
	}
}

// step is one write.
func (c chance) step(t *testing.T, tx *Tx, table *Table[*item], m model) {
	t.Helper()
	switch c.IntN(8) {
	case 0:
		c.load(t, tx, table, m)
	case 1:
		from := c.IntN(c.ids)
		for id := from; id < min(c.ids, from+c.IntN(c.ids/2)); id++ {
			c.remove(t, tx, table, m, fmt.Sprint(id))
		}
	case 2, 3:
		c.remove(t, tx, table, m, c.id())
	default:
		rec := c.item()
		var dup *DuplicateError
		put, modelled := table.Put, m.put
		if c.IntN(4) == 0 {
			put, modelled = table.Add, m.add
		}
		if got, want := put(tx, rec), modelled(rec); (want != nil) != errors.As(got, &dup) || want == nil && got != nil {
			t.Fatalf("put: got %v, want %v", got, want)
		}
	}
}

func (c chance) remove(t *testing.T, tx *Tx, table *Table[*item], m model, id string) {
	t.Helper()
	err := table.Delete(tx, id)
	if (m[id] == nil) != errors.Is(err, ErrNotFound) || m[id] != nil && err != nil {
		t.Fatalf("delete: got %v", err)
	}
	delete(m, id)
}

// load puts many at once; what the model refuses is refused as a whole.
func (c chance) load(t *testing.T, tx *Tx, table *Table[*item], m model) {
	t.Helper()
	recs := make([]*item, c.IntN(2*c.ids))
	after := model{}
	for id, rec := range m {
		after[id] = rec
	}
	for i := range recs {
		recs[i] = c.item()
		if c.IntN(8) > 0 {
			recs[i].Serial = ""
		}
		after[recs[i].ID] = recs[i]
	}
	serials, twice := map[string]bool{}, false
	for _, rec := range after {
		twice = twice || rec.Serial != "" && serials[rec.Serial]
		serials[rec.Serial] = true
	}
	err := table.Load(tx, recs)
	var dup *DuplicateError
	if twice != errors.As(err, &dup) || !twice && err != nil {
		t.Fatalf("load: got %v, a serial twice: %v", err, twice)
	}
	if !twice {
		clear(m)
		for id, rec := range after {
			m[id] = rec
		}
	}
}

// compare holds what the transaction reads against the model.
func (c chance) compare(t *testing.T, tx *Tx, table *Table[*item], m model) {
	t.Helper()
	id := c.id()
	if got, err := table.Get(tx, id); got != m[id] || (err == nil) != (m[id] != nil) {
		t.Fatalf("get %q: %v, %v, want %v", id, got, err, m[id])
	}
	index := []string{PrimaryIndex, "name", "tags", "serial", "id backwards"}[c.IntN(5)]
	prefix, r := c.text(), c.rng()
	list := m.list(index, prefix)
	got, err := table.Page(tx, index, prefix, r)
	if want := r.cut(r.in(list)); err != nil || !slices.Equal(got, want) {
		t.Fatalf("page of %s %q %+v: got %v, %v, want %v", index, prefix, r, got, err, want)
	}
	if n, err := table.Count(tx, index, prefix); n != len(list) || err != nil {
		t.Fatalf("count of %s %q: %d, %v, want %d", index, prefix, n, err, len(list))
	}
	var first, last *item
	if len(list) > 0 {
		first, last = list[0].rec, list[len(list)-1].rec
	}
	if got, _ := table.First(tx, index, prefix); got != first {
		t.Fatalf("first of %s %q: %v, want %v", index, prefix, got, first)
	}
	if last != nil && prefix == "" {
		if got, err := table.LastOf(tx, index); got != last || err != nil {
			t.Fatalf("last of %s: %v, %v, want %v", index, got, err, last)
		}
	}
	c.compareSearch(t, tx, table, m, r)
}

// compareNarrow is compare for what does not have all changes brought in.
func (c chance) compareNarrow(t *testing.T, tx *Tx, table *Table[*item], m model) {
	t.Helper()
	id, name := c.id(), c.text()
	if got, err := table.GetOf(tx, []byte(id)); got != m[id] || (err == nil) != (m[id] != nil) {
		t.Fatalf("get %q: %v, %v, want %v", id, got, err, m[id])
	}
	var first, last *item
	list := m.list("name", Key(name))
	if len(list) > 0 {
		first, last = list[0].rec, list[len(list)-1].rec
	}
	if got, _ := table.LastOf(tx, "name", name); got != last {
		t.Fatalf("last of the name %q: %v, want %v", name, got, last)
	}
	if got, _ := table.FirstOf(tx, "name", name); got != first {
		t.Fatalf("first of the name %q: %v, want %v", name, got, first)
	}
	if n, _ := table.CountOf(tx, "name", name); n != len(list) {
		t.Fatalf("%d of the name %q, want %d", n, name, len(list))
	}
}

func (c chance) compareSearch(t *testing.T, tx *Tx, table *Table[*item], m model, r Range) {
	t.Helper()
	var parts []string
	if c.IntN(2) == 0 {
		parts = []string{c.text()}
	}
	want := Text{Contains: c.text(), NotEqual: c.IntN(2) == 0}
	index, text := "name", func(i *item) string { return i.Name }
	if c.IntN(2) == 0 {
		index, text = "tags", func(i *item) string { return i.ID }
		want.Contains = c.id()
	}
	for range 3 { // what was found is remembered
		list := slices.DeleteFunc(r.in(m.list(index, Key(parts...))), func(e listed) bool {
			has := text(e.rec)
			return !strings.Contains(has, want.Contains) || want.NotEqual && has == want.Contains
		})
		got, total, err := table.Search(nil, tx, index, want, r, parts...)
		if err != nil || total != len(list) || !slices.Equal(got, r.cut(list)) {
			t.Fatalf("search %s %q %+v %+v: got %v of %d, %v, want %v of %d", index, parts, want, r, got, total, err, r.cut(list), len(list))
		}
		r.Skip, r.Limit, r.Desc = c.IntN(4), c.IntN(8), c.IntN(2) == 0
	}
}

// checkNode checks what every part of the code takes for granted about a node. It returns the node's height.
func checkNode[R any](t *testing.T, n node[R], o *order[R]) int {
	t.Helper()
	if n.leaf != nil && (n.leaf.n < 1 || n.leaf.n > leafSize) || n.in != nil && (n.in.n < 1 || n.in.n > innerSize || len(n.in.starts) != n.in.n) {
		t.Fatalf("a node of a wrong size: %+v", n)
	}
	if n.in == nil {
		return 0
	}
	end, height := 0, -1
	for i := range n.in.n {
		kid := n.in.kids[i]
		end += kid.len()
		if int(n.in.ends[i]) != end {
			t.Fatalf("part %d ends at %d, want %d", i, n.in.ends[i], end)
		}
		if h := checkNode(t, kid, o); height >= 0 && h != height {
			t.Fatalf("parts of heights %d and %d", h, height)
		} else {
			height = h
		}
		if i > 0 {
			at := n.in.starts[i]
			if before, _ := rank(n, o, at.key, at.id); before != n.in.before(i) {
				t.Fatalf("part %d begins at %q, which is entry %d, want %d", i, at, before, n.in.before(i))
			}
		}
	}
	return height + 1
}

func TestAgainstModel(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			ids := []int{4, 40, 400, 4000}[seed%4]
			steps := []int{200, 200, 60, 12}[seed%4]
			chance{rand.New(rand.NewPCG(seed, 0)), ids}.run(t, steps)
		})
	}
}

func FuzzAgainstModel(f *testing.F) {
	f.Add(uint64(1), uint16(50))
	f.Add(uint64(2), uint16(1500))
	f.Fuzz(func(t *testing.T, seed uint64, ids uint16) {
		chance{rand.New(rand.NewPCG(seed, 1)), 4 + int(ids)%2000}.run(t, 10)
	})
}

// A tree that most records were deleted from is as small as one that never had them, give or take.
func TestTreesShrink(t *testing.T) {
	t.Parallel()
	table := items()
	s, err := New(table.Collection())
	if err != nil {
		t.Fatal(err)
	}
	const many, few = 12_000, 300
	r := rand.New(rand.NewPCG(1, 2))
	recs := make([]*item, many)
	for i, k := range r.Perm(many) {
		recs[i] = &item{ID: fmt.Sprint(k), Name: fmt.Sprint("n", k%97), Tags: []string{fmt.Sprint(i)}}
	}
	update := func(fn func(tx *Tx) error) {
		if err := s.Update(t.Context(), fn); err != nil {
			t.Fatal(err)
		}
	}
	update(func(tx *Tx) error { return table.Load(tx, recs) })
	for len(recs) > few {
		update(func(tx *Tx) error { return table.Delete(tx, recs[0].ID) })
		recs = recs[1:]
		if len(recs)%1000 != few {
			continue
		}
		for i, root := range table.settle(table.in(s.Snapshot(t.Context()))).roots {
			checkNode(t, root, &table.orders[i])
			if n, most := leaves(root), 4+5*len(recs)/leafSize; n > most {
				t.Fatalf("%d records in %d leaves of tree %d, want at most %d", len(recs), n, i, most)
			}
		}
	}
	for _, rec := range recs {
		update(func(tx *Tx) error { return table.Delete(tx, rec.ID) })
	}
	for i, root := range table.settle(table.in(s.Snapshot(t.Context()))).roots {
		if root != (node[*item]{}) {
			t.Errorf("tree %d of no records: %+v", i, root)
		}
	}
}

func leaves[R any](n node[R]) int {
	if n.in == nil {
		return 1
	}
	sum := 0
	for _, kid := range n.in.kids[:n.in.n] {
		sum += leaves(kid)
	}
	return sum
}
