package sandbox

import (
	"net/http"
	"net/url"
	"strings"
)

// Route classes name what a request is about; faults are bound to them.
const (
	classToken          = "token"
	classLocations      = "locations"
	classRegions        = "regions"
	classMarket         = "market"
	classUsers          = "users"
	classManaged        = "managed-companies"
	classValidate       = "validate"
	classBuy            = "buy"
	classProducts       = "products"
	classProduct        = "product"
	classModify         = "modify"
	classTags           = "tags"
	classTagsPut        = "tags-put"
	classLock           = "lock"
	classUnlock         = "unlock"
	classCancel         = "cancel"
	classCharges        = "charges"
	classLOA            = "loa"
	classVLAN           = "vlan"
	classApprovals      = "approvals"
	classApprovalAction = "approval-action"
	classKeys           = "service-keys"
	classPricebook      = "pricebook"
)

// Route is one endpoint of the simulated API.
type Route struct {
	Method  string `json:"method"`
	Pattern string `json:"pattern"`
	// Class is the name that binds faults to the route.
	Class string `json:"class"`
}

type route struct {
	Route
	public bool              // needs no token
	writes bool              // goes on when the client leaves
	off    func(*Knobs) bool // nil: always there
	handle func(*Server, *call) reply
}

// Routes lists the endpoints of the simulated API, admin endpoints left out.
func Routes() []Route {
	var out []Route
	for _, r := range routeTable() {
		out = append(out, r.Route)
	}
	return out
}

func routeTable() []route {
	public := func(method, pattern, class string, h func(*Server, *call) reply) route {
		return route{Route: Route{method, pattern, class}, public: true, handle: h}
	}
	read := func(method, pattern, class string, h func(*Server, *call) reply) route {
		return route{Route: Route{method, pattern, class}, handle: h}
	}
	write := func(method, pattern, class string, h func(*Server, *call) reply) route {
		return route{Route: Route{method, pattern, class}, writes: true, handle: h}
	}
	unless := func(off func(*Knobs) bool, r route) route {
		r.off = off
		return r
	}
	const get, put, post, del = http.MethodGet, http.MethodPut, http.MethodPost, http.MethodDelete
	return []route{
		public(post, TokenPath, classToken, (*Server).issueToken),
		unless(func(k *Knobs) bool { return k.LocationsV3Off }, public(get, "/v3/locations", classLocations, (*Server).listLocationsV3)),
		unless(func(k *Knobs) bool { return !k.LocationsV2 }, public(get, "/v2/locations", classLocations, (*Server).listLocationsV2)),
		public(get, "/v2/networkRegions", classRegions, (*Server).listRegions),
		read(get, "/v2/market", classMarket, (*Server).listMarkets),
		read(get, "/v2/employment", classUsers, (*Server).listUsers),
		read(get, "/v2/employee/{id}", classUsers, (*Server).getUser),
		read(get, "/v2/managedCompanies", classManaged, (*Server).listManagedCompanies),
		read(post, "/v3/networkdesign/validate", classValidate, (*Server).validateOrders),
		unless(func(k *Knobs) bool { return k.BuyV3Off }, write(post, "/v3/networkdesign/buy", classBuy, (*Server).buyV3)),
		unless(func(k *Knobs) bool { return k.BuyV4Off }, write(post, "/v4/networkdesign/buy", classBuy, (*Server).buyV4)),
		read(get, "/v2/products", classProducts, (*Server).listProducts),
		read(get, "/v2/product/{uid}", classProduct, (*Server).getProduct),
		write(put, "/v2/product/{uid}", classModify, (*Server).modifyProduct),
		write(put, "/v2/product/megaport/{uid}", classModify, (*Server).modifyProduct),
		read(get, "/v2/product/{uid}/tags", classTags, (*Server).getTags),
		write(put, "/v2/product/{uid}/tags", classTagsPut, (*Server).putTags),
		write(post, "/v2/product/{uid}/lock", classLock, (*Server).lockProduct),
		write(del, "/v2/product/{uid}/lock", classUnlock, (*Server).unlockProduct),
		write(post, "/v3/product/{uid}/action/{action}", classCancel, (*Server).actOnProduct),
		read(get, "/v2/product/{uid}/action/CANCEL_NOW/charges", classCharges, (*Server).cancelCharges),
		read(get, "/v3/product/{uid}/action/CANCEL_NOW/charges", classCharges, (*Server).cancelCharges),
		read(get, "/v2/product/{uid}/loa", classLOA, (*Server).getLOA),
		read(get, "/v2/product/port/{uid}/vlan", classVLAN, (*Server).freeVLANs),
		read(get, "/v3/order_approvals", classApprovals, (*Server).listApprovals),
		write(post, "/v3/order_approvals/{uid}/{decision}", classApprovalAction, (*Server).decideApproval),
		read(get, "/v2/service/key", classKeys, (*Server).getServiceKeys),
		write(post, "/v2/service/key", classKeys, (*Server).createServiceKey),
		write(put, "/v2/service/key", classKeys, (*Server).updateServiceKey),
		read(post, "/v4/pricebook/product", classPricebook, (*Server).priceProduct),
	}
}

// normalise collapses doubled slashes, which real clients send and a redirect
// would break (API facts §1.5), and reads a percent-encoded question mark in the
// path as the start of the query (API facts §13, confidence A).
func normalise(u *url.URL) (string, url.Values) {
	path, rawQuery, encoded := strings.Cut(u.Path, "?")
	query := u.Query()
	if encoded {
		if more, err := url.ParseQuery(rawQuery); err == nil {
			for name, values := range more {
				query[name] = append(query[name], values...)
			}
		}
	}
	parts := strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
	return "/" + strings.Join(parts, "/"), query
}

// match finds the call's route. When there is none, or none for the method, it
// gives the answer and false: DELETE on a v2 product is 405, on a v3 one "no
// endpoint" (API facts §5.4, confidence C).
func (s *Server) match(c *call) (reply, bool) {
	segments := strings.Split(c.path, "/")
	var allowed []string
	gone := false
	for i := range s.routes {
		r := &s.routes[i]
		params, fits := fit(strings.Split(r.Pattern, "/"), segments)
		if !fits {
			continue
		}
		if r.off != nil && r.off(c.knobs) {
			gone = gone || r.Method == c.req.Method
			continue
		}
		if r.Method != c.req.Method {
			allowed = append(allowed, r.Method)
			continue
		}
		c.route, c.params = r, params
		return reply{}, true
	}
	if gone && c.knobs.OffStatus != 0 && c.knobs.OffStatus != http.StatusNotFound {
		return fail(c.knobs.OffStatus, "%s %s is not available any more", c.req.Method, c.path), false
	}
	if len(allowed) == 0 {
		return c.noEndpoint(), false
	}
	r := fail(http.StatusMethodNotAllowed, "Method %s is not allowed on %s", c.req.Method, c.path)
	return r.withHeader("Allow", strings.Join(allowed, ", ")), false
}

// fit compares path segments with those of a pattern and gives the values of the
// parts in braces.
func fit(pattern, segments []string) (map[string]string, bool) {
	if len(pattern) != len(segments) {
		return nil, false
	}
	var params map[string]string
	for i, p := range pattern {
		if !strings.HasPrefix(p, "{") {
			if p != segments[i] {
				return nil, false
			}
			continue
		}
		if segments[i] == "" {
			return nil, false
		}
		if params == nil {
			params = make(map[string]string)
		}
		params[strings.Trim(p, "{}")] = segments[i]
	}
	return params, true
}
