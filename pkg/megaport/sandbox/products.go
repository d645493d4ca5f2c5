package sandbox

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Provisioning states (API facts §4.3, confidence A).
const (
	statusDeployable      = "DEPLOYABLE"
	statusConfigured      = "CONFIGURED"
	statusLive            = "LIVE"
	statusFailed          = "FAILED"
	statusCancelled       = "CANCELLED"
	statusCancelledParent = "CANCELLED_PARENT"
	statusDecommissioning = "DECOMMISSIONING"
	statusDecommissioned  = "DECOMMISSIONED"
)

// terminated reports whether the service was cancelled.
func (v *service) terminated() bool {
	if v.CancelledAt > 0 {
		return true
	}
	return slices.Contains([]string{statusCancelled, statusCancelledParent, statusDecommissioning, statusDecommissioned}, v.Status)
}

// view renders services as they are at one moment.
type view struct {
	s      *Server
	knobs  *Knobs
	now    time.Time
	places places
	// company is the UID of the managed company that the call acts for, empty for
	// the account's own.
	company string
}

func (s *Server) viewAt(c *call, now time.Time, p places) *view {
	return &view{s, c.knobs, now, p, c.company()}
}

// viewNow renders for one call.
func (s *Server) viewNow(c *call) *view { return s.viewAt(c, s.now(), s.places(c.knobs)) }

// date shows a time in epoch milliseconds, null for none, as the API's clock has it.
func (w *view) date(ms int64) *int64 {
	if ms != 0 {
		ms += w.knobs.DateSkew.Milliseconds()
	}
	return nullable(ms)
}

func (w *view) createDate(v *service) int64 { return v.CreatedAt + w.knobs.DateSkew.Milliseconds() }

// aggregation shows the LAG that the service is a member of, null for none, and as
// long as a knob says.
func (w *view) aggregation(v *service) *int {
	if w.now.UnixMilli() < v.CreatedAt+w.knobs.AggregationDelay.Milliseconds() {
		return nil
	}
	return nullable(v.AggregationID)
}

// owner gives the company that the service belongs to.
func (w *view) owner(v *service) (uid, name string) {
	if v.CompanyUID == "" {
		return w.s.config.Company.UID, w.s.config.Company.Name
	}
	return v.CompanyUID, cmp.Or(v.CompanyName, companyName(v.CompanyUID))
}

// companyName invents the name of a company of which only the UID is given: two
// companies of one name would be told apart by nothing but their UIDs.
func companyName(uid string) string { return "Company " + uid[:min(len(uid), 8)] }

// status computes the provisioning state from the service's timestamps.
func (w *view) status(v *service) string {
	now := w.now.UnixMilli()
	switch {
	case v.CancelledAt > 0 && now >= v.DecommissionedAt:
		return statusDecommissioned
	case v.CancelledAt > 0:
		return statusDecommissioning
	case v.Status != "":
		return v.Status
	case matchAny(w.knobs.Stuck, v.Name) || now < v.ConfiguredAt:
		return statusDeployable
	case matchAny(w.knobs.Failed, v.Name):
		return statusFailed
	case now < v.LiveAt:
		return statusConfigured
	}
	return statusLive
}

// wentLive gives the time the service went LIVE, 0 if it has not yet.
func (w *view) wentLive(v *service) int64 {
	live := w.status(v) == statusLive || v.CancelledAt > 0 && v.CancelledAt >= v.LiveAt
	if !live {
		return 0
	}
	return v.LiveAt
}

// contract gives start and end of the term; both are unknown until LIVE (API
// facts §8.2, confidence C).
func (w *view) contract(v *service) (start, end int64) {
	start = w.wentLive(v)
	if start == 0 {
		return 0, 0
	}
	return start, time.UnixMilli(start).UTC().AddDate(0, v.TermMonths, 0).UnixMilli()
}

func (w *view) market(v *service) string {
	market := w.places[v.LocationID].Market
	if w.knobs.MarketUSA && market == "US" {
		return "USA"
	}
	return market
}

func (w *view) costCentre(v *service) *string {
	if w.knobs.CostCentreOnPrimaryOnly && v.AggregationID != 0 && !v.LAGPrimary {
		return nil
	}
	return nullable(v.CostCentre)
}

// productType is lower case in reads and upper case in orders (API facts §3.2,
// confidence A).
func (w *view) productType(v *service) string {
	if v.ProductType == "MEGAPORT" && !w.knobs.ProductTypeUpper {
		return "megaport"
	}
	return v.ProductType
}

// createdBy is the user that ordered everything.
const createdBy = "a51cc1c6-95a0-48c7-a5a0-e49d77a6c536"

// product renders the row of a listing or of a read by UID.
func (w *view) product(v *service) any {
	if len(v.Raw) > 0 {
		return v.Raw
	}
	row := w.plainProduct(v)
	if uid := text(v.Overrides["companyUid"]); uid != "" && uid != row["companyUid"] {
		row["companyName"] = companyName(uid) // unless that is overridden, too
	}
	for name, value := range v.Overrides { // replaced or added
		row[name] = value
	}
	return row
}

