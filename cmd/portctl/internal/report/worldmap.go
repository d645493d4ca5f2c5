package report

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/portctl/portctl/cmd/portctl/internal/render"
	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/plan"
)

// worldMap is the land with a mark for each metro, zone and look of its ports. Its units
// are those of the land: 2,000 around the Earth, equirectangular.
type worldMap struct {
	Land    string
	ViewBox string
	Marks   []mark
	// Summary says it all in words.
	Summary string
	// Unknown counts ports whose place is not known.
	Unknown int
}

// mark is some ports of one metro that look alike.
type mark struct {
	// Look is ready, waiting, planned or trouble: colour and shape of the mark.
	Look string
	// Zone is red, blue or empty.
	Zone  string
	Shape string
	// X and Y are where it stands, in units of the land.
	X, Y  string
	Title string
}

// looks are colour and shape by state: what is alike to somebody who looks at a map.
var looks = map[apply.PortState]string{
	apply.PortReady: "ready", apply.PortWaiting: "waiting", apply.PortApproval: "waiting", apply.PortLeaving: "waiting",
	apply.PortMissing: "planned",
}

func lookOf(s apply.PortState) string { return cmp.Or(looks[s], "trouble") }

// shapes are drawn about the origin, one unit large.
var shapes = map[string]string{
	"ready":   "M-1 0a1 1 0 1 0 2 0a1 1 0 1 0-2 0z",
	"waiting": "M-.9-.9h1.8v1.8h-1.8z",
	"planned": "M0-1.2L1.15 .85H-1.15z",
	"trouble": "M0-1.3L1.3 0L0 1.3L-1.3 0z",
}

// spot is what one mark stands for.
type spot struct {
	metro string
	zone  plan.Zone
	look  string
}

// place sums up where the locations of a metro are.
type place struct {
	x, y  float64
	sites map[plan.LocationID]bool
}

// mapOf is nil when no place is known.
func mapOf(s apply.Status) *worldMap {
	counts, places, unknown := map[spot]int{}, map[string]*place{}, 0
	for _, p := range s.Ports {
		if p.Place == nil || p.State == apply.PortGone {
			continue
		}
		l, found := s.Location(p.Place.ID)
		if !found || l.Latitude == 0 && l.Longitude == 0 {
			unknown++
			continue
		}
		at := places[l.Metro]
		if at == nil {
			at = &place{sites: map[plan.LocationID]bool{}}
			places[l.Metro] = at
		}
		if !at.sites[l.ID] {
			at.sites[l.ID] = true
			at.x, at.y = at.x+(l.Longitude+180)/360*2000, at.y+(90-l.Latitude)/180*1000
		}
		counts[spot{l.Metro, p.Zone, lookOf(p.State)}]++
	}
	if len(counts) == 0 {
		return nil
	}
	return drawMap(counts, places, unknown)
}

func drawMap(counts map[spot]int, places map[string]*place, unknown int) *worldMap {
	left, top, width, height := around(places)
	size := width / 140
	m := &worldMap{Land: strings.TrimSpace(land), ViewBox: fmt.Sprintf("%.0f %.0f %.0f %.0f", left, top, width, height), Unknown: unknown}
	spots := slices.SortedFunc(maps.Keys(counts), func(a, b spot) int {
		return cmp.Or(cmp.Compare(a.metro, b.metro), cmp.Compare(b.zone, a.zone), cmp.Compare(a.look, b.look))
	})
	beside := map[string]map[plan.Zone]int{} // marks of a metro and zone so far
	for _, s := range spots {
		at := places[s.metro]
		if beside[s.metro] == nil {
			beside[s.metro] = map[plan.Zone]int{}
		}
		row := float64(beside[s.metro][s.zone])
		beside[s.metro][s.zone]++
		x := at.x/float64(len(at.sites)) + 1.35*size*map[plan.Zone]float64{plan.Red: -1, plan.Blue: 1}[s.zone]
		y := at.y/float64(len(at.sites)) + 2.8*size*row
		title := fmt.Sprintf("%s: %s %s", s.metro, render.Plural(counts[s], "port", "ports"), s.look)
		if s.zone != "" {
			title += fmt.Sprintf(", zone %s", s.zone)
		}
		m.Marks = append(m.Marks, mark{s.look, string(s.zone), shapes[s.look], fmt.Sprintf("%.1f %.1f", x, y), fmt.Sprintf("%.2f", size), title})
	}
	m.Summary = fmt.Sprintf("Map: %s in %s", render.Plural(total(counts), "port", "ports"), render.Plural(len(places), "metro", "metros"))
	return m
}

func total(counts map[spot]int) int {
	n := 0
	for _, c := range counts {
		n += c
	}
	return n
}

// around is the part of the map that shows all places, twice as wide as high.
func around(places map[string]*place) (left, top, width, height float64) {
	minX, minY, maxX, maxY := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, p := range places {
		x, y := p.x/float64(len(p.sites)), p.y/float64(len(p.sites))
		minX, minY, maxX, maxY = min(minX, x), min(minY, y), max(maxX, x), max(maxY, y)
	}
	const margin, least = 60, 320
	width = min(2000, max(maxX-minX+2*margin, 2*(maxY-minY+2*margin), least))
	height = width / 2
	left = min(max(0, (minX+maxX-width)/2), 2000-width)
	top = min(max(0, (minY+maxY-height)/2), 1000-height)
	return left, top, width, height
}
