package megaport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// NotPDFError is an answer to the request for an LOA that is not a whole PDF.
type NotPDFError struct {
	// UID is the product's.
	UID string
	// ContentType is what the answer called itself.
	ContentType string
	// Size is how many bytes came.
	Size int
	// Reason says what is wrong with them.
	Reason string
	// TraceID is what Megaport's support asks for; empty when there was none.
	TraceID string
}

// Error is one line.
func (e *NotPDFError) Error() string {
	s := fmt.Sprintf("the LOA of %s is not a PDF: %s (%d bytes, content type %q)", printable(e.UID, 80), e.Reason, e.Size, printable(e.ContentType, 80))
	if e.TraceID != "" {
		s += " (trace " + e.TraceID + ")"
	}
	return s
}

// LOA reads a port's Letter of Authorization, a PDF. It exists once the port is
// CONFIGURED (API facts §6, confidence B); before that the API answers with an
// *Error. Each reading is issued anew, so its bytes differ (confidence B). What is
// not a whole PDF is a *NotPDFError, never a document.
func (s *ProductService) LOA(ctx context.Context, uid string) ([]byte, error) {
	if err := checkUID(uid); err != nil {
		return nil, err
	}
	q := call{
		class: classRead, method: http.MethodGet, path: productPath(2, uid, "/loa"),
		accept: "application/pdf, " + acceptJSON, limit: limitLOA,
	}
	document, err := ask(ctx, s.client, q, func(body io.Reader, a *attempt) ([]byte, error) {
		document, err := io.ReadAll(body)
		if err == nil {
			err = checkPDF(uid, a, document)
		}
		return document, err
	})
	var bad *NotPDFError
	if errors.As(err, &bad) {
		return nil, bad
	}
	return document, err
}

// checkPDF looks at both ends: the header may lie, a beginning and an end do not
// happen by chance.
func checkPDF(uid string, a *attempt, document []byte) error {
	e := &NotPDFError{UID: uid, ContentType: a.secrets(a.header.Get("Content-Type")), Size: len(document), TraceID: a.traceID}
	page, isPage := describePage("", []byte(a.secrets(string(document[:min(len(document), 4096)]))))
	switch {
	case len(document) == 0:
		e.Reason = "it is empty"
	case isPage:
		e.Reason = "it is " + page
	case !bytes.HasPrefix(document, []byte("%PDF-")):
		e.Reason = "it does not begin with %PDF-"
		if document[0] == '{' {
			e.Reason = "it is JSON"
		}
	case !bytes.HasSuffix(bytes.TrimRight(document, " \t\r\n\f\x00"), []byte("%%EOF")):
		e.Reason = "its end is missing"
	default:
		return nil
	}
	return e
}
