// Package s3server runs a real S3 server for tests: versitygw, which keeps its
// buckets in a folder of the test.
//
// It owns the process, its address and its credentials, and sees to it that the
// process ends with the test, however that ends. It must not know what is kept in
// the buckets, and it fetches nothing: `make test-s3` builds the program and
// names it in PORTCTL_VERSITYGW.
package s3server
