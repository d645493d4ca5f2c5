package sandbox

import (
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
)

// TestLocationsComeBackAsTheyWere loads what a sandbox answered into another, whole
// and as the bare array: the same answer.
func TestLocationsComeBackAsTheyWere(t *testing.T) {
	answered := start(t, Config{}).get("/v3/locations").want(200)
	var whole struct {
		Data []map[string]any `json:"data"`
	}
	if err := json.Unmarshal(answered.body, &whole); err != nil {
		t.Fatal(err)
	}
	array, err := json.Marshal(whole.Data)
	if err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string][]byte{"answer": answered.body, "array": array} {
		locations, err := ParseLocations(file)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		again := start(t, Config{Locations: locations}).get("/v3/locations").want(200)
		wantEqual(t, string(again.body), string(answered.body))
	}
}

// TestALoadedLocationCanBeOrderedAt, with what a real answer has besides.
func TestALoadedLocationCanBeOrderedAt(t *testing.T) {
	locations, err := ParseLocations([]byte(`{"message":"List public locations","terms":"t","data":[
		{"id":7,"name":"Seven","metro":"M","market":"UK","status":"Active","address":null,"dataCentre":{"id":1,"name":"DC"},"latitude":1,"longitude":2,
		 "diversityZones":{"red":{"megaportSpeedMbps":[400000],"natGatewaySpeedMbps":[1000],"mcrSpeedMbps":null},"blue":null},"productAddOns":null,"orderingMessage":"call us","new":[]},
		{"id":8,"name":"Eight","diversityZones":null}]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := Location{
		ID: 7, Name: "Seven", Metro: "M", Market: "UK", Status: "Active", DataCentre: DataCentre{1, "DC"}, Latitude: 1, Longitude: 2,
		PortSpeeds: map[string][]int{"red": {400000}}, MCRSpeeds: map[string][]int{}, OrderingMessage: "call us",
	}
	if diff := cmp.Diff(want, locations[0]); diff != "" {
		t.Errorf("location (-want +got):\n%s", diff)
	}
	a := start(t, Config{Locations: locations})
	a.buy(`{"productName":"p","productType":"MEGAPORT","portSpeed":400000,"locationId":7,"term":1}`)
	a.do("POST", "/v3/networkdesign/buy", `[{"productName":"p","productType":"MEGAPORT","portSpeed":10000,"locationId":89,"term":1}]`).want(400).
		says("Location 89 does not exist")
	a.get("/v3/locations").says(`"orderingMessage":"call us"`)
}

func TestLocationFilesThatAreRefused(t *testing.T) {
	for file, reason := range map[string]string{
		``:                               "locations:",
		`[]`:                             "the list is empty",
		`{"message":"m","data":null}`:    "the list is empty",
		`{"ports":[]}`:                   "the list is empty",
		`<!DOCTYPE html>`:                "locations:",
		`[{"id":1,"name":"a"},{"id":2}]`: "location 2 of 2 has no id or no name",
		`[{"id":1,"name":"a"},{"id":1,"name":"b"}]`: "location 2 of 2: the id 1 is there twice",
		`[{"id":"x","name":"a"}]`:                   "location 1 of 1:",
	} {
		if got, err := ParseLocations([]byte(file)); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%q: %v, %v; want an error with %q", file, got, err, reason)
		}
	}
}

func FuzzParseLocations(f *testing.F) {
	f.Add(`[{"id":1,"name":"a","diversityZones":{"red":{"megaportSpeedMbps":[1000]},"x":null}}]`)
	f.Add(`{"data":[{"id":1,"name":"a"}]}`)
	f.Fuzz(func(t *testing.T, file string) {
		locations, err := ParseLocations([]byte(file))
		if err != nil {
			return
		}
		for _, l := range locations {
			if l.ID <= 0 || l.Name == "" {
				t.Errorf("location %+v", l)
			}
			l.wire()
		}
	})
}

// TestTheEmbeddedCatalog: what it is said to be in docs/sandbox.md.
func TestTheEmbeddedCatalog(t *testing.T) {
	catalog, err := Catalog()
	if err != nil {
		t.Fatal(err)
	}
	var sources []struct {
		ID     int    `json:"id"`
		Source string `json:"nameSource"`
	}
	if err := decode(embeddedCatalog, &sources); err != nil {
		t.Fatal(err)
	}
	known := []string{"published", "published once", "inferred from site code", "inferred from port titles", "invented"}
	statuses, markets, fast := map[string]bool{}, map[string]bool{}, 0
	for i, l := range catalog {
		s := sources[i]
		if !slices.Contains(known, s.Source) || (s.Source == "invented") != (s.ID >= 90000) || (s.Source == "invented") != strings.HasPrefix(l.Name, "Invented ") {
			t.Errorf("location %d %q has the source %q", s.ID, l.Name, s.Source)
		}
		statuses[l.Status], markets[l.Market] = true, true
		if slices.Contains(l.speeds(), 400000) {
			fast++
		}
	}
	for _, status := range []string{"Active", "Deployment", "Restricted", "Extended", "New", "Expired"} {
		if !statuses[status] {
			t.Errorf("no location is %s", status)
		}
	}
	if len(markets) != len(billingMarkets) || fast < 2 {
		t.Errorf("%d markets, %d locations with 400G", len(markets), fast)
	}
}
