package mockserver

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/countersign/countersign/mockserver/store"
)

func (s *Server) describe(w *World) gin.H {
	counts := map[string]int{}
	for _, p := range s.plugs {
		tx := w.store(p).Snapshot(context.Background())
		for _, c := range p.Collections {
			counts[p.Name+"."+c.Name()] = tx.CountAny(c)
		}
	}
	chosen := map[string]string{}
	maps.Copy(chosen, w.chosen)
	return gin.H{"name": w.name, "seed": w.setting.Seed, "clock": w.setting.Clock, "now": w.Now(), "strict": w.strict,
		"signing_clock": w.Clock().SigningClock, "assumptions": chosen, "collections": counts, "calls": w.calls.Load()}
}

func (s *Server) adminWorlds(c *gin.Context) {
	list := []gin.H{}
	for _, w := range s.Worlds() {
		list = append(list, s.describe(w))
	}
	c.JSON(http.StatusOK, gin.H{"worlds": list})
}

func (s *Server) adminCreateWorld(c *gin.Context) {
	var setting WorldSetting
	if err := bind(c, &setting); err != nil {
		adminFailure(c, err)
		return
	}
	w, err := s.CreateWorld(c.Request.Context(), setting)
	if err != nil {
		adminFailure(c, err)
		return
	}
	env, err := s.env(c, w)
	if err != nil {
		adminFailure(c, err)
		return
	}
	c.JSON(http.StatusCreated, gin.H{"name": w.name, "env": env})
}

func (s *Server) adminWorld(c *gin.Context) {
	if w := s.theWorld(c); w != nil {
		c.JSON(http.StatusOK, s.describe(w))
	}
}

func (s *Server) adminDeleteWorld(c *gin.Context) {
	if err := s.DeleteWorld(c.Param("world")); err != nil {
		adminFailure(c, err)
		return
	}
	c.Status(http.StatusNoContent)
}

// theWorld returns the world of the path, or answers and returns nil.
func (s *Server) theWorld(c *gin.Context) *World {
	w, err := s.World(c.Param("world"))
	if err != nil {
		adminFailure(c, err)
		return nil
	}
	return w
}

func (s *Server) adminEnv(c *gin.Context) {
	w := s.theWorld(c)
	if w == nil {
		return
	}
	env, err := s.env(c, w)
	if err != nil {
		adminFailure(c, err)
		return
	}
	c.JSON(http.StatusOK, env)
}

func (s *Server) env(c *gin.Context, w *World) (map[string]any, error) {
	env, err := w.Env(c.Request.Context(), s.vendorsURL(c.Request))
	if err != nil {
		return nil, err
	}
	for k, v := range s.opts.Facts {
		env[k] = v
	}
	return env, nil
}

// stateRequest is a provider state as the admin API takes it ({name, params}) and as Pact verifiers send it
// ({state or states, params, action, consumer}).
type stateRequest struct {
	Name     string   `json:"name"`
	Params   Params   `json:"params"`
	State    string   `json:"state"`
	States   []string `json:"states"`
	Action   string   `json:"action"`
	Consumer string   `json:"consumer"`
}

func (r *stateRequest) names() []string {
	for _, name := range []string{r.Name, r.State} {
		if name != "" {
			return []string{name}
		}
	}
	return r.States
}

func (s *Server) adminState(c *gin.Context) {
	w := s.theWorld(c)
	if w == nil {
		return
	}
	var r stateRequest
	if err := bind(c, &r); err != nil {
		adminFailure(c, err)
		return
	}
	names := r.names()
	if len(names) == 0 {
		adminError(c, http.StatusBadRequest, `want {"name": "...", "params": {...}}; GET `+adminPrefix+`/states lists the names`)
		return
	}
	if r.Action == "teardown" { // worlds are reset or thrown away, not taken back step by step
		c.JSON(http.StatusOK, gin.H{})
		return
	}
	out := map[string]any{}
	for _, name := range names {
		values, err := w.Apply(c.Request.Context(), name, r.Params)
		if err != nil {
			adminFailure(c, err)
			return
		}
		for k, v := range values {
			out[k] = v
		}
	}
	c.JSON(http.StatusOK, out)
}

func (s *Server) adminStates(c *gin.Context) {
	list := []gin.H{}
	for _, p := range s.plugs {
		for _, st := range p.States {
			list = append(list, gin.H{"name": st.Name, "vendor": p.Name, "doc": st.Doc, "params": append([]string{}, st.Params...)})
		}
	}
	c.JSON(http.StatusOK, gin.H{"states": list})
}

// findCollection finds "vendor.collection", or "collection" where only one vendor has it.
func (s *Server) findCollection(name string) (*plugged, *store.Collection, error) {
	var p *plugged
	var found *store.Collection
	var owners []string
	for _, plug := range s.plugs {
		for _, col := range plug.Collections {
			if full := plug.Name + "." + col.Name(); name == full || name == col.Name() {
				p, found, owners = plug, col, append(owners, full)
			}
		}
	}
	switch len(owners) {
	case 0:
		return nil, nil, fmt.Errorf("%w: no collection is named %q; there are %s", store.ErrNotFound, name, strings.Join(s.collectionNames(), ", "))
	case 1:
		return p, found, nil
	}
	return nil, nil, fmt.Errorf("%q is ambiguous: want one of %s", name, strings.Join(owners, ", "))
}

func (s *Server) collectionNames() []string {
	var names []string
	for _, p := range s.plugs {
		for _, c := range p.Collections {
			names = append(names, p.Name+"."+c.Name())
		}
	}
	slices.Sort(names)
	return names
}
