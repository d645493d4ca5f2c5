// Package loa keeps Letters of Authorization in a folder: one PDF per port, and
// a manifest that says which is which, once as JSON and once as CSV.
//
// It owns file names, the check that a PDF is whole, atomic writing, the
// manifest and the archives that are sent to data centres. It must not know
// where the PDFs come from.
//
// # What is on disk
//
// Files appear whole or not at all, whoever writes at the same time: each is
// written beside its place and renamed. The two manifests say the same; when
// one of them is lost it is written again from the other. An LOA counts as
// there when the manifest names it and its bytes are those that were fetched.
// When a port is terminated its LOA stays, and its row says so.
//
// # Spreadsheets
//
// A spreadsheet takes a cell that begins with =, +, - or @ for a formula. In
// manifest.csv such a cell, and one that begins with an apostrophe, a tab or a
// carriage return, has an apostrophe in front of it; manifest.json has the value
// as it is.
package loa
