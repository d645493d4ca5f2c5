package sandbox

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// ParseLocations reads a list of locations as GET /v3/locations gives it: the whole
// answer, or its data alone (API facts §2.1, confidence A). Fields that are not
// known are ignored; a location without an id or a name, and an id that is there
// twice, are errors.
func ParseLocations(b []byte) ([]Location, error) {
	rows, err := locationRows(b)
	if err != nil {
		return nil, fmt.Errorf("locations: %w", err)
	}
	if len(rows) == 0 {
		return nil, errors.New("locations: the list is empty")
	}
	seen := make(map[int]bool, len(rows))
	out := make([]Location, 0, len(rows))
	for i, raw := range rows {
		var row locationRow
		if err := decode(raw, &row); err != nil {
			return nil, fmt.Errorf("location %d of %d: %w", i+1, len(rows), err)
		}
		switch {
		case row.ID <= 0 || row.Name == "":
			return nil, fmt.Errorf("location %d of %d has no id or no name", i+1, len(rows))
		case seen[row.ID]:
			return nil, fmt.Errorf("location %d of %d: the id %d is there twice", i+1, len(rows), row.ID)
		}
		seen[row.ID] = true
		out = append(out, row.location())
	}
	return out, nil
}

// locationRows finds the array in an answer, or takes the array itself.
func locationRows(b []byte) ([]jsontext.Value, error) {
	var rows []jsontext.Value
	if !bytes.HasPrefix(bytes.TrimLeft(b, " \t\r\n"), []byte("{")) {
		return rows, decode(b, &rows)
	}
	var answer struct {
		Data []jsontext.Value `json:"data"`
	}
	err := decode(b, &answer)
	return answer.Data, err
}

// locationRow is one location as the API gives it; what may be null is a pointer or
// takes null for empty.
type locationRow struct {
	ID              int                      `json:"id"`
	Name            string                   `json:"name"`
	Metro           string                   `json:"metro"`
	Market          string                   `json:"market"`
	Status          string                   `json:"status"`
	Address         Address                  `json:"address"`
	DataCentre      DataCentre               `json:"dataCentre"`
	Latitude        float64                  `json:"latitude"`
	Longitude       float64                  `json:"longitude"`
	Zones           map[string]*locationZone `json:"diversityZones"`
	OrderingMessage string                   `json:"orderingMessage"`
	AddOns          struct {
		CrossConnect struct {
			Available bool `json:"available"`
		} `json:"crossConnect"`
	} `json:"productAddOns"`
}

type locationZone struct {
	Megaport []int `json:"megaportSpeedMbps"`
	MCR      []int `json:"mcrSpeedMbps"`
}

func (r *locationRow) location() Location {
	l := Location{
		ID: r.ID, Name: r.Name, Metro: r.Metro, Market: r.Market, Status: r.Status, Address: r.Address, DataCentre: r.DataCentre,
		Latitude: r.Latitude, Longitude: r.Longitude, OrderingMessage: r.OrderingMessage, CrossConnect: r.AddOns.CrossConnect.Available,
		PortSpeeds: make(map[string][]int), MCRSpeeds: make(map[string][]int),
	}
	for zone, speeds := range r.Zones {
		if speeds == nil {
			continue
		}
		if len(speeds.Megaport) > 0 {
			l.PortSpeeds[zone] = speeds.Megaport
		}
		if len(speeds.MCR) > 0 {
			l.MCRSpeeds[zone] = speeds.MCR
		}
	}
	return l
}
