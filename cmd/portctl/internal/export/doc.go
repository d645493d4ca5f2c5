// Package export writes the ports of an inventory in the forms of other systems: the
// import files of NetBox and the import blocks of Terraform. It is pure: values in,
// bytes out.
//
// It must not know the account, the ledger or the command line.
package export
