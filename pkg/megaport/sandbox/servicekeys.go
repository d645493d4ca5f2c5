package sandbox

import (
	"maps"
	"net/http"
	"slices"
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

// wireKey is a service key as it is read (API facts §13, confidence A).
type wireKey struct {
	Key         string       `json:"key"`
	CreateDate  int64        `json:"createDate"`
	CompanyID   int          `json:"companyId"`
	CompanyUID  string       `json:"companyUid"`
	CompanyName string       `json:"companyName"`
	Description string       `json:"description"`
	ProductID   int          `json:"productId"`
	ProductUID  string       `json:"productUid"`
	ProductName string       `json:"productName"`
	VLAN        *int         `json:"vlan"`
	MaxSpeed    int          `json:"maxSpeed"`
	PreApproved bool         `json:"preApproved"`
	SingleUse   bool         `json:"singleUse"`
	LastUsed    *int64       `json:"lastUsed"`
	Active      bool         `json:"active"`
	ValidFor    *wireKeySpan `json:"validFor"`
	Expired     bool         `json:"expired"`
	Valid       bool         `json:"valid"`
	PromoCode   *string      `json:"promoCode"`
}

func (s *Server) wireKey(k *serviceKey, v *service) wireKey {
	now := s.now().UnixMilli()
	expired := k.ValidEnd > 0 && now >= k.ValidEnd
	w := wireKey{
		Key: k.Key, CreateDate: k.CreatedAt, CompanyID: s.config.Company.ID, CompanyUID: s.config.Company.UID,
		CompanyName: s.config.Company.Name, Description: k.Description, ProductUID: k.ProductUID,
		VLAN: nullableInt(k.VLAN), MaxSpeed: k.MaxSpeed, PreApproved: k.PreApproved, SingleUse: k.SingleUse,
		Active: k.Active, Expired: expired, Valid: k.Active && !expired && now >= k.ValidStart,
	}
	if v != nil {
		w.ProductID, w.ProductName = v.ProductID, v.Name
	}
	if k.ValidStart > 0 || k.ValidEnd > 0 {
		w.ValidFor = &wireKeySpan{k.ValidStart, k.ValidEnd}
	}
	return w
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
	var r reply
	err := s.store.update(func(t *tx) {
		v := productOf(t.state, b.ProductUID, b.ProductID)
		if v == nil {
			r = notFound(c, b.ProductUID)
			return
		}
		if v.terminated() {
			r = fail(http.StatusBadRequest, "Service %s is terminated and can not be changed", v.UID)
			return
		}
		k := &serviceKey{
			Key: s.config.NewUID(), Seq: t.next(countKeys), CreatedAt: t.now.UnixMilli(),
			ProductUID: v.UID, Description: b.Description, MaxSpeed: b.MaxSpeed, PreApproved: b.PreApproved, VLAN: b.VLAN,
		}
		b.applyTo(k)
		t.keys.put(k.Key, k)
		r = ok("Service key created", map[string]string{"key": k.Key})
	})
	if err != nil {
		return s.unavailable(err)
	}
	return r
}

// applyTo sets what may change later. The clients omit active when it is false.
func (b *keyBody) applyTo(k *serviceKey) {
	k.Active = b.Active != nil && *b.Active
	if b.SingleUse != nil {
		k.SingleUse = *b.SingleUse
	}
	if b.ValidFor != nil {
		k.ValidStart, k.ValidEnd = b.ValidFor.Start, b.ValidFor.End
	}
}

// updateServiceKey changes a key. An update without description clears it (API
// facts §13, confidence A).
func (s *Server) updateServiceKey(c *call) reply {
	var b keyBody
	if err := decode(c.body, &b); err != nil {
		return badBody(err)
	}
	var r reply
	err := s.store.update(func(t *tx) {
		old := t.keys.docs[b.Key]
		if old == nil {
			r = keyNotFound(b.Key)
			return
		}
		k := *old
		k.Description = b.Description
		b.applyTo(&k)
		t.keys.put(k.Key, &k)
		r = ok("Service key updated", s.wireKey(&k, t.services.docs[k.ProductUID]))
	})
	if err != nil {
		return s.unavailable(err)
	}
	return r
}

func keyNotFound(key string) reply {
	return fail(http.StatusNotFound, "Could not find a service key %s", key)
}

// getServiceKeys gives one key (query key) or those of one product (query
// productIdOrUid), or all.
func (s *Server) getServiceKeys(c *call) reply {
	var rows []wireKey
	one, product := c.query.Get("key"), c.query.Get("productIdOrUid")
	id, _ := strconv.Atoi(product) // 0 when it is a UID
	err := s.store.view(func(st *state) {
		keys := slices.Collect(maps.Values(st.keys.docs))
		slices.SortFunc(keys, func(a, b *serviceKey) int { return a.Seq - b.Seq })
		wanted := productOf(st, product, id)
		for _, k := range keys {
			v := st.services.docs[k.ProductUID]
			if one != "" && k.Key != one || product != "" && (wanted == nil || v != wanted) {
				continue
			}
			rows = append(rows, s.wireKey(k, v))
		}
	})
	switch {
	case err != nil:
		return s.unavailable(err)
	case one != "" && len(rows) == 0:
		return keyNotFound(one)
	case one != "":
		return ok("Found service key", rows[0])
	}
	return ok("Found service keys", rows)
}
