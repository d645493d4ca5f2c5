package sandbox

import (
	"cmp"
	"fmt"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Seed describes a service that is put into the account without an order: a
// terminated twin, a second port of one name, a port without a zone, a router
// with odd fields. Nothing is validated beyond what the sandbox needs to work.
// Zero fields take the values of a LIVE 1G port of one month at location 89.
type Seed struct {
	UID         string            `json:"uid"`         // a new UUID when empty
	ProductType string            `json:"productType"` // MEGAPORT when empty
	Name        string            `json:"name"`
	LocationID  int               `json:"locationId"`
	SpeedMbps   int               `json:"speedMbps"`
	TermMonths  int               `json:"termMonths"`
	Zone        string            `json:"zone"` // red, blue or empty: null for ever, as old ports have it (API facts §4.5)
	CostCentre  string            `json:"costCentre"`
	Visible     bool              `json:"visible"`
	Tags        map[string]string `json:"tags"` // resource tags
	// AggregationID, LAGID and LAGPrimary make it a member of a LAG.
	AggregationID int  `json:"aggregationId"`
	LAGID         int  `json:"lagId"`
	LAGPrimary    bool `json:"lagPrimary"`
	Locked        bool `json:"locked"`
	AdminLocked   bool `json:"adminLocked"`
	// Status overrides the lifecycle, such as FAILED, CANCELLED or DECOMMISSIONED.
	// When it is empty, Age decides: the port was ordered that long ago and takes
	// the usual time to be provisioned; a zero Age means long ago.
	Status      string                    `json:"status"`
	Age         time.Duration             `json:"age"`
	Ended       time.Duration             `json:"ended"`      // how long ago a DECOMMISSIONED service ended; zero means now
	CompanyUID  string                    `json:"companyUid"` // of another owner than the account's company; alone it gets a name made of it
	CompanyName string                    `json:"companyName"`
	VXCs        []jsontext.Value          `json:"vxcs"`      // associatedVxcs; one that is not terminated stands in the way of a safe cancel
	Overrides   map[string]jsontext.Value `json:"overrides"` // replace or add members of the product row, any JSON
	Raw         jsontext.Value            `json:"raw"`       // served as the whole product row, any JSON
}

// seedAge is how long ago a service without Age was ordered.
const seedAge = 60 * 24 * time.Hour

// Seed adds services and gives their UIDs in order. A UID that is there already
// is an error, and then nothing is added.
func (s *Server) Seed(seeds ...Seed) ([]string, error) {
	var uids []string
	var refused error
	err := s.store.update(func(t *tx) {
		taken := make(map[string]bool)
		for _, d := range seeds {
			if d.UID != "" && (t.services.docs[d.UID] != nil || taken[d.UID]) {
				refused = fmt.Errorf("sandbox: there is a service with UID %s already", d.UID)
				return
			}
			taken[d.UID] = true
		}
		for _, d := range seeds {
			v := s.seeded(t, d)
			t.saveService(v)
			uids = append(uids, v.UID)
		}
	})
	if err != nil {
		return nil, err
	}
	return uids, refused
}

func (s *Server) seeded(t *tx, d Seed) *service {
	delay, ordered := s.knobs.Load().provisionDelay(), t.now.Add(-cmp.Or(d.Age, seedAge))
	v := &service{
		UID: d.UID, ProductID: firstProductID + t.next(countProducts), ProductType: cmp.Or(d.ProductType, "MEGAPORT"), Name: d.Name,
		LocationID: cmp.Or(d.LocationID, 89), SpeedMbps: cmp.Or(d.SpeedMbps, 1000), TermMonths: cmp.Or(d.TermMonths, 1),
		Zone: d.Zone, CostCentre: d.CostCentre, Visible: d.Visible, AggregationID: d.AggregationID, LAGID: d.LAGID,
		LAGPrimary: d.LAGPrimary, Locked: d.Locked, AdminLocked: d.AdminLocked, Status: d.Status,
		CompanyUID: d.CompanyUID, CompanyName: d.CompanyName, VXCs: d.VXCs, Overrides: d.Overrides, Raw: d.Raw,
		CreatedAt: ordered.UnixMilli(), ConfiguredAt: ordered.Add(delay).UnixMilli(), LiveAt: ordered.Add(2 * delay).UnixMilli(),
	}
	if v.UID == "" {
		v.UID = s.config.NewUID()
	}
	for _, key := range sortedKeys(d.Tags) {
		v.Tags = append(v.Tags, tag{key, d.Tags[key]})
	}
	if v.Status == statusDecommissioned {
		ended := t.now.Add(-d.Ended).UnixMilli()
		v.Status, v.CancelledAt, v.DecommissionedAt = "", ended, ended
	}
	return v
}
