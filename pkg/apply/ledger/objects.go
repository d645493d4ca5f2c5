package ledger

import (
	"bytes"
	"context"
	"errors"
	"io"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"
)

// objects are the objects of a bucket below a prefix. Each method is one request,
// which the client of AWS repeats when an answer says that it may.
type objects struct {
	client *s3.Client
	bucket string
	prefix string // empty, or it ends with a slash

	// How what is written gets encrypted; empty leaves it to the bucket.
	encryption types.ServerSideEncryption
	kmsKey     *string
}

// openObjects makes the client of a bucket. It asks the bucket for nothing.
func openObjects(ctx context.Context, where place) (*objects, error) {
	loaded, err := where.load(ctx)
	if err != nil {
		return nil, &configError{err}
	}
	region, err := where.region(loaded.Region)
	if err != nil {
		return nil, err
	}
	o := &objects{
		client: s3.NewFromConfig(loaded, where.configure(region)),
		bucket: where.bucket, encryption: types.ServerSideEncryption(where.settings["ssetype"]),
	}
	if where.prefix != "" {
		o.prefix = where.prefix + "/"
	}
	if key := where.settings["kmskeyid"]; key != "" {
		o.kmsKey = &key
	}
	return o, nil
}

// load reads the configuration of AWS from where all of its tools look for it.
func (p place) load(ctx context.Context) (aws.Config, error) {
	options := []func(*config.LoadOptions) error{
		// It would write into whatever is drawn on the terminal.
		config.WithLogger(logging.Nop{}),
		// The timeout of an operation bounds its retries. The client's own budget of
		// retries, shared by all operations, would turn a short outage into failures.
		config.WithRetryer(func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) { o.RateLimiter = ratelimit.None })
		}),
	}
	if region := p.settings["region"]; region != "" {
		options = append(options, config.WithRegion(region))
	}
	if profile := p.settings["profile"]; profile != "" {
		options = append(options, config.WithSharedConfigProfile(profile))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err == nil {
		loaded.Credentials = credentials{loaded.Credentials}
	}
	return loaded, err
}

var (
	regionForm    = regexp.MustCompile(`^[A-Za-z0-9-]{1,63}$`)
	ownRegionForm = regexp.MustCompile(`^[A-Za-z0-9.-]+$`)
)

// region is the region that requests are signed for.
func (p place) region(configured string) (string, error) {
	form := regionForm
	if p.settings["endpoint"] != "" {
		if configured == "" {
			return "us-east-1", nil // what servers other than AWS expect when nobody names one
		}
		form = ownRegionForm // they name theirs as they like
	}
	if !form.MatchString(configured) {
		return "", errNoRegion
	}
	return configured, nil
}

// configure sets what the configuration of AWS does not know.
func (p place) configure(region string) func(*s3.Options) {
	return func(o *s3.Options) {
		o.Region = region
		o.UsePathStyle = p.settings["use_path_style"] == "true"
		endpoint := p.settings["endpoint"]
		if endpoint == "" {
			return
		}
		o.BaseEndpoint = &endpoint
		// These choose among the endpoints of AWS, and may be set for other tools.
		o.EndpointOptions.UseFIPSEndpoint = aws.FIPSEndpointStateDisabled
		o.EndpointOptions.UseDualStackEndpoint = aws.DualStackEndpointStateDisabled
		// Many servers that speak as S3 does refuse the checksums that AWS added
		// in 2025; TLS and the signature cover the content all the same.
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
	}
}

// put writes an object unless there is one, in which case the answer is that of
// [existsCode].
func (o *objects) put(ctx context.Context, key string, content []byte, mark string) error {
	_, err := o.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &o.bucket, Key: aws.String(o.prefix + key), Body: bytes.NewReader(content),
		IfNoneMatch: aws.String("*"),
		ContentType: aws.String("application/json"),
		Metadata:    map[string]string{writeMark: mark},

		ServerSideEncryption: o.encryption, SSEKMSKeyId: o.kmsKey,
	})
	return err
}

