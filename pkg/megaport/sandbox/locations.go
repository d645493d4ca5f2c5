package sandbox

import (
	"cmp"
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
)

//go:embed catalog.json
var embeddedCatalog []byte

// statusActive is the one status of a location at which ports can be ordered.
const statusActive = "Active"

// Location is one data centre of the catalog, in the sandbox's own form; what
// clients see is rendered from it.
type Location struct {
	ID       int    `json:"id"`
	Name     string `json:"name"`
	SiteCode string `json:"siteCode"` // in buy replies only; empty is null
	Metro    string `json:"metro"`
	Market   string `json:"market"` // code such as UK
	// Status is Active, Deployment, Restricted, Extended, New or Expired; only
	// Active can be ordered at (API facts §2.1, confidence A).
	Status     string     `json:"status"`
	Address    Address    `json:"address"`
	Latitude   float64    `json:"latitude"`
	Longitude  float64    `json:"longitude"`
	DataCentre DataCentre `json:"dataCentre"`
	// PortSpeeds gives the port speeds in Mbps by diversity zone, red or blue.
	PortSpeeds map[string][]int `json:"megaportSpeedMbps"`
	// MCRSpeeds gives the speeds of cloud routers in Mbps by diversity zone. They
	// are shown and sold by nobody here.
	MCRSpeeds map[string][]int `json:"mcrSpeedMbps"`
	// CrossConnect says whether Megaport can order the cross connect itself.
	CrossConnect bool `json:"crossConnect"`
	// OrderingMessage is what the portal shows when ordering; empty is null.
	OrderingMessage string `json:"orderingMessage"`
}

// Address is where a location is; empty parts are null on the wire.
type Address struct {
	Street   string `json:"street"`
	Suburb   string `json:"suburb"`
	City     string `json:"city"`
	State    string `json:"state"`
	Postcode string `json:"postcode"`
	Country  string `json:"country"`
}

// DataCentre is the operator of a location.
type DataCentre struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

// Catalog gives the embedded locations: a public subset of the real ones. Their ids
// are real, some of their names are inferred, the port speeds are what is known of
// real ports there, and those with an id of 90000 and more are invented, for the
// markets, speeds and statuses that nothing public shows. The nameSource of each
// says which (API facts §2.4).
func Catalog() ([]Location, error) {
	var all []Location
	if err := decode(embeddedCatalog, &all); err != nil {
		return nil, fmt.Errorf("embedded catalog: %w", err)
	}
	return all, nil
}

// places is a lookup of locations by id, never changed once made.
type places map[int]Location

func placesOf(all []Location) places {
	m := make(places, len(all))
	for _, l := range all {
		m[l.ID] = l
	}
	return m
}

// places gives the catalog with the knobs' changes applied.
func (s *Server) places(k *Knobs) places {
	if len(k.LocationNames)+len(k.LocationStatuses)+len(k.ExtraLocations) == 0 {
		return s.catalog
	}
	now := maps.Clone(s.catalog)
	maps.Copy(now, placesOf(k.ExtraLocations))
	for id, l := range now {
		l.Name, l.Status = cmp.Or(k.LocationNames[id], l.Name), cmp.Or(k.LocationStatuses[id], l.Status)
		now[id] = l
	}
	return now
}

// locationsNow gives the same by id.
func (s *Server) locationsNow(k *Knobs) []Location {
	return slices.SortedFunc(maps.Values(s.places(k)), func(a, b Location) int { return a.ID - b.ID })
}

