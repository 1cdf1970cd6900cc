// Package crash kills the program, and makes its system calls fail, at every
// step of every verb that changes a guest, and checks that the guest is as it was
// before the call or as it would be after it, and that the ledger says which.
package crash