// text gives a JSON text, empty for anything else.
func text(v jsontext.Value) string {
	var s string
	if decode(v, &s) != nil {
		return ""
	}
	return s
}

// plainProduct is a product as it is read (API facts §4.2, confidence A). Dates are
// epoch milliseconds or null, speeds in Mbps; vxcpermitted really is lower case.
func (w *view) plainProduct(v *service) object {
	start, end := w.contract(v)
	owner, ownerName := w.owner(v)
	place := w.places[v.LocationID]
	vxcs := v.VXCs
	if v.terminated() {
		vxcs = nil // cancelled with their port
	}
	return object{
		"productId": v.ProductID, "productUid": v.UID, "productName": v.Name, "productType": w.productType(v),
		"provisioningStatus": w.status(v), "createDate": w.createDate(v), "createdBy": createdBy, "portSpeed": v.SpeedMbps,
		"terminateDate": w.date(v.CancelledAt), "liveDate": w.date(w.wentLive(v)), "market": w.market(v), "locationId": v.LocationID,
		"usageAlgorithm": "NOT_POST_PAID", "marketplaceVisibility": v.Visible, "vxcpermitted": true, "vxcAutoApproval": false,
		"secondaryName": nil, "lagPrimary": v.LAGPrimary, "lagId": nullable(v.LAGID), "aggregationId": w.aggregation(v),
		"companyUid": owner, "companyName": ownerName, "costCentre": w.costCentre(v),
		"contractStartDate": w.date(start), "contractEndDate": w.date(end), "contractTermMonths": v.TermMonths,
		"attributeTags": object{}, "virtual": false, "buyoutPort": false, "locked": v.Locked, "adminLocked": v.AdminLocked,
		"cancelable": !v.terminated() && !v.Locked && !v.AdminLocked, "diversityZone": w.zone(v),
		"associatedVxcs": vxcs, "associatedIxs": []struct{}{}, "resources": object{"interface": w.port(v)},
		"locationDetail": object{"name": place.Name, "city": place.Address.City, "metro": place.Metro, "country": place.Address.Country},
	}
}

// zone shows the diversity zone, null in the first reads if the knob says so.
func (w *view) zone(v *service) *string {
	if w.knobs.ZoneNullReads > 0 {
		reads, _ := w.s.reads.LoadOrStore(v.UID, new(atomic.Int64))
		if reads.(*atomic.Int64).Add(1) <= int64(w.knobs.ZoneNullReads) {
			return nil
		}
	}
	return nullable(v.Zone)
}

// port renders resources.interface. The demarcation is known once the port is
// CONFIGURED.
func (w *view) port(v *service) object {
	up, demarcation := 0, ""
	switch w.status(v) {
	case statusLive:
		up, demarcation = 1, demarcationOf(v)
	case statusConfigured:
		demarcation = demarcationOf(v)
	}
	return object{
		"demarcation": demarcation, "id": v.ProductID + 100000, "media": media(v.SpeedMbps), "name": v.Name,
		"port_speed": v.SpeedMbps, "up": up, "description": "", "loa_template": "megaport", // with underscores, in Mbps
		"resource_name": "interface", "resource_type": "interface",
	}
}

func media(mbps int) string {
	switch {
	case mbps >= 400000:
		return "400GBASE-LR4"
	case mbps >= 100000:
		return "LR4"
	case mbps >= 10000:
		return "LR"
	}
	return "LX"
}

// demarcationOf invents a place in a meet-me room that is the port's own.
func demarcationOf(v *service) string {
	n := v.ProductID
	room := "MMR 1"
	if v.Zone == "blue" {
		room = "MMR 2"
	}
	pair := 2*(n%12) + 1
	return fmt.Sprintf("%s, Rack %02d.%02d, Panel %d, Ports %d/%d", room, n/288%40+1, n/72%4+1, n/12%6+1, pair, pair+1)
}

