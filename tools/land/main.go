// Command land turns the land of the world at 1:110 million, as TopoJSON of the npm
// package world-atlas (from Natural Earth, public domain), into the SVG path of
// cmd/portctl/internal/report: equirectangular, 2,000 units wide and 1,000 high, in whole
// units and relative steps.
//
//	npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
//	make land TOPOLOGY=package/land-110m.json
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"math"
	"os"
	"slices"
	"strings"
)

// topology is the part of TopoJSON that is used.
type topology struct {
	Transform struct{ Scale, Translate [2]float64 }
	Arcs      [][][2]int
	Objects   struct {
		Land struct {
			Geometries []struct{ Arcs [][][]int }
		}
	}
}

type point struct{ x, y int }

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: land land-110m.json")
	}
	content, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	var t topology
	if err := json.Unmarshal(content, &t); err != nil {
		log.Fatal(err)
	}
	fmt.Println(t.path())
}

// path writes every ring.
func (t topology) path() string {
	var b strings.Builder
	for _, g := range t.Objects.Land.Geometries {
		for _, polygon := range g.Arcs {
			for _, ring := range polygon {
				writeRing(&b, unwrapped(t.ring(ring)))
			}
		}
	}
	return b.String()
}

// ring joins arcs; a negative number is the arc of its complement, backwards.
func (t topology) ring(arcs []int) []point {
	var out []point
	for _, n := range arcs {
		line := t.line(max(n, ^n))
		if n < 0 {
			slices.Reverse(line)
		}
		for _, p := range line {
			if len(out) == 0 || out[len(out)-1] != p {
				out = append(out, p)
			}
		}
	}
	return out
}

// antarctic is the southern end of the map: there are no data centres.
const antarctic = 830

// unwrapped is a ring that crosses the antimeridian without its jump, where most of it is
// on the map: what goes over its edge is not seen. It is nil for Antarctica, which goes
// around the pole.
func unwrapped(ring []point) []point {
	out, turn, sum := make([]point, 0, len(ring)), 0, 0
	for i, p := range ring {
		if i > 0 {
			switch d := p.x - ring[i-1].x; {
			case d > 1000:
				turn -= 2000
			case d < -1000:
				turn += 2000
			}
		}
		out = append(out, point{p.x + turn, p.y})
		sum += p.x + turn
	}
	if turn != 0 || len(ring) > 0 && ring[0].y > antarctic {
		return nil
	}
	for i := range out {
		if sum < 0 {
			out[i].x += 2000
		}
	}
	return out
}

// line is an arc in the units of the map; its points are steps from one to the next.
func (t topology) line(n int) []point {
	var out []point
	x, y := 0, 0
	for _, step := range t.Arcs[n] {
		x, y = x+step[0], y+step[1]
		long := float64(x)*t.Transform.Scale[0] + t.Transform.Translate[0]
		lat := float64(y)*t.Transform.Scale[1] + t.Transform.Translate[1]
		out = append(out, point{int(math.Round((long + 180) / 360 * 2000)), int(math.Round((90 - lat) / 180 * 1000))})
	}
	return out
}

// writeRing writes a ring of more than two points.
func writeRing(b *strings.Builder, ring []point) {
	if len(ring) < 4 {
		return
	}
	fmt.Fprintf(b, "M%d %dl", ring[0].x, ring[0].y)
	for i, p := range ring[1:] {
		step := fmt.Sprintf("%d %d", p.x-ring[i].x, p.y-ring[i].y)
		if i > 0 && !strings.HasPrefix(step, "-") {
			b.WriteByte(' ')
		}
		b.WriteString(strings.ReplaceAll(step, " -", "-"))
	}
	b.WriteString("z")
}
