package megaport

import (
	"bytes"
	"context"
	"io"
	"net/http"
)

// Received reads the v3 listing of locations and gives it as the API sent it, with
// the envelope around it: for files that outlive this client's idea of a location.
// What List would not take is an error. It needs no credentials (API facts §2.1,
// confidence A).
func (s *LocationService) Received(ctx context.Context) ([]byte, error) {
	var answer []byte
	_, err := s.client.do(ctx, call{
		class: classRead, method: http.MethodGet, path: "/v3/locations", public: true,
		decode: func(body io.Reader, _ *attempt) (err error) {
			if answer, err = io.ReadAll(body); err != nil {
				return err
			}
			_, err = decodeLocations(bytes.NewReader(answer))
			return err
		},
	})
	if err != nil {
		return nil, err
	}
	return answer, nil
}
