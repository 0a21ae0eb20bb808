package main

import (
	"runtime"
	"slices"
	"testing"
)

// collector stands for the runtime's.
type collector struct {
	percent   int
	set       []int
	collected func()
}

func (c *collector) change(percent int) int {
	before := c.percent
	c.percent = percent
	c.set = append(c.set, percent)
	return before
}

func (c *collector) next(fn func()) { c.collected = fn }

func TestPostponement(t *testing.T) {
	t.Parallel()
	begin := func(percent int) (*collector, *postponement) {
		c := &collector{percent: percent}
		return c, &postponement{percent: c.change, next: c.next, usual: -1}
	}
	t.Run("OKFew", func(t *testing.T) {
		t.Parallel()
		c, p := begin(100)
		p.postpone(worthPostponing - 1)()
		if len(c.set) > 0 {
			t.Errorf("set to %d for a few records", c.set)
		}
	})
	t.Run("OKTwoAtOnce", func(t *testing.T) {
		t.Parallel()
		c, p := begin(100)
		first := p.postpone(worthPostponing)
		postponed := c.percent
		second := p.postpone(worthPostponing)
		first()
		first() // once is enough
		if postponed <= 100 || c.percent != postponed {
			t.Errorf("set to %d: want one postponement while the second loads", c.set)
		}
		second()
		if c.percent != 100 {
			t.Errorf("set to %d: want 100 at last", c.set)
		}
		p.postpone(worthPostponing)()
		if want := slices.Repeat([]int{-1, postponed, 100}, 2); len(c.set) != len(want) || c.percent != 100 {
			t.Errorf("set to %d: want about %d", c.set, want)
		}
	})
	t.Run("OKCollectedMeanwhile", func(t *testing.T) {
		t.Parallel()
		c, p := begin(50)
		end := p.postpone(worthPostponing)
		c.collected()
		if c.percent != 50 {
			t.Errorf("set to %d: want 50 once the heap has grown", c.set)
		}
		times := len(c.set)
		end()
		if len(c.set) != times {
			t.Errorf("set to %d: want nothing more at the end", c.set)
		}
	})
	t.Run("OKCollectedLate", func(t *testing.T) {
		t.Parallel()
		c, p := begin(50)
		p.postpone(worthPostponing)()
		late := c.collected
		defer p.postpone(worthPostponing)()
		if late(); c.percent == 50 {
			t.Errorf("set to %d: the first postponement ended the second", c.set)
		}
	})
	t.Run("OKOff", func(t *testing.T) {
		t.Parallel()
		c, p := begin(-1)
		p.postpone(worthPostponing)()
		if c.percent != -1 {
			t.Errorf("set to %d: want it off as before", c.set)
		}
	})
}

func TestAfterCollection(t *testing.T) {
	t.Parallel()
	called := make(chan struct{})
	afterCollection(func() { close(called) })
	runtime.GC()
	<-called
}
