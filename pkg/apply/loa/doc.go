// Package loa keeps Letters of Authorization in a folder: one PDF per port and
// a manifest that says which is which.
//
// It owns file names, the check that a PDF is whole, atomic writing and the
// manifest. It must not know where the PDFs come from.
package loa