// service renders one created service in a buy reply, and what a modification answers
// (API facts §3.4, confidence B). Its tags are not the resource tags, vxcPermitted is
// vxcpermitted in reads, and aLocation is the old site code.
func (w *view) service(v *service) object {
	start, _ := w.contract(v)
	_, ownerName := w.owner(v)
	status := w.status(v)
	var configured *int64
	if status == statusConfigured || status == statusLive {
		configured = w.date(v.ConfiguredAt)
	}
	none := []struct{}{}
	return object{
		"serviceName": v.Name, "name": v.Name, "secondaryName": nil, "technicalServiceId": v.ProductID, "technicalServiceUid": v.UID,
		"requestedDate": w.createDate(v), "configuredDate": configured, "currentEstimatedDelivery": nil, "companyName": ownerName,
		"companyId": w.s.config.Company.ID, "aggregationId": w.aggregation(v), "lagPrimary": v.LAGPrimary, "billingContactName": nil,
		"billingContactId": nil, "adminContactName": nil, "adminContactId": nil, "technicalContactName": nil, "technicalContactId": nil,
		"salesName": nil, "salesId": nil, "billableId": v.ProductID - 12000, "billableUsageAlgorithm": "NOT_POST_PAID",
		"productType": v.ProductType, "provisioningStatus": status, "failedReason": nil, "inAdvanceBillingStatus": "NOT_ACTIVATED",
		"provisioningItems": none, "tags": none, "vxcDistanceBand": nil, "intercapPath": nil, "marketplaceVisibility": v.Visible,
		"vxcPermitted": true, "vxcAutoApproval": false, "createDate": w.createDate(v), "terminationDate": w.date(v.CancelledAt),
		"contractStartDate": w.date(start), "contractTermMonths": v.TermMonths, "rateType": "MONTHLY", "trialAgreement": false,
		"payerCompanyId": nil, "nonPayerCompanyId": nil, "minimumSpeed": nil, "maximumSpeed": nil, "rateLimit": v.SpeedMbps, // Mbps
		"errorMessage": nil, "costCentre": w.costCentre(v), "market": w.market(v), "accountManager": nil, "promptUid": nil,
		"components": none, "attributes": none, "aLocation": nullable(w.places[v.LocationID].SiteCode), "bLocation": nil,
		"aLocationId": nil, "bLocationId": nil, "attributeTags": object{}, "createdBy": createdBy, "buyoutPort": false,
		"virtual": false, "locked": v.Locked, "adminLocked": v.AdminLocked, "bgpShutdownDefault": false,
	}
}

// hidden reports whether reads by UID do not find the service: not yet, no more, or
// not for the company that the call acts for.
func (w *view) hidden(v *service) bool {
	return w.forgotten(v) || w.foreign(v) || w.knobs.NotFoundAfterBuy > 0 && w.now.UnixMilli() < v.CreatedAt+w.knobs.NotFoundAfterBuy.Milliseconds()
}

// forgotten reports whether the service ended so long ago that the API returns it
// no more (API facts §4.1, confidence B; by UID D).
func (w *view) forgotten(v *service) bool {
	after := w.knobs.forgetAfter()
	return after > 0 && v.DecommissionedAt > 0 && w.now.UnixMilli() >= v.DecommissionedAt+after.Milliseconds()
}

// foreign reports whether the service belongs to a company that the call does not
// act for. Services of companies that the account does not manage are among its own
// (confidence D).
func (w *view) foreign(v *service) bool {
	if w.company != "" {
		return v.CompanyUID != w.company
	}
	_, managed := w.knobs.managed(v.CompanyUID)
	return v.CompanyUID != "" && managed
}

// unlisted reports whether the listing does not show the service yet.
func (w *view) unlisted(v *service) bool {
	return w.hidden(v) || w.knobs.ListingLag > 0 && w.now.UnixMilli() < v.CreatedAt+w.knobs.ListingLag.Milliseconds()
}

// listProducts gives all products, terminated ones too (API facts §4.1,
// confidence A), by product id. The query provisioningStatus selects.
func (s *Server) listProducts(c *call) reply {
	var all []*service
	if err := s.store.view(func(st *state) { all = st.inOrder() }); err != nil {
		return s.unavailable(err)
	}
	wanted := listParam(c.query["provisioningStatus"])
	w := s.viewNow(c)
	rows := make([]any, 0, len(all))
	for _, v := range all {
		if w.unlisted(v) || len(wanted) > 0 && !containsFold(wanted, w.status(v)) {
			continue
		}
		rows = append(rows, w.product(v))
	}
	return ok("Found products", rows)
}

// on answers with what fn makes of the call's service.
func (s *Server) on(c *call, fn func(w *view, v *service) reply) reply {
	uid := c.params["uid"]
	var v *service
	if err := s.store.view(func(st *state) { v = st.services.docs[uid] }); err != nil {
		return s.unavailable(err)
	}
	w := s.viewNow(c)
	if v == nil || w.hidden(v) {
		return notFound(c, uid)
	}
	return fn(w, v)
}

// notFound answers as the API does now, or as it did before August 2024 (API
// facts §1.7, confidence A).
func notFound(c *call, uid string) reply {
	status := http.StatusNotFound
	if c.knobs.HistoricNotFound {
		status = http.StatusBadRequest
	}
	return fail(status, "Could not find a service with UID %s", uid)
}

func (s *Server) getProduct(c *call) reply {
	return s.on(c, func(w *view, v *service) reply { return ok("Found Product "+v.UID, w.product(v)) })
}

// freeVLANs lists the VLAN ids that a port has free, all or the one asked for.
// VLANs 2 to 4093 can be used (API facts §9).
func (s *Server) freeVLANs(c *call) reply {
	return s.on(c, func(*view, *service) reply {
		first, last := 2, 4093
		if wanted := strings.TrimSpace(c.query.Get("vlan")); wanted != "" {
			n, err := strconv.Atoi(wanted)
			if err != nil {
				return fail(http.StatusBadRequest, "vlan %q is not a number", wanted)
			}
			first, last = max(first, n), min(last, n)
		}
		free := []int{}
		for n := first; n <= last; n++ {
			free = append(free, n)
		}
		return ok("Free VLANs", free)
	})
}
