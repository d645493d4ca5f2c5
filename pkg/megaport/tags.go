package megaport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// wireTag is a resource tag (API facts §5.2).
type wireTag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

type wireTagSet struct {
	ResourceTags []wireTag `json:"resourceTags"`
}

// Tags are resource tags by key.
type Tags map[string]string

// MarshalJSON writes them as the API has them: a list, here sorted by key.
func (t Tags) MarshalJSON() ([]byte, error) { return json.Marshal(wireTags(t)) }

// wireTags lists tags sorted by key, never as null.
func wireTags(tags map[string]string) []wireTag {
	list := []wireTag{}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, wireTag{Key: key, Value: tags[key]})
	}
	return list
}

func checkTags(tags map[string]string) error {
	if _, ok := tags[""]; ok {
		return errors.New("a tag has no key")
	}
	return nil
}

// Tags reads a product's resource tags; a product without any has an empty map.
// They are not part of the listing (API facts §4.2, confidence A).
func (s *ProductService) Tags(ctx context.Context, uid string) (map[string]string, error) {
	if err := checkUID(uid); err != nil {
		return nil, err
	}
	q := call{class: classRead, method: http.MethodGet, path: productPath(2, uid, "/tags")}
	return ask(ctx, s.client, q, alone(decodeTags))
}

// wireTagsRead is the answer's data. An object without resourceTags has none.
type wireTagsRead struct {
	ResourceTags []wireTagRead `json:"resourceTags"`
}

type wireTagRead struct {
	Key   wireText `json:"key"`
	Value wireText `json:"value"`
}

func decodeTags(body io.Reader) (map[string]string, error) {
	var w wireTagsRead
	err := readEnvelope(body, func(dec *jsontext.Decoder) error { return readObject(dec, &w) })
	if err != nil {
		return nil, err
	}
	tags := make(map[string]string, len(w.ResourceTags))
	for i, t := range w.ResourceTags {
		if !t.Key.set {
			return nil, fmt.Errorf("tag number %d has no key", i+1)
		}
		if t.Key.damaged || t.Value.damaged { // setting tags replaces all, and would write the damage
			return nil, fmt.Errorf("tag number %d holds invalid UTF-8", i+1)
		}
		if _, twice := tags[t.Key.text]; twice {
			return nil, fmt.Errorf("the tag %q occurs twice", printable(t.Key.text, 80))
		}
		tags[t.Key.text] = t.Value.text
	}
	return tags, nil
}

// SetTags replaces all resource tags of a product; an empty map clears them (API
// facts §5.2, confidence A). To keep tags of others, read them first.
func (s *ProductService) SetTags(ctx context.Context, uid string, tags map[string]string) error {
	if err := checkUID(uid); err != nil {
		return err
	}
	if err := checkTags(tags); err != nil {
		return fmt.Errorf("megaport: %w", err)
	}
	body, err := json.Marshal(wireTagSet{ResourceTags: wireTags(tags)})
	if err != nil {
		return fmt.Errorf("megaport: the tags cannot be sent: %w", fieldError(err))
	}
	_, err = s.client.do(ctx, call{class: classWrite, method: http.MethodPut, path: productPath(2, uid, "/tags"), body: body})
	return err
}
