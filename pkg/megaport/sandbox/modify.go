package sandbox

import (
	"fmt"
	"net/http"
	"time"
)

// change runs one modification of the call's service. The function checks and
// changes; it gives the answer, and the service to store or nil.
func (s *Server) change(c *call, fn func(t *tx, w *view, v *service) (*service, reply)) reply {
	uid := c.params["uid"]
	places := s.places(c.knobs)
	var r reply
	err := s.store.update(func(t *tx) {
		w := s.viewAt(c, t.now, places)
		v := t.services.docs[uid]
		if v == nil || w.hidden(v) {
			r = notFound(c, uid)
			return
		}
		var changed *service
		if changed, r = fn(t, w, v); changed != nil {
			t.saveService(changed)
		}
	})
	if err != nil {
		return s.unavailable(err)
	}
	return r
}

// guard refuses to change what is locked or gone (API facts §5.3, confidence D).
func guard(v *service) (reply, bool) {
	switch {
	case v.terminated():
		return fail(http.StatusBadRequest, "Service %s is terminated and can not be changed", v.UID), false
	case v.AdminLocked:
		return fail(http.StatusBadRequest, "Service %s is locked by an administrator", v.UID), false
	case v.Locked:
		return fail(http.StatusBadRequest, "Service %s is locked", v.UID), false
	}
	return reply{}, true
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

func (m *modification) check(w *view, v *service) []problem {
	var out []problem
	add := func(format string, args ...any) { out = append(out, problem{text: fmt.Sprintf(format, args...)}) }
	if m.Name != nil {
		checkName(w.knobs, *m.Name, add)
	}
	if m.CostCentre != nil {
		checkCostCentre(*m.CostCentre, add)
	}
	if m.Term != nil && *m.Term != v.TermMonths {
		m.checkTerm(w, v, add)
	}
	return out
}

// checkTerm allows another term only while LIVE, and a shorter one only in the
// last month of the running one (API facts §5.1, confidence B).
func (m *modification) checkTerm(w *view, v *service, add func(string, ...any)) {
	if !allowedTerm(*m.Term) {
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

type wireTags struct {
	Tags []tag `json:"resourceTags"`
}

// getTags answers an object in data even when there are no tags: the official
// client needs it (API facts §5.2, confidence A).
func (s *Server) getTags(c *call) reply {
	v, r, found := s.find(c)
	if !found {
		return r
	}
	return ok("Found resource tags for "+v.UID, wireTags{v.Tags})
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
	var problems []problem
	checkTags(*body.Tags, func(format string, args ...any) {
		problems = append(problems, problem{text: fmt.Sprintf(format, args...)})
	})
	if len(problems) > 0 {
		return refusal(c.knobs, problems)
	}
	return s.change(c, func(_ *tx, _ *view, v *service) (*service, reply) {
		changed := v.clone()
		changed.Tags = *body.Tags
		return changed, ok("Resource tags have been updated for "+v.UID, wireTags{changed.Tags})
	})
}

// lockProduct and unlockProduct are idempotent (API facts §5.3, confidence D).
func (s *Server) lockProduct(c *call) reply { return s.setLock(c, true, "Service locked") }

func (s *Server) unlockProduct(c *call) reply { return s.setLock(c, false, "Service unlocked") }

func (s *Server) setLock(c *call, locked bool, message string) reply {
	return s.change(c, func(_ *tx, w *view, v *service) (*service, reply) {
		switch {
		case v.terminated():
			return nil, fail(http.StatusBadRequest, "Service %s is terminated and can not be changed", v.UID)
		case v.AdminLocked:
			return nil, fail(http.StatusBadRequest, "Service %s is locked by an administrator", v.UID)
		}
		changed := v.clone()
		changed.Locked = locked
		return changed, ok(message, w.product(changed))
	})
}
