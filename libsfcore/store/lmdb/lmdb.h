/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One LMDB environment in a folder of its own: opened when it is needed, and
 * locked during each transaction. Knows no chat.
 */
#ifndef SF_LMDB_H
#define SF_LMDB_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#include <lmdb.h>

struct sf_lmdb;

enum sf_lmdb_access {
	SF_LMDB_READ,
	SF_LMDB_CHANGE,
	SF_LMDB_GROW, /* to change, keeping the last eighth of the store's room
			 free */
	SF_LMDB_ACCESS__MAX
};

/* A transaction. `dbi` is LMDB's handle of the only database. */
struct sf_lmdb_session {
	struct sf_lmdb *lmdb; /* locked */
	MDB_txn *txn;
	MDB_dbi dbi;
};

/*
 * The folder `dir` must exist. sf_lmdb_free() frees `out`. SF_ERR_UNAVAILABLE:
 * the folder cannot be opened.
 */
enum sf_err sf_lmdb_open(const char *dir, struct sf_lmdb **out) SF_MUST_CHECK;

/* NULL is accepted. */
void sf_lmdb_free(struct sf_lmdb *lmdb);

/*
 * Returns whether an environment was ever made in the folder; also true if this
 * user may not look.
 */
bool sf_lmdb_exists(const char *dir);

/* Gives back costly memory before a long wait. */
void sf_lmdb_rest(struct sf_lmdb *lmdb);

/*
 * Begins a transaction, which sf_lmdb_commit() or sf_lmdb_abort() ends. Until
 * then other transactions wait; those that only read do not wait for each
 * other. Creates a missing environment. Errors as sf_lmdb_report().
 */
enum sf_err sf_lmdb_begin(struct sf_lmdb *lmdb, enum sf_lmdb_access access,
	struct sf_lmdb_session *out) SF_MUST_CHECK;

void sf_lmdb_abort(const struct sf_lmdb_session *session);

/* Errors as sf_lmdb_report(); after an error nothing has changed. */
enum sf_err sf_lmdb_commit(const struct sf_lmdb_session *session) SF_MUST_CHECK;

/*
 * Measures how many bytes of the file are in use, and how many SF_LMDB_GROW
 * transactions may use, which the file system's free space limits too. Returns
 * a code of LMDB.
 */
int sf_lmdb_measure(const struct sf_lmdb_session *session, int64_t *used_bytes,
	int64_t *room_bytes);

/*
 * Maps a return code of LMDB. SF_ERR_CONFLICT: the key exists.
 * SF_ERR_NOT_FOUND: the key does not exist. SF_ERR_UNAVAILABLE: the store is
 * full or damaged, or there is another fault; the log names it.
 */
enum sf_err sf_lmdb_report(int code) SF_MUST_CHECK;

#endif
