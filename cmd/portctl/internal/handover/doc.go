// Package handover makes what a data centre is given to build a cross connect: the LOAs,
// an order as a table and in Equinix's form, a mail that is a draft, and a checklist. It
// is pure: values in, files out, and the same values give the same bytes.
//
// It sends nothing, and must not know the account, the ledger or the command line.
package handover
