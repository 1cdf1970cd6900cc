// Package snapshot is where a guest's boot and the ledger meet: it captures a
// boot configuration, compares two, plans a change, makes it as a transaction,
// takes it back, and makes it again after an upgrade.
//
// # A change is a difference of two trees
//
// Every verb computes, without touching the guest, how the guest's boot.Tree
// would be afterwards. The difference between the tree that was read and that
// one is the list of changes: for each path what it held and what it is to
// hold. Making a change, taking it back and recovering from a crash are the
// same step in one direction or the other: rootfs.Root.Replace, which
// exchanges one path and refuses when somebody else was there first. So a
// moved link is two changes, and no step needs to know how far another came.
//
// # The transaction
//
//  1. Open takes the ledger's lock, then dpkg's, and takes back what a crash
//     left half done.
//  2. The verb reads the guest and plans. Nothing to change: nothing is
//     written.
//  3. state.Ledger.Begin stores the pending record with every byte that is
//     about to change. It is durable before the first change.
//  4. The changes are made one by one: what is new first, what goes last.
//  5. Every directory touched is synced, the guest is read again and compared
//     with the plan.
//  6. state.Ledger.Commit replaces the pending record by the final one: this is
//     the point of no return.
//
// Before 6, an error or a crash ends with the guest as it was in 2 and a record
// of kind "interrupted"; after 6 with the guest as planned. What holds neither
// the old nor the new entry was changed by somebody else: it is left alone and
// named.
//
// # Taking back
//
// While every path that was changed still holds what the ledger recorded, it
// gets back exactly what it held before: bytes, mode, owner, time. When
// somebody else changed one of them, because an upgrade renumbered the links,
// say, the decision is taken back and not the number: scripts are enabled again
// in the runlevels they had, and the order is computed from what is installed
// now. Each operation says which of the two it was.
package snapshot
