package sandbox

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-pdf/fpdf"
)

// getLOA answers with the Letter of Authorization of a CONFIGURED or LIVE port,
// PDF bytes without an envelope (API facts §6, confidence B), and with 400 before
// that (confidence D). Every download carries its own issue date.
func (s *Server) getLOA(c *call) reply {
	return s.on(c, func(w *view, v *service) reply { return s.loa(c, w, v) })
}

func (s *Server) loa(c *call, w *view, v *service) reply {
	status := w.status(v)
	if status != statusConfigured && status != statusLive {
		return fail(http.StatusBadRequest, "An LOA cannot be generated for service %s: its status is %s, not CONFIGURED", v.UID, status)
	}
	if v.CrossConnect { // Megaport deals with the data centre (API facts §6, confidence B; the answer D)
		return fail(http.StatusBadRequest, "There is no LOA of service %s: Megaport orders its cross connect", v.UID)
	}
	if w.now.UnixMilli() < v.ConfiguredAt+c.knobs.LOADelay.Milliseconds() {
		return fail(http.StatusBadRequest, "The LOA of service %s is not available yet", v.UID)
	}
	text := loaText{service: v, place: w.places[v.LocationID], company: s.config.Company, issued: w.now.UTC()}
	if v.AggregationID != 0 {
		text.lag = s.lagLine(v)
	}
	pdf, err := text.pdf()
	if err != nil {
		return s.unavailable(fmt.Errorf("LOA: %w", err))
	}
	name := "LOA-" + shortID(v.UID) + ".pdf"
	return rawReply(http.StatusOK, "application/pdf", pdf).
		withHeader("Content-Disposition", `attachment; filename="`+name+`"`)
}

// lagLine says which member of its LAG the port is.
func (s *Server) lagLine(v *service) string {
	var members []*service
	err := s.store.view(func(st *state) { members = st.members(v.AggregationID) })
	i := slices.IndexFunc(members, func(m *service) bool { return m.UID == v.UID })
	if err != nil || i < 0 {
		return fmt.Sprintf("LAG %d", v.AggregationID)
	}
	role := ""
	if v.LAGPrimary {
		role = ", primary"
	}
	return fmt.Sprintf("Member %d of %d of LAG %d%s", i+1, len(members), v.AggregationID, role)
}

// shortID is the Service ID of the portal: the first 8 digits of the UID (API
// facts §6, confidence B).
func shortID(uid string) string {
	hex := strings.ReplaceAll(uid, "-", "")
	return hex[:min(8, len(hex))]
}

// loaText is what one LOA says.
type loaText struct {
	service *service
	place   Location
	company Company
	issued  time.Time
	lag     string // empty for a port that is no LAG member
}

const loaDisclaimer = "SANDBOX, NOT VALID"

// Layout in millimetres on A4.
const (
	loaMargin = 20.0
	loaWidth  = 210 - 2*loaMargin
	loaLabel  = 52.0
	loaRow    = 8.0
)

