package megaport

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

var (
	errNoData  = errors.New("it has no data")
	errTwoData = errors.New("it has data twice")
)

// tolerant lets bytes pass that are no UTF-8, and escapes of half a character:
// they come as U+FFFD, and what hangs on a text looks at wireText.damaged.
func tolerant() json.Options { return jsontext.AllowInvalidUTF8(true) }

// skipMark passes over a byte order mark, which some servers put first.
func skipMark(body io.Reader) io.Reader {
	const mark = "\xef\xbb\xbf"
	begun := bufio.NewReader(body)
	if head, err := begun.Peek(len(mark)); err == nil && string(head) == mark {
		_, _ = begun.Discard(len(mark))
	}
	return begun
}

// readEnvelope walks the object that every answer is (API facts §1.6) and hands
// its data to read, which must take exactly one value. Nothing else is kept. An
// answer that ends early, goes on after its end, or has no data is an error.
func readEnvelope(body io.Reader, read func(dec *jsontext.Decoder) error) error {
	dec := jsontext.NewDecoder(skipMark(body), jsontext.AllowDuplicateNames(true), tolerant())
	if kind := dec.PeekKind(); kind != '{' {
		if _, err := dec.ReadToken(); err != nil {
			return wholeError(err)
		}
		return errors.New("it is not an object")
	}
	if _, err := dec.ReadToken(); err != nil {
		return wholeError(err)
	}
	seen := false
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return wholeError(err)
		}
		if name.String() != "data" {
			if err := dec.SkipValue(); err != nil {
				return wholeError(err)
			}
			continue
		}
		if seen {
			return errTwoData
		}
		seen = true
		if dec.PeekKind() == 'n' {
			return errNoData
		}
		if err := read(dec); err != nil {
			return wholeError(err)
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return wholeError(err)
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return errors.New("something follows after its end")
	}
	if !seen {
		return errNoData
	}
	return nil
}

// decodeDone accepts the answer of a call that has nothing to tell: an envelope
// with or without data (API facts §1.6), or no body at all. Anything else, such as
// the login page of a network on the way, is not the API's word that it was done.
func decodeDone(body io.Reader, _ *attempt) error {
	begun := bufio.NewReader(body)
	if _, err := begun.Peek(1); errors.Is(err, io.EOF) {
		return nil
	}
	err := readEnvelope(begun, func(dec *jsontext.Decoder) error { return dec.SkipValue() })
	if errors.Is(err, errNoData) {
		return nil
	}
	return err
}

// readList walks a list, handing each element to one.
func readList(dec *jsontext.Decoder, one func(i int, dec *jsontext.Decoder) error) error {
	if dec.PeekKind() != '[' {
		return kindError(dec, "a list")
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for i := 0; dec.PeekKind() != ']'; i++ {
		if dec.PeekKind() == jsontext.KindInvalid {
			_, err := dec.ReadToken()
			return orTruncated(err)
		}
		if err := one(i, dec); err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}

// readObjects decodes a list of objects, and hands each to one, or why it cannot be read.
func readObjects[T any](body io.Reader, one func(i int, w T, err error) error) error {
	return readEnvelope(body, func(dec *jsontext.Decoder) error {
		return readList(dec, func(i int, dec *jsontext.Decoder) error {
			var w T
			err := readObject(dec, &w)
			return one(i, w, err)
		})
	})
}

// readObject decodes one object; a field that occurs twice is an error.
func readObject(dec *jsontext.Decoder, into any) error {
	if dec.PeekKind() != '{' {
		return kindError(dec, "an object")
	}
	v, err := dec.ReadValue()
	if err != nil {
		return err
	}
	if err := json.Unmarshal(v, into, tolerant()); err != nil {
		return fieldError(err)
	}
	return nil
}

// kindError says what data is instead of what it should be.
func kindError(dec *jsontext.Decoder, want string) error {
	v, err := dec.ReadValue()
	if err != nil {
		return orTruncated(err)
	}
	return fmt.Errorf("data: %w", wrongKind(want, v))
}

func orTruncated(err error) error {
	if err == nil {
		return io.ErrUnexpectedEOF
	}
	return err
}

// wholeError words what is wrong with the JSON as such.
func wholeError(err error) error {
	var syntactic *jsontext.SyntacticError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		return fmt.Errorf("it ends too early: %w", io.ErrUnexpectedEOF)
	case errors.As(err, &syntactic):
		return fmt.Errorf("it is not JSON: %w", err)
	}
	return err
}
