package megaport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Location is a site where ports can stand, or once could. Its ID is the one
// stable key: names change (API facts §2.5).
type Location struct {
	// ID is the same in every environment (API facts §2.1, confidence A).
	ID int
	// Name is today's name.
	Name string
	// Metro is the metropolitan area, such as "London".
	Metro string
	// Market is the billing market's code, such as "UK".
	Market string
	// Country is the address's country, such as "United Kingdom".
	Country string
	// Status is Active, Deployment, Restricted, Extended, New or Expired, in that
	// spelling whatever case it came in.
	Status string
	// Address is where it stands.
	Address Address
	// Zones are the diversity zones by name, "red" and "blue".
	Zones map[string]Zone
	// Speeds are the port speeds offered in any zone, in Mbps, ascending. A speed
	// that is listed is not a promise of capacity (API facts §2.1).
	Speeds []int
	// Latitude and Longitude are in degrees, north and east positive; both 0 when they
	// are not published or no place on Earth.
	Latitude, Longitude float64
	// CrossConnect is true when Megaport orders the cross connect on request.
	CrossConnect bool
}

// Address is a postal address; any part may be empty.
type Address struct {
	Street, Suburb, City, State, Postcode, Country string
}

// Zone is what a location offers in one diversity zone.
type Zone struct {
	// Speeds are port speeds in Mbps, ascending.
	Speeds []int
}

// Orderable reports whether ports can be ordered here at all: the status must be
// exactly Active and some speed be listed. A Restricted location may list speeds
// and still take no order (API facts §2.1, confidence A).
func (l Location) Orderable() bool { return l.Status == "Active" && len(l.Speeds) > 0 }

// Offers reports whether a speed (in Mbps) is listed in a zone; an empty zone
// stands for any. It says nothing of the status, nor of capacity.
func (l Location) Offers(speed int, zone string) bool {
	if zone == "" {
		return slices.Contains(l.Speeds, speed)
	}
	return slices.Contains(l.Zones[zone].Speeds, speed)
}

// LocationService reads locations.
type LocationService struct {
	client     *Client
	authorized bool
}

// List reads all public locations, in the API's order. It needs no credentials;
// should the API ask for a token after all (401, 403), one is sent if there are
// credentials.
// The older v2 listing is retired (API facts §2.2).
func (s *LocationService) List(ctx context.Context) ([]Location, error) {
	list, err := s.list(ctx, true)
	var apiErr *Error
	if errors.As(err, &apiErr) && s.authorized && (apiErr.Status == http.StatusUnauthorized || apiErr.Status == http.StatusForbidden) {
		list, err = s.list(ctx, false)
	}
	return list, err
}

func (s *LocationService) list(ctx context.Context, public bool) ([]Location, error) {
	return ask(ctx, s.client, locationsCall(public), alone(decodeLocations))
}

func locationsCall(public bool) call {
	return call{class: classRead, method: http.MethodGet, path: "/v3/locations", public: public}
}

// Received reads the same listing and gives it as the API sent it, with the envelope
// around it: for files that outlive this client's idea of a location. What List would
// not take is an error. It needs no credentials (API facts §2.1, confidence A).
func (s *LocationService) Received(ctx context.Context) ([]byte, error) {
	return ask(ctx, s.client, locationsCall(true), func(body io.Reader, _ *attempt) ([]byte, error) {
		answer, err := io.ReadAll(body)
		if err == nil {
			_, err = decodeLocations(bytes.NewReader(answer))
		}
		return answer, err
	})
}

// wireLocation is a v3 record (API facts §2.1, confidence A). Only the id has to be
// readable: what else is odd makes the location one that is not found by name, or
// does not offer what is wanted, and so stops only those who want it.
type wireLocation struct {
	ID             wireInt                    `json:"id"`
	Name           looseText                  `json:"name"`
	Address        loose[wireAddress]         `json:"address"`
	Metro          looseText                  `json:"metro"`
	Market         looseText                  `json:"market"`
	Status         looseText                  `json:"status"`
	DiversityZones loose[map[string]wireZone] `json:"diversityZones"`
	ProductAddOns  loose[wireAddOns]          `json:"productAddOns"`
	Latitude       looseDegrees               `json:"latitude"`
	Longitude      looseDegrees               `json:"longitude"`
}

type wireAddress struct {
	Street   looseText `json:"street"`
	Suburb   looseText `json:"suburb"`
	City     looseText `json:"city"`
	State    looseText `json:"state"`
	Postcode looseText `json:"postcode"`
	Country  looseText `json:"country"`
}

type wireZone = loose[struct {
	MegaportSpeedMbps jsontext.Value `json:"megaportSpeedMbps"`
}]

type wireAddOns struct {
	CrossConnect loose[struct {
		Available looseBool `json:"available"`
	}] `json:"crossConnect"`
}

// decodeLocations reads the listing. An entry that cannot be read fails it and is
// named: a site that silently went missing could make another one the only match for a
// name.
func decodeLocations(body io.Reader) ([]Location, error) {
	list := []Location{}
	err := readObjects(body, func(i int, w wireLocation, err error) error {
		l := w.location()
		if err == nil && l.ID <= 0 {
			err = errors.New("field id: want a positive number")
		}
		if err != nil {
			return fmt.Errorf("location number %d (%q): %w", i+1, l.Name, err)
		}
		list = append(list, l)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// titled is a status as the API documents it: "Active" for "ACTIVE" and "active".
func titled(text string) string {
	text = folded(text)
	if text == "" {
		return ""
	}
	return text[:1] + strings.ToLower(text[1:])
}

func (w wireLocation) location() Location {
	l := Location{
		ID: w.ID.int(), Name: w.Name.text, Metro: w.Metro.text, Market: w.Market.text,
		Country: w.Address.value.Country.text, Status: titled(w.Status.text), Address: w.Address.value.address(),
		Zones:        map[string]Zone{},
		CrossConnect: w.ProductAddOns.value.CrossConnect.value.Available.value,
	}
	if lat, long := w.Latitude.value, w.Longitude.value; math.Abs(lat) <= 90 && math.Abs(long) <= 180 {
		l.Latitude, l.Longitude = lat, long
	}
	for name, z := range w.DiversityZones.value {
		if speeds := speedsOf(z.value.MegaportSpeedMbps); len(speeds) > 0 {
			l.Zones[strings.ToLower(name)] = Zone{Speeds: speeds}
		}
	}
	l.Speeds = allSpeeds(l.Zones)
	return l
}

func (w wireAddress) address() Address {
	return Address{
		Street: w.Street.text, Suburb: w.Suburb.text, City: w.City.text,
		State: w.State.text, Postcode: w.Postcode.text, Country: w.Country.text,
	}
}

// speedsOf is a list in Mbps, ascending, without repetition. There is no port
// below 1 Gbps, so a smaller number is one of Gbps, as in the retired v2 listing,
// whatever the field is called (a guess, D; an order is validated all the same). What
// is no list counts as an empty one.
func speedsOf(v jsontext.Value) []int {
	var list []looseInt
	if v.Kind() != '[' || json.Unmarshal(v, &list, tolerant(), jsontext.AllowDuplicateNames(true)) != nil {
		return nil
	}
	speeds := []int{}
	for _, s := range list {
		switch {
		case s.value <= 0 || s.value > 1e9:
		case s.value < 1000:
			speeds = append(speeds, s.int()*1000)
		default:
			speeds = append(speeds, s.int())
		}
	}
	slices.Sort(speeds)
	return slices.Compact(speeds)
}

func allSpeeds(zones map[string]Zone) []int {
	var all []int
	for _, z := range zones {
		all = append(all, z.Speeds...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
