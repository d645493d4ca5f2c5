package sandbox

import (
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
	var answer struct {
		Data []jsontext.Value `json:"data"`
	}
	var into any = &answer.Data
	if isEnvelope(b) {
		into = &answer
	}
	err := decode(b, into)
	return answer.Data, err
}

// locationRow is one location as the API gives it: its speeds and its cross connect
// stand elsewhere than in a Location. What is null is empty.
type locationRow struct {
	Location

	Zones map[string]struct {
		Megaport []int `json:"megaportSpeedMbps"`
		MCR      []int `json:"mcrSpeedMbps"`
	} `json:"diversityZones"`
	AddOns struct {
		CrossConnect struct {
			Available bool `json:"available"`
		} `json:"crossConnect"`
	} `json:"productAddOns"`
}

func (r *locationRow) location() Location {
	l := r.Location
	l.CrossConnect = r.AddOns.CrossConnect.Available
	l.PortSpeeds, l.MCRSpeeds = make(map[string][]int), make(map[string][]int)
	for zone, speeds := range r.Zones {
		if len(speeds.Megaport) > 0 {
			l.PortSpeeds[zone] = speeds.Megaport
		}
		if len(speeds.MCR) > 0 {
			l.MCRSpeeds[zone] = speeds.MCR
		}
	}
	return l
}