// pdf renders the LOA on one page. The text is left uncompressed: LOAs are
// small, and it keeps them readable to the simplest tools.
func (l *loaText) pdf() ([]byte, error) {
	p := fpdf.New("P", "mm", "A4", "")
	p.SetCompression(false)
	p.SetCatalogSort(true)
	p.SetCreationDate(l.issued)
	p.SetModificationDate(l.issued)
	p.SetTitle("Letter of Authorization "+shortID(l.service.UID)+" - "+loaDisclaimer, true)
	p.SetMargins(loaMargin, loaMargin, loaMargin)
	p.SetAutoPageBreak(false, 0)
	p.AddPage()
	page := &loaPage{p, p.UnicodeTranslatorFromDescriptor("")}
	page.watermark()
	page.heading(l)
	page.table("Service", l.serviceRows())
	page.table("Location", [][2]string{
		{"Site", l.place.Name},
		{"Address", l.place.Address.line()},
		{"Operator", l.place.DataCentre.Name},
		{"Demarcation (Z side)", demarcationOf(l.service)},
	})
	page.closing(l)
	var b bytes.Buffer
	if err := p.Output(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func (l *loaText) serviceRows() [][2]string {
	v := l.service
	rows := [][2]string{
		{"Service name", v.Name},
		{"Service ID", shortID(v.UID)},
		{"Service UID", v.UID},
		{"Port speed", strconv.Itoa(v.SpeedMbps/1000) + " Gbps, " + media(v.SpeedMbps) + ", single-mode fibre, LC"},
	}
	if v.Zone != "" {
		rows = append(rows, [2]string{"Diversity zone", v.Zone})
	}
	if l.lag != "" {
		rows = append(rows, [2]string{"LAG", l.lag})
	}
	return rows
}

// line gives the address on one line, without the parts that are not known.
func (a Address) line() string {
	var parts []string
	for _, part := range []string{a.Street, a.Suburb, strings.TrimSpace(a.City + " " + a.Postcode), a.State, a.Country} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ", ")
}

// loaPage draws; it knows nothing of services.
type loaPage struct {
	*fpdf.Fpdf
	translate func(string) string // to the code page of the built-in fonts
}

// cell writes a text in a style ("B" is bold), size (points) and grey; next 1 ends the
// line after it.
func (p *loaPage) cell(width, height float64, text, style string, size float64, grey int, border string, next int) {
	p.SetFont("Helvetica", style, size)
	p.SetTextColor(grey, grey, grey)
	p.CellFormat(width, height, text, border, next, "L", false, 0, "")
}

// banner writes the disclaimer, white on red or red.
func (p *loaPage) banner(text string, size, height float64, filled bool) {
	p.SetFont("Helvetica", "B", size)
	p.SetFillColor(176, 0, 32)
	p.SetTextColor(176, 0, 32)
	if filled {
		p.SetTextColor(255, 255, 255)
	}
	p.CellFormat(loaWidth, height, loaDisclaimer+text, "", 1, "C", filled, 0, "")
}

func (p *loaPage) watermark() {
	p.SetFont("Helvetica", "B", 52)
	p.SetTextColor(250, 225, 225)
	p.TransformBegin()
	p.TransformRotate(52, 105, 165)
	p.Text(105-p.GetStringWidth(loaDisclaimer)/2, 165, loaDisclaimer)
	p.TransformEnd()
}

func (p *loaPage) heading(l *loaText) {
	p.banner(" - this letter authorizes nothing", 12, 10, true)
	p.Ln(8)
	p.cell(loaWidth, 10, "Letter of Authorization", "B", 20, 30, "", 1)
	for _, line := range []string{"Issue date: " + l.issued.Format("2 January 2006"), "Issued by: portctl sandbox", "Requested by: " + l.company.Name} {
		p.cell(loaWidth, 6, p.translate(line), "", 10, 90, "", 1)
	}
}

func (p *loaPage) table(title string, rows [][2]string) {
	p.Ln(7)
	p.cell(loaWidth, loaRow, title, "B", 12, 30, "B", 1)
	for _, row := range rows {
		p.cell(loaLabel, loaRow, p.translate(row[0]), "", 10, 90, "", 0)
		p.SetFont("Helvetica", "B", 10) // the width is measured in it
		p.cell(loaWidth-loaLabel, loaRow, p.fitted(row[1], loaWidth-loaLabel-2), "B", 10, 30, "", 1)
	}
}

// fitted shortens a text that is too wide for its cell.
func (p *loaPage) fitted(text string, width float64) string {
	out := p.translate(text)
	for runes := []rune(text); p.GetStringWidth(out) > width && len(runes) > 0; {
		runes = runes[:len(runes)-1]
		out = p.translate(string(runes) + "...")
	}
	return out
}

func (p *loaPage) closing(l *loaText) {
	p.Ln(9)
	p.SetFont("Helvetica", "", 10)
	p.SetTextColor(30, 30, 30)
	p.MultiCell(loaWidth, 5.5, p.translate("If this were a real LOA, it would authorize "+l.company.Name+
		" or its agent to order a cross connect to the demarcation point above. It was made by a simulation for "+
		"rehearsals and tests. No port exists, and no data centre should act on it."), "", "L", false)
	p.SetY(277)
	p.banner(" - Service ID "+shortID(l.service.UID), 9, 5, false)
}
