package sandbox

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Route classes name what a request is about; faults are bound to them.
const (
	classToken     = "token"
	classLocations = "locations"
	classRegions   = "regions"
	classMarket    = "market"
	classUsers     = "users"
	classManaged   = "managed-companies"
	classValidate  = "validate"
	classBuy       = "buy"
	classProducts  = "products"
	classProduct   = "product"
	classModify    = "modify"
	classTags      = "tags"
	classCharges   = "charges"
	classLOA       = "loa"
	classApprovals = "approvals"
	classPricebook = "pricebook"
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
	access access
	handle func(*Server, *call) reply
	off    func(*Knobs) bool // nil: always there
}

// access says who may call a route, and what happens when the client leaves.
type access int

const (
	reads  access = iota
	writes        // goes on when the client leaves
	public        // needs no token
)

// routes is the table of endpoints; docs/sandbox.md is made from it.
var routes = []route{
	{Route{"POST", TokenPath, classToken}, public, (*Server).issueToken, nil},
	{Route{"GET", "/v3/locations", classLocations}, public, (*Server).listLocations, func(k *Knobs) bool { return k.LocationsV3Off }},
	{Route{"GET", "/v2/networkRegions", classRegions}, public, (*Server).listRegions, nil},
	{Route{"POST", "/v3/networkdesign/validate", classValidate}, reads, (*Server).validateOrders, nil},
	{Route{"POST", "/v3/networkdesign/buy", classBuy}, writes, (*Server).buyV3, func(k *Knobs) bool { return k.BuyV3Off }},
	{Route{"POST", "/v4/networkdesign/buy", classBuy}, writes, (*Server).buyV4, func(k *Knobs) bool { return k.BuyV4Off }},
	{Route{"GET", "/v2/products", classProducts}, reads, (*Server).listProducts, nil},
	{Route{"GET", "/v2/product/{uid}", classProduct}, reads, (*Server).getProduct, nil},
	{Route{"PUT", "/v2/product/{uid}", classModify}, writes, (*Server).modifyProduct, nil},
	{Route{"PUT", "/v2/product/megaport/{uid}", classModify}, writes, (*Server).modifyProduct, nil},
	{Route{"GET", "/v2/product/{uid}/tags", classTags}, reads, (*Server).getTags, nil},
	{Route{"PUT", "/v2/product/{uid}/tags", "tags-put"}, writes, (*Server).putTags, nil},
	{Route{"POST", "/v2/product/{uid}/lock", "lock"}, writes, (*Server).lockProduct, nil},
	{Route{"DELETE", "/v2/product/{uid}/lock", "unlock"}, writes, (*Server).unlockProduct, nil},
	{Route{"POST", "/v3/product/{uid}/action/{action}", "cancel"}, writes, (*Server).actOnProduct, nil},
	{Route{"GET", "/v2/product/{uid}/action/CANCEL_NOW/charges", classCharges}, reads, (*Server).cancelCharges, nil},
	{Route{"GET", "/v3/product/{uid}/action/CANCEL_NOW/charges", classCharges}, reads, (*Server).cancelCharges, nil},
	{Route{"GET", "/v2/product/{uid}/loa", classLOA}, reads, (*Server).getLOA, nil},
	{Route{"GET", "/v2/product/port/{uid}/vlan", "vlan"}, reads, (*Server).freeVLANs, nil},
	{Route{"GET", "/v3/order_approvals", classApprovals}, reads, (*Server).listApprovals, nil},
	{Route{"POST", "/v3/order_approvals/{uid}/{decision}", "approval-action"}, writes, (*Server).decideApproval, nil},
	{Route{"GET", "/v2/service/key", "service-keys"}, reads, (*Server).getServiceKeys, nil},
	{Route{"POST", "/v2/service/key", "service-keys"}, writes, (*Server).createServiceKey, nil},
	{Route{"PUT", "/v2/service/key", "service-keys"}, writes, (*Server).updateServiceKey, nil},
	{Route{"POST", "/v4/pricebook/product", classPricebook}, reads, (*Server).priceProduct, nil},
	// What the account is (API facts §1.4, §1.8).
	{Route{"GET", "/v2/market", classMarket}, reads, (*Server).listMarkets, nil},
	{Route{"GET", "/v2/employment", classUsers}, reads, (*Server).listUsers, nil},
	{Route{"GET", "/v2/employee/{id}", classUsers}, reads, (*Server).getUser, nil},
	{Route{"GET", "/v2/managedCompanies", classManaged}, reads, (*Server).listManagedCompanies, nil},
}

// Routes lists the endpoints of the simulated API, admin endpoints left out.
func Routes() []Route {
	var out []Route
	for _, r := range routes {
		out = append(out, r.Route)
	}
	return out
}

// routeClasses lists the route classes in the order of the table.
func routeClasses() []string {
	var out []string
	for _, r := range routes {
		if !slices.Contains(out, r.Class) {
			out = append(out, r.Class)
		}
	}
	return out
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
	var allowed []string
	gone := false
	for i := range routes {
		r := &routes[i]
		params, fits := fit(r.Pattern, c.path)
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
	if gone && c.knobs.OffStatus > http.StatusNotFound {
		return fail(c.knobs.OffStatus, "%s %s is not available any more", c.req.Method, c.path), false
	}
	if len(allowed) == 0 {
		return c.noEndpoint(), false
	}
	r := fail(http.StatusMethodNotAllowed, "Method %s is not allowed on %s", c.req.Method, c.path)
	return r.withHeader("Allow", strings.Join(allowed, ", ")), false
}

// fit compares a path with a pattern and gives the values of the parts in braces.
func fit(pattern, path string) (map[string]string, bool) {
	patterns, segments := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(patterns) != len(segments) {
		return nil, false
	}
	params := make(map[string]string)
	for i, p := range patterns {
		switch name, isParam := strings.CutPrefix(p, "{"); {
		case isParam && segments[i] != "":
			params[strings.TrimSuffix(name, "}")] = segments[i]
		case p != segments[i]:
			return nil, false
		}
	}
	return params, true
}
