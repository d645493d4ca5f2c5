package handover

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"path"
	"regexp"
	"strings"

	"github.com/portctl/portctl/pkg/plan"
)

// mailOf is a draft that any mail program opens (RFC 5322, MIME), with the LOAs attached.
// It has no date, no sender and no
// recipient: the program that sends it and whoever does write them.
func mailOf(p Pack) ([]byte, error) {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	if err := w.SetBoundary(boundaryOf(p)); err != nil {
		return nil, err
	}
	if err := addText(w, mailText(p)); err != nil {
		return nil, err
	}
	for _, i := range p.Items {
		if err := attach(w, path.Base(i.File), i.PDF); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	header := func(name, value string) { fmt.Fprintf(&b, "%s: %s\r\n", name, value) }
	header("Subject", mime.QEncoding.Encode("utf-8", oneLine("Cross connects to Megaport: "+p.Title)))
	header("X-Unsent", "1") // Outlook opens it for editing
	header("MIME-Version", "1.0")
	header("Content-Type", fmt.Sprintf("multipart/mixed; boundary=%q", w.Boundary()))
	b.WriteString("\r\n")
	b.Write(body.Bytes())
	return b.Bytes(), nil
}

// boundaryOf hangs on what is sent, so that the same pack gives the same bytes.
func boundaryOf(p Pack) string {
	sum := sha256.New()
	for _, i := range p.Items {
		sum.Write(i.PDF)
	}
	sum.Write([]byte(mailText(p)))
	return "portctl-" + hex.EncodeToString(sum.Sum(nil)[:16])
}

func addText(w *multipart.Writer, text string) error {
	part, err := w.CreatePart(textproto.MIMEHeader{
		"Content-Type": {"text/plain; charset=utf-8"}, "Content-Transfer-Encoding": {"quoted-printable"},
	})
	if err != nil {
		return err
	}
	q := quotedprintable.NewWriter(part)
	if _, err := q.Write([]byte(strings.ReplaceAll(text, "\n", "\r\n"))); err != nil {
		return err
	}
	return q.Close()
}

func attach(w *multipart.Writer, name string, pdf []byte) error {
	part, err := w.CreatePart(textproto.MIMEHeader{
		"Content-Type":              {"application/pdf"},
		"Content-Transfer-Encoding": {"base64"},
		"Content-Disposition":       {mime.FormatMediaType("attachment", map[string]string{"filename": name})},
	})
	if err != nil {
		return err
	}
	const line = 76
	encoded := base64.StdEncoding.EncodeToString(pdf)
	for len(encoded) > 0 {
		n := min(line, len(encoded))
		if _, err := fmt.Fprintf(part, "%s\r\n", encoded[:n]); err != nil {
			return err
		}
		encoded = encoded[n:]
	}
	return nil
}

// mailText is what the mail says.
func mailText(p Pack) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Hello,\n\nplease build the following cross connects to Megaport. The Letters of Authorization are attached.\n")
	for _, i := range p.Items {
		fmt.Fprintf(&b, "\n%s, %s at %s\n  Megaport service: %s (%s)\n  LOA: %s\n", plan.MemberName(i.Name, i.Member), i.Speed, i.Site, i.UID.Short(), i.UID, path.Base(i.File))
		for _, x := range asked(i.Handoff) {
			fmt.Fprintf(&b, "  %s: %s\n", x.what, cmp.Or(x.value, "(please fill in)"))
		}
		fmt.Fprintf(&b, "  Megaport's side: %s\n", cmp.Or(i.Demarcation, "as the LOA says"))
	}
	return b.String()
}

var address = regexp.MustCompile(`[^\s<>,;"()]+@[^\s<>,;"()]+\.[^\s<>,;"()]+`)

// addressIn is the mail address in a text; empty when there is none.
func addressIn(text string) string {
	found := address.FindString(text)
	if _, err := mail.ParseAddress(found); err != nil {
		return ""
	}
	return found
}

// oneLine keeps a text from being two headers.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
