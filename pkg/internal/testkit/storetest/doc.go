// Package storetest holds what every store of a ledger must do, as one suite.
//
// It owns the contract of [ledger.Store] in the form of tests, so that a folder,
// a bucket in memory and a real S3 server are held to the same promises. It must
// not know how any store keeps its records, nor what the records say.
package storetest
