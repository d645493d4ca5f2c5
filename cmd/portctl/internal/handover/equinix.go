package handover

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// equinixOrder is the body of an order of Equinix's Cross Connect API, version 2, as far
// as its public description goes. It was never tried.
type equinixOrder struct {
	Note                string          `json:"_note"`
	CustomerReferenceID string          `json:"customerReferenceId"`
	Description         string          `json:"description"`
	Details             []equinixDetail `json:"details"`
}

type equinixDetail struct {
	ASide equinixASide `json:"aSide"`
	ZSide equinixZSide `json:"zSide"`
}

type equinixASide struct {
	Cage              string       `json:"cage,omitzero"`
	Cabinet           string       `json:"cabinet,omitzero"`
	ConnectionService string       `json:"connectionService"`
	MediaType         string       `json:"mediaType"`
	ProtocolType      string       `json:"protocolType"`
	ConnectorType     string       `json:"connectorType"`
	PatchPanel        equinixPanel `json:"patchPanel"`
}

type equinixPanel struct {
	ID    string `json:"id"`
	PortA string `json:"portA"`
	PortB string `json:"portB"`
}

type equinixZSide struct {
	ProviderName      string `json:"providerName"`
	IBX               string `json:"ibx"`
	LOAAttachmentID   string `json:"loaAttachmentId"`
	LOAFile           string `json:"_loaFile"`
	NotificationEmail string `json:"notificationEmail"`
}

const (
	equinixNote = "Made from a public description and never tried. Check every value, upload each LOA and write its attachment id, and take out what begins with an underscore."
	// maxDetails is the most cross connects of one order, all of one IBX and cage.
	maxDetails = 10
	// maxReference is the most characters of a reference.
	maxReference = 40
)

// equinixOrders are the orders of a pack at Equinix, ten cross connects in each, all of
// one site and cage; none for other operators.
func equinixOrders(p Pack) ([]File, error) {
	type place struct{ site, cage string }
	details := map[place][]equinixDetail{}
	var places []place
	for _, i := range p.Items {
		if !strings.Contains(strings.ToLower(i.Handoff.Operator), "equinix") {
			continue
		}
		at := place{i.Site, i.Handoff.Cage}
		if details[at] == nil {
			places = append(places, at)
		}
		details[at] = append(details[at], detailOf(i))
	}
	var files []File
	for _, at := range places {
		for chunk := range slices.Chunk(details[at], maxDetails) {
			number := len(files) + 1
			content, err := json.Marshal(equinixOrder{
				Note: equinixNote, CustomerReferenceID: cut(fmt.Sprintf("%s-%d", p.Name, number), maxReference),
				Description: fmt.Sprintf("Cross connects to Megaport at %s", at.site), Details: chunk,
			}, json.Deterministic(true), jsontext.WithIndent("  "))
			if err != nil {
				return nil, err
			}
			files = append(files, File{fmt.Sprintf("order-%d.json", number), append(content, '\n')})
		}
	}
	if len(files) == 1 {
		files[0].Name = "order.json"
	}
	return files, nil
}

func detailOf(i Item) equinixDetail {
	a, b, _ := strings.Cut(i.Handoff.Ports, ",")
	return equinixDetail{
		ASide: equinixASide{
			Cage: i.Handoff.Cage, Cabinet: i.Handoff.Cabinet, MediaType: i.Handoff.Media, ConnectorType: i.Handoff.Connector,
			PatchPanel: equinixPanel{i.Handoff.Panel, strings.TrimSpace(a), strings.TrimSpace(b)},
		},
		ZSide: equinixZSide{ProviderName: "Megaport", IBX: ibxOf(i.Site), LOAFile: path.Base(i.File), NotificationEmail: addressIn(i.Handoff.Contact)},
	}
}

var ibx = regexp.MustCompile(`\b[A-Z]{2}[0-9]{1,2}\b`)

// ibxOf is Equinix's code of a site, such as LD5; empty when the name has none.
func ibxOf(site string) string { return ibx.FindString(site) }

func cut(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}
