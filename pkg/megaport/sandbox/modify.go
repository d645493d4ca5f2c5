package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"time"
)

// change runs one modification of the call's service. The function checks and
// changes; it gives the answer, and the service to store or nil.
func (s *Server) change(c *call, fn func(t *tx, w *view, v *service) (*service, reply)) reply {
	uid := c.params["uid"]
	places := s.places(c.knobs)
	return s.update(func(t *tx) reply {
		w := s.viewAt(c, t.now, places)
		v := t.services.docs[uid]
		if v == nil || w.hidden(v) {
			return notFound(c, uid)
		}
		changed, r := fn(t, w, v)
		if changed != nil {
			t.saveService(changed)
		}
		return r
	})
}

// guard refuses to change what is locked or gone (API facts §5.3, confidence D).
func guard(v *service) (reply, bool) {
	if r, ok := guardLock(v); !ok || !v.Locked {
		return r, ok
	}
	return fail(http.StatusBadRequest, "Service %s is locked", v.UID), false
}

// guardLock refuses to lock or unlock what is gone or not the customer's to unlock.
func guardLock(v *service) (reply, bool) {
	switch {
	case v.terminated():
		return terminatedService(v), false
	case v.AdminLocked:
		return fail(http.StatusBadRequest, "Service %s is locked by an administrator", v.UID), false
	}
	return reply{}, true
}

func terminatedService(v *service) reply {
	return fail(http.StatusBadRequest, "Service %s is terminated and cannot be changed", v.UID)
}

// modification is the body of PUT product. The official client's leaked keys
// ProductID and ProductType are unknown here and so ignored (API facts §5.1,
// confidence A).
type modification struct {
	Name       *string `json:"name"`
	CostCentre *string `json:"costCentre"`
	Visibility *bool   `json:"marketplaceVisibility"`
	Term       *int    `json:"term"` // months
}

func (s *Server) modifyProduct(c *call) reply {
	var m modification
	if err := decode(c.body, &m); err != nil {
		return badBody(err)
	}
	return s.change(c, func(_ *tx, w *view, v *service) (*service, reply) {
		if r, ok := guard(v); !ok {
			return nil, r
		}
		if problems := m.check(w, v); len(problems) > 0 {
			return nil, refusal(c.knobs, problems)
		}
		changed := m.apply(v, c.knobs.AbsentCostCentreClears)
		return changed, ok(fmt.Sprintf("Product [%s] has been updated", v.UID), w.service(changed))
	})
}

func (m *modification) check(w *view, v *service) (out problems) {
	if m.Name != nil {
		checkName(w.knobs, *m.Name, out.add)
	}
	if m.CostCentre != nil {
		checkCostCentre(*m.CostCentre, out.add)
	}
	if m.Term != nil && *m.Term != v.TermMonths {
		m.checkTerm(w, v, out.add)
	}
	return out
}

// checkTerm allows another term only while LIVE, and a shorter one only in the
// last month of the running one (API facts §5.1, confidence B).
func (m *modification) checkTerm(w *view, v *service, add func(string, ...any)) {
	if !slices.Contains(allowedTerms, *m.Term) {
		add("term %d is none of 1, 12, 24, 36, 48, 60 months", *m.Term)
		return
	}
	if w.status(v) != statusLive {
		add("the term can be changed only while the service is LIVE")
		return
	}
	_, end := w.contract(v)
	lastMonth := time.UnixMilli(end).UTC().AddDate(0, -1, 0)
	if *m.Term < v.TermMonths && w.now.Before(lastMonth) {
		add("the term can be shortened only in its last month")
	}
}

// apply gives the changed service. An absent costCentre keeps the value unless
// the knob says otherwise (API facts §12.8, confidence D).
func (m *modification) apply(v *service, absentClears bool) *service {
	c := v.clone()
	if m.Name != nil {
		c.Name = *m.Name
	}
	switch {
	case m.CostCentre != nil:
		c.CostCentre = *m.CostCentre
	case absentClears:
		c.CostCentre = ""
	}
	if m.Visibility != nil {
		c.Visible = *m.Visibility
	}
	if m.Term != nil {
		c.TermMonths = *m.Term
	}
	return c
}

// getTags answers an object in data even when there are no tags: the official
// client needs it (API facts §5.2, confidence A).
func (s *Server) getTags(c *call) reply {
	return s.on(c, func(_ *view, v *service) reply {
		return ok("Found resource tags for "+v.UID, object{"resourceTags": v.Tags})
	})
}

// putTags replaces all tags. A body without resourceTags is refused rather than
// taken for an empty list (confidence D).
func (s *Server) putTags(c *call) reply {
	var body struct {
		Tags *[]tag `json:"resourceTags"`
	}
	if err := decode(c.body, &body); err != nil {
		return badBody(err)
	}
	if body.Tags == nil {
		return fail(http.StatusBadRequest, "resourceTags is missing")
	}
	var reasons problems
	if checkTags(*body.Tags, reasons.add); len(reasons) > 0 {
		return refusal(c.knobs, reasons)
	}
	return s.change(c, func(_ *tx, _ *view, v *service) (*service, reply) {
		changed := v.clone()
		changed.Tags = *body.Tags
		return changed, ok("Resource tags have been updated for "+v.UID, object{"resourceTags": changed.Tags})
	})
}

// lockProduct and unlockProduct are idempotent (API facts §5.3, confidence D).
func (s *Server) lockProduct(c *call) reply { return s.setLock(c, true, "Service locked") }

func (s *Server) unlockProduct(c *call) reply { return s.setLock(c, false, "Service unlocked") }

func (s *Server) setLock(c *call, locked bool, message string) reply {
	return s.change(c, func(_ *tx, w *view, v *service) (*service, reply) {
		if r, ok := guardLock(v); !ok {
			return nil, r
		}
		changed := v.clone()
		changed.Locked = locked
		return changed, ok(message, w.product(changed))
	})
}
