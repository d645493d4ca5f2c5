package megaport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
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
	// SiteCode is such as "lon-tc1"; only the v2 listing has it.
	SiteCode string
	// Address is where it stands.
	Address Address
	// DataCentre is who runs the building.
	DataCentre DataCentre
	// Latitude and Longitude are in degrees; 0, 0 when unknown.
	Latitude, Longitude float64
	// Zones are the diversity zones by name, "red" and "blue". The v2 listing often
	// has none.
	Zones map[string]Zone
	// Speeds are the port speeds offered in any zone, in Mbps, ascending. A speed
	// that is listed is not a promise of capacity (API facts §2.1).
	Speeds []int
	// CrossConnect is true when Megaport orders the cross connect on request.
	CrossConnect bool
	// OrderingMessage is the API's note to those who order here; mostly empty.
	OrderingMessage string
	// Version is the listing it comes from: 3, or 2 where v3 is not to be had.
	Version int
}

// Address is a postal address; any part may be empty.
type Address struct {
	Street, Suburb, City, State, Postcode, Country string
}

// DataCentre is who runs a building.
type DataCentre struct {
	ID   int
	Name string
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
// credentials. Where the v3 listing does not exist (404, 410), the v2 one is read
// instead (API facts §2.1, §2.2).
func (s *LocationService) List(ctx context.Context) ([]Location, error) {
	list, err := s.list(ctx, "/v3/locations", true, decodeLocations)
	var apiErr *Error
	if errors.As(err, &apiErr) && s.authorized && (apiErr.Status == http.StatusUnauthorized || apiErr.Status == http.StatusForbidden) {
		list, err = s.list(ctx, "/v3/locations", false, decodeLocations)
	}
	gone := errors.As(err, &apiErr) && (apiErr.Status == http.StatusNotFound || apiErr.Status == http.StatusGone)
	if !gone {
		return list, err
	}
	// The v2 listing was last seen to ask for a token (API facts §2.2, confidence C).
	list, err2 := s.list(ctx, "/v2/locations", !s.authorized, decodeLocationsV2)
	if err2 != nil {
		return nil, fmt.Errorf("%w; nor does the older listing help: %w", err, err2)
	}
	return list, nil
}

func (s *LocationService) list(ctx context.Context, path string, public bool, decode func(io.Reader) ([]Location, error)) ([]Location, error) {
	var list []Location
	_, err := s.client.do(ctx, call{
		class: classRead, method: http.MethodGet, path: path, public: public,
		decode: func(body io.Reader, _ *attempt) (err error) {
			list, err = decode(body)
			return err
		},
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// wireLocation is a v3 record (API facts §2.1, confidence A). Only the id has to be
// readable: what else is odd makes the location one that is not found by name, or
// does not offer what is wanted, and so stops only those who want it.
type wireLocation struct {
	ID              wireInt                    `json:"id"`
	Name            looseText                  `json:"name"`
	Address         loose[wireAddress]         `json:"address"`
	DataCentre      loose[wireDataCentre]      `json:"dataCentre"`
	Metro           looseText                  `json:"metro"`
	Market          looseText                  `json:"market"`
	Status          looseText                  `json:"status"`
	Latitude        wireDegrees                `json:"latitude"`
	Longitude       wireDegrees                `json:"longitude"`
	DiversityZones  loose[map[string]wireZone] `json:"diversityZones"`
	ProductAddOns   loose[wireAddOns]          `json:"productAddOns"`
	OrderingMessage looseText                  `json:"orderingMessage"`
}

type wireAddress struct {
	Street   looseText `json:"street"`
	Suburb   looseText `json:"suburb"`
	City     looseText `json:"city"`
	State    looseText `json:"state"`
	Postcode looseText `json:"postcode"`
	Country  looseText `json:"country"`
}

type wireDataCentre struct {
	ID   looseInt  `json:"id"`
	Name looseText `json:"name"`
}

type wireZone = loose[struct {
	MegaportSpeedMbps looseList[looseInt] `json:"megaportSpeedMbps"`
}]

type wireAddOns struct {
	CrossConnect loose[struct {
		Available looseBool `json:"available"`
	}] `json:"crossConnect"`
}

// looseList is a list of loose values; anything else counts as empty.
type looseList[T any] []T

// UnmarshalJSONFrom accepts any value.
func (w *looseList[T]) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	v, err := dec.ReadValue()
	if err != nil {
		return err
	}
	var list []T
	if *w = nil; v.Kind() == '[' && json.Unmarshal(v, &list, tolerant(), jsontext.AllowDuplicateNames(true)) == nil {
		*w = list
	}
	return nil
}

// wireDegrees is a number; whatever else is there counts as unknown, because
// nothing is decided by it.
type wireDegrees float64

// UnmarshalJSONFrom accepts any value.
func (w *wireDegrees) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	v, err := dec.ReadValue()
	if err != nil {
		return err
	}
	*w = 0
	if v.Kind() == '0' {
		if f, err := strconv.ParseFloat(string(v), 64); err == nil {
			*w = wireDegrees(f)
		}
	}
	return nil
}

func decodeLocations(body io.Reader) ([]Location, error) {
	return readLocations(body, func(dec *jsontext.Decoder) (Location, error) {
		var w wireLocation
		err := readObject(dec, &w)
		return w.location(), err
	})
}

// readLocations checks what both listings have in common. An entry that cannot
// be read fails the listing and is named: a site that silently went missing
// could make another one the only match for a name.
func readLocations(body io.Reader, read func(*jsontext.Decoder) (Location, error)) ([]Location, error) {
	list := []Location{}
	err := readEnvelope(body, func(dec *jsontext.Decoder) error {
		return readList(dec, func(i int, dec *jsontext.Decoder) error {
			l, err := read(dec)
			l.Status = titled(l.Status)
			if err == nil && l.ID <= 0 {
				err = errors.New("field id: want a positive number")
			}
			if err != nil {
				return fmt.Errorf("location number %d (%q): %w", i+1, l.Name, err)
			}
			list = append(list, l)
			return nil
		})
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
		Country: w.Address.value.Country.text, Status: w.Status.text, Address: w.Address.value.address(),
		DataCentre: w.DataCentre.value.dataCentre(),
		Latitude:   float64(w.Latitude), Longitude: float64(w.Longitude),
		Zones:           map[string]Zone{},
		CrossConnect:    w.ProductAddOns.value.CrossConnect.value.Available.value,
		OrderingMessage: w.OrderingMessage.text, Version: 3,
	}
	for name, z := range w.DiversityZones.value {
		if speeds := speedsOf(z.value.MegaportSpeedMbps, 1); len(speeds) > 0 {
			l.Zones[strings.ToLower(name)] = Zone{Speeds: speeds}
		}
	}
	l.Speeds = allSpeeds(l.Zones, nil)
	return l
}

func (w wireDataCentre) dataCentre() DataCentre {
	return DataCentre{ID: w.ID.int(), Name: w.Name.text}
}

func (w wireAddress) address() Address {
	return Address{
		Street: w.Street.text, Suburb: w.Suburb.text, City: w.City.text,
		State: w.State.text, Postcode: w.Postcode.text, Country: w.Country.text,
	}
}

// wireLocationV2 is a record of the old listing; its port speeds are in Gbps
// (API facts §2.2, confidence A).
type wireLocationV2 struct {
	ID        wireInt               `json:"id"`
	Name      looseText             `json:"name"`
	Address   loose[wireAddress]    `json:"address"`
	DC        loose[wireDataCentre] `json:"dc"`
	Metro     looseText             `json:"metro"`
	Market    looseText             `json:"market"`
	Country   looseText             `json:"country"`
	SiteCode  looseText             `json:"siteCode"`
	Status    looseText             `json:"status"`
	Latitude  wireDegrees           `json:"latitude"`
	Longitude wireDegrees           `json:"longitude"`
	Products  loose[struct {
		Megaport looseList[looseInt] `json:"megaport"`
	}] `json:"products"`
	DiversityZones loose[struct {
		Megaport looseList[loose[wireZoneV2]] `json:"megaport"`
	}] `json:"diversityZones"`
	OrderingMessage looseText `json:"ordering_message"`
}

type wireZoneV2 struct {
	Name  looseText `json:"name"`
	Speed looseInt  `json:"speed"`
}

func decodeLocationsV2(body io.Reader) ([]Location, error) {
	return readLocations(body, func(dec *jsontext.Decoder) (Location, error) {
		var w wireLocationV2
		err := readObject(dec, &w)
		return w.location(), err
	})
}

func (w wireLocationV2) location() Location {
	l := Location{
		ID: w.ID.int(), Name: w.Name.text, Metro: w.Metro.text, Market: w.Market.text,
		Country: w.Country.text, Status: w.Status.text, SiteCode: w.SiteCode.text,
		Address:    w.Address.value.address(),
		DataCentre: w.DC.value.dataCentre(),
		Latitude:   float64(w.Latitude), Longitude: float64(w.Longitude),
		Zones:           map[string]Zone{},
		OrderingMessage: w.OrderingMessage.text, Version: 2,
	}
	byZone := map[string][]looseInt{}
	for _, z := range w.DiversityZones.value.Megaport {
		name := strings.ToLower(z.value.Name.text)
		byZone[name] = append(byZone[name], z.value.Speed)
	}
	for name, speeds := range byZone {
		l.Zones[name] = Zone{Speeds: speedsOf(speeds, 1000)}
	}
	l.Speeds = allSpeeds(l.Zones, speedsOf(w.Products.value.Megaport, 1000))
	return l
}

// speedsOf is a list in Mbps, ascending, without repetition. There is no port
// below 1 Gbps, so a smaller number is one of Gbps, as in the v2 listing, whatever
// the field is called (a guess, D; an order is validated all the same).
func speedsOf(list []looseInt, unit int) []int {
	speeds := []int{}
	for _, s := range list {
		switch {
		case s.value <= 0 || s.value > 1e9:
		case s.value < 1000:
			speeds = append(speeds, s.int()*1000)
		default:
			speeds = append(speeds, s.int()*unit)
		}
	}
	slices.Sort(speeds)
	return slices.Compact(speeds)
}

func allSpeeds(zones map[string]Zone, more []int) []int {
	all := slices.Clone(more)
	for _, z := range zones {
		all = append(all, z.Speeds...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