// mark is the mark of the write that an object comes from.
func (o *objects) mark(ctx context.Context, key string) (string, error) {
	head, err := o.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &o.bucket, Key: aws.String(o.prefix + key)})
	if err != nil {
		return "", err
	}
	return head.Metadata[writeMark], nil
}

func (o *objects) get(ctx context.Context, key string) ([]byte, error) {
	object, err := o.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &o.bucket, Key: aws.String(o.prefix + key)})
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(object.Body)
	if err := errors.Join(err, object.Body.Close()); err != nil {
		return nil, err
	}
	return content, nil
}

func (o *objects) delete(ctx context.Context, key string) error {
	_, err := o.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &o.bucket, Key: aws.String(o.prefix + key)})
	return err
}

// page lists at most size keys that begin with a prefix. The next page has the
// token returned; nil means that there is none.
func (o *objects) page(ctx context.Context, prefix string, size int32, token *string) (keys []string, next *string, err error) {
	page, err := o.list(ctx, prefix, "", size, token)
	return page.keys, page.next, err
}

// objectPage is a page of a listing.
type objectPage struct {
	keys []string
	// folders are what keys begin with up to the next delimiter, if there is one.
	folders []string
	next    *string
}

// list is page with a delimiter: what is behind one is told by its folder alone.
func (o *objects) list(ctx context.Context, prefix, delimiter string, size int32, token *string) (objectPage, error) {
	in := &s3.ListObjectsV2Input{Bucket: &o.bucket, Prefix: aws.String(o.prefix + prefix), MaxKeys: &size, ContinuationToken: token}
	if delimiter != "" {
		in.Delimiter = &delimiter
	}
	out, err := o.client.ListObjectsV2(ctx, in)
	if err != nil {
		return objectPage{}, err
	}
	var page objectPage
	for _, object := range out.Contents {
		if key, ours := strings.CutPrefix(aws.ToString(object.Key), o.prefix); ours {
			page.keys = append(page.keys, key)
		}
	}
	for _, common := range out.CommonPrefixes {
		if folder, ours := strings.CutPrefix(aws.ToString(common.Prefix), o.prefix); ours {
			page.folders = append(page.folders, folder)
		}
	}
	if page.next = out.NextContinuationToken; aws.ToString(page.next) == "" {
		page.next = nil
	}
	if page.next == nil && aws.ToBool(out.IsTruncated) {
		return objectPage{}, errors.New("the list is cut short, and there is no token for the rest")
	}
	return page, nil
}

// The server's words for an object that is there, and for one that is not. The
// last is all that a HEAD request gets, and what the client makes of any page
// that says 404: of a proxy, for example.
const (
	existsCode   = "PreconditionFailed"
	missingCode  = "NoSuchKey"
	notFoundCode = "NotFound"
)

// busyCode says that the server wants to be asked again: another conditional
// write of the key was under way.
func busyCode(code string) bool {
	return code == "ConditionalRequestConflict" || code == "OperationAborted"
}

// apiCode is the bucket's word for an error, or "". That of the service that gives
// out credentials says nothing about an object.
func apiCode(err error) string {
	var none *credentialError
	var answer smithy.APIError
	if errors.As(err, &none) || !errors.As(err, &answer) {
		return ""
	}
	return answer.ErrorCode()
}

// credentials tells failures to get credentials from those of a bucket.
type credentials struct{ aws.CredentialsProvider }

func (c credentials) Retrieve(ctx context.Context) (aws.Credentials, error) {
	found, err := c.CredentialsProvider.Retrieve(ctx)
	if err != nil {
		return aws.Credentials{}, &credentialError{err}
	}
	return found, nil
}

// credentialError: there are no credentials, or they have expired.
type credentialError struct{ err error }

func (e *credentialError) Error() string {
	return "there are no credentials that can be used: " + e.err.Error()
}

func (e *credentialError) Unwrap() error { return e.err }

// configError: the configuration of AWS cannot be read.
type configError struct{ err error }

func (e *configError) Error() string { return e.err.Error() }

func (e *configError) Unwrap() error { return e.err }

// errNoRegion: nobody named a region, or what was named cannot be one.
var errNoRegion = errors.New("the region of the bucket is missing or is none")
