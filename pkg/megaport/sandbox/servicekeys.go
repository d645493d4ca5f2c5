package sandbox

import (
	"net/http"
	"strconv"
)

// keyBody is the body of POST and PUT service key. Clients send validFor beside
// a leaked ValidFor in another form (API facts §13, confidence A).
type keyBody struct {
	Key         string       `json:"key"`
	ProductUID  string       `json:"productUid"`
	ProductID   int          `json:"productId"`
	Description string       `json:"description"`
	Active      *bool        `json:"active"`
	SingleUse   *bool        `json:"singleUse"`
	MaxSpeed    int          `json:"maxSpeed"` // Mbps
	PreApproved bool         `json:"preApproved"`
	VLAN        int          `json:"vlan"`
	ValidFor    *wireKeySpan `json:"validFor"`
}

// wireKeySpan is a span of time in epoch milliseconds.
type wireKeySpan struct {
	Start int64 `json:"start"`
	End   int64 `json:"end"`
}

// key renders a service key as it is read (API facts §13, confidence A).
func (s *Server) key(k *serviceKey, v *service) object {
	now, company := s.now().UnixMilli(), s.config.Company
	expired := k.ValidEnd > 0 && now >= k.ValidEnd
	if v == nil {
		v = &service{}
	}
	return object{
		"key": k.Key, "createDate": k.CreatedAt, "companyId": company.ID, "companyUid": company.UID, "companyName": company.Name,
		"description": k.Description, "productId": v.ProductID, "productUid": k.ProductUID, "productName": v.Name,
		"vlan": nullable(k.VLAN), "maxSpeed": k.MaxSpeed, "preApproved": k.PreApproved, "singleUse": k.SingleUse, "lastUsed": nil,
		"active": k.Active, "validFor": nullable(wireKeySpan{k.ValidStart, k.ValidEnd}), "expired": expired, "valid": k.Active && !expired && now >= k.ValidStart, "promoCode": nil,
	}
}

// productOf finds the service a key body or query names, by UID or by id.
func productOf(st *state, uid string, id int) *service {
	if v := st.services.docs[uid]; v != nil {
		return v
	}
	for _, v := range st.services.docs {
		if v.ProductID == id {
			return v
		}
	}
	return nil
}

func (s *Server) createServiceKey(c *call) reply {
	var b keyBody
	if err := decode(c.body, &b); err != nil {
		return badBody(err)
	}
	return s.update(func(t *tx) reply {
		v := productOf(t.state, b.ProductUID, b.ProductID)
		switch {
		case v == nil:
			return notFound(c, b.ProductUID)
		case v.terminated():
			return terminatedService(v)
		}
		k := &serviceKey{
			Key: s.config.NewUID(), Seq: t.next(countKeys), CreatedAt: t.now.UnixMilli(),
			ProductUID: v.UID, MaxSpeed: b.MaxSpeed, PreApproved: b.PreApproved, VLAN: b.VLAN,
		}
		b.applyTo(k)
		t.keys.put(k.Key, k)
		return ok("Service key created", map[string]string{"key": k.Key})
	})
}

// applyTo sets what may change later. The clients omit active when it is false, and
// no description clears it (API facts §13, confidence A).
func (b *keyBody) applyTo(k *serviceKey) {
	k.Description, k.Active = b.Description, b.Active != nil && *b.Active
	if b.SingleUse != nil {
		k.SingleUse = *b.SingleUse
	}
	if b.ValidFor != nil {
		k.ValidStart, k.ValidEnd = b.ValidFor.Start, b.ValidFor.End
	}
}

func (s *Server) updateServiceKey(c *call) reply {
	var b keyBody
	if err := decode(c.body, &b); err != nil {
		return badBody(err)
	}
	return s.update(func(t *tx) reply {
		old := t.keys.docs[b.Key]
		if old == nil {
			return keyNotFound(b.Key)
		}
		k := *old
		b.applyTo(&k)
		t.keys.put(k.Key, &k)
		return ok("Service key updated", s.key(&k, t.services.docs[k.ProductUID]))
	})
}

func keyNotFound(key string) reply {
	return fail(http.StatusNotFound, "Could not find a service key %s", key)
}

// getServiceKeys gives one key (query key) or those of one product (query
// productIdOrUid), or all.
func (s *Server) getServiceKeys(c *call) reply {
	one, product := c.query.Get("key"), c.query.Get("productIdOrUid")
	id, _ := strconv.Atoi(product) // 0 when it is a UID
	return s.read(func(st *state) reply {
		rows := []object{}
		wanted := productOf(st, product, id)
		for _, k := range st.keys.sorted(func(k *serviceKey) int { return k.Seq }) {
			v := st.services.docs[k.ProductUID]
			if one != "" && k.Key != one || product != "" && (wanted == nil || v != wanted) {
				continue
			}
			rows = append(rows, s.key(k, v))
		}
		switch {
		case one == "":
			return ok("Found service keys", rows)
		case len(rows) == 0:
			return keyNotFound(one)
		}
		return ok("Found service key", rows[0])
	})
}
