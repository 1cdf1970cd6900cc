// Package state keeps the ledger: one bbolt file that holds every transaction
// made on a guest, the content and the configurations those transactions refer
// to, and the decisions that stand. It knows nothing of boots: it keeps records,
// bytes and names.
//
// # Buckets
//
//	bucket        key                      value
//	meta          name                     format, created, id, and sum: the SHA-256 of these three
//	transactions  id, 8 bytes big-endian   sealed record
//	journal       "pending"                sealed record of the transaction under way
//	blobs         SHA-256 of the content   packed content of a file
//	manifests     SHA-256 of the JSON      packed part or top of a captured configuration
//	intents       script                   JSON of the standing decision
//	by_script     script NUL id            empty
//	snapshots     name                     reserved for captures that a user named
//
// A sealed record is canonical JSON: fields in the order of their declaration,
// map keys sorted, no escapes for HTML, lists never null, times in UTC. Its last
// field is its hash, the SHA-256 in hex over the same bytes with that field
// empty. The hash covers parent_hash, the hash of the record before, so that the
// hash of the newest record, the head, covers the whole ledger.
//
// Packed content has one tag byte in front: 0 for raw, 1 for deflate.
//
// # Durability
//
// [Ledger.Begin] and [Ledger.Commit] are one bbolt transaction each, durable when
// they return without an error: a reader sees all of it or nothing. When they
// return an error that comes from writing, the outcome is unknown: close the
// ledger, open it again and ask [Ledger.Pending]. A new ledger is written beside
// its name and renamed, so a crash leaves either none or a whole one; what it
// leaves under the name with ".new" is overwritten by the next.
//
// # What a reader may rely on
//
// Records are never changed or removed, ids rise by one from 1, and what a
// transaction refers to is in the ledger. A file is never handed to bbolt before
// its pages were walked in a private copy: a damaged one is refused with
// [DamageError], where bbolt would hang or take the process with it. Every record,
// blob and manifest is checked against its hash each time it is read. What only
// [Ledger.Verify] finds: a broken chain, a missing reference, and decisions or
// indexes that disagree with the records they are drawn from.
//
// The file is locked with flock(2) while it is open: shared for reading, exclusive
// for writing. This keeps other openers away, not somebody who writes to the file
// regardless. A file that shrinks while it is mapped ends in a DamageError; against
// a guest that edits its ledger in place while it is read, run in a process whose
// loss does not matter.
//
// # Format versions
//
// The only one is 1. Fields may be added to records within a version: readers
// pass over those they do not know, and the hash covers them all the same. Any
// other change raises the version; a file of a version above the known one is
// refused with [ErrNewer].
package state