// wire renders the location as the API does (API facts §2.1, confidence A).
func (l Location) wire() object {
	zones := object{}
	for _, speeds := range []map[string][]int{l.PortSpeeds, l.MCRSpeeds} {
		for zone := range speeds {
			if len(speeds[zone]) > 0 {
				zones[zone] = wireZone(l.PortSpeeds[zone], l.MCRSpeeds[zone])
			}
		}
	}
	crossConnects := object{"available": l.CrossConnect, "type": nil}
	if l.CrossConnect {
		crossConnects["type"] = "STANDARD"
	}
	return object{
		"id": l.ID, "name": l.Name, "metro": l.Metro, "market": l.Market, "status": l.Status, "address": l.Address.wire(),
		"dataCentre": l.DataCentre, "latitude": l.Latitude, "longitude": l.Longitude, "diversityZones": zones,
		"productAddOns": object{"crossConnect": crossConnects}, "orderingMessage": nullable(l.OrderingMessage),
	}
}

// wireZone renders the speeds of a zone; no speed of cloud routers is null.
func wireZone(ports, routers []int) object {
	zone := object{"megaportSpeedMbps": slices.Sorted(slices.Values(ports)), "mcrSpeedMbps": routers, "mveMaxCpuCoreCount": nil, "mveAvailable": false}
	if len(routers) == 0 {
		zone["mcrSpeedMbps"] = nil
	}
	return zone
}

func (a Address) wire() object {
	return object{
		"street": nullable(a.Street), "suburb": nullable(a.Suburb), "city": nullable(a.City),
		"state": nullable(a.State), "postcode": nullable(a.Postcode), "country": nullable(a.Country),
	}
}

// speeds gives the port speeds of all zones in Mbps, ascending.
func (l Location) speeds() []int {
	var all []int
	for _, speeds := range l.PortSpeeds {
		all = append(all, speeds...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (s *Server) listLocations(c *call) reply {
	out := []object{}
	for _, l := range s.selectLocations(c) {
		out = append(out, l.wire())
	}
	return ok("List public locations", out)
}

// selectLocations applies the query of a listing: locationStatuses, which may be
// repeated or separated by commas, and metro.
func (s *Server) selectLocations(c *call) []Location {
	statuses := listParam(c.query["locationStatuses"])
	metro := c.query.Get("metro")
	var out []Location
	for _, l := range s.locationsNow(c.knobs) {
		if len(statuses) > 0 && !containsFold(statuses, l.Status) {
			continue
		}
		if metro != "" && !strings.EqualFold(metro, l.Metro) {
			continue
		}
		out = append(out, l)
	}
	return out
}

func listParam(values []string) []string {
	var out []string
	for _, v := range values {
		for part := range strings.SplitSeq(v, ",") {
			if part = strings.TrimSpace(part); part != "" {
				out = append(out, part)
			}
		}
	}
	return out
}

func containsFold(list []string, want string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, want) })
}

// listRegions counts sites by country. The United Kingdom's prefix is GB here
// although its market is UK (API facts §2.3, confidence A).
func (s *Server) listRegions(c *call) reply {
	sites := map[string][]Location{}
	for _, l := range s.locationsNow(c.knobs) {
		sites[l.Market] = append(sites[l.Market], l)
	}
	countries := []object{}
	for _, market := range sortedKeys(sites) {
		prefix := market
		if prefix == "UK" {
			prefix = "GB"
		}
		countries = append(countries, object{
			"code": cmp.Or(alpha3[market], market), "prefix": prefix,
			"name": sites[market][0].Address.Country, "siteCount": len(sites[market]),
		})
	}
	return ok("List all public network regions", []object{{"networkRegion": "MP1", "countries": countries}})
}

// alpha3 are the three-letter country codes of the markets.
var alpha3 = map[string]string{
	"AU": "AUS", "NZ": "NZL", "SG": "SGP", "HK": "HKG", "JP": "JPN", "US": "USA", "CA": "CAN", "MX": "MEX",
	"BR": "BRA", "UK": "GBR", "IE": "IRL", "NL": "NLD", "DE": "DEU", "FR": "FRA", "SE": "SWE", "NO": "NOR",
	"DK": "DNK", "FI": "FIN", "CH": "CHE", "ES": "ESP", "IT": "ITA", "BE": "BEL", "BG": "BGR", "PL": "POL",
	"AT": "AUT", "LU": "LUX",
}
