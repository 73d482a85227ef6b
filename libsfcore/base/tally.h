/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Numbers about this machine's part of the site, in a file that all processes
 * of the machine share: what was refused, and how the last sweep went. The file
 * holds no token and no address. A request that succeeds never touches it.
 */
#ifndef SF_TALLY_H
#define SF_TALLY_H

#include "base/config.h"

#include <stdatomic.h>

/*
 * The positions of the words. The file may outlive an upgrade, so a position
 * never gets another meaning. Times are in milliseconds since 1970; 0: never.
 */
enum sf_tally_word {
	SF_TALLY_SINCE_MS,     /* when the file was made */
	SF_TALLY_HEALTH,       /* the last result of chat/health.c */
	SF_TALLY_SWEPT_MS,     /* when the last sweep that succeeded ended */
	SF_TALLY_SWEEP_MS,     /* how long that sweep took */
	SF_TALLY_CLOSED,       /* chats that it has closed */
	SF_TALLY_REMOVED,      /* chats that it has removed */
	SF_TALLY_UNREADABLE,   /* documents in its way that are not chats */
	SF_TALLY_FAILED_MS,    /* when a sweep last failed */
	SF_TALLY_REFUSED = 32, /* plus an enum sf_err: requests */
	SF_TALLY__MAX = 64
};

struct sf_tally {
	_Atomic uint64_t words[SF_TALLY__MAX];
};

/*
 * Opens the numbers of this machine. sf_tally_free() frees `out`.
 * SF_ERR_UNAVAILABLE: the file cannot be made, opened or mapped; the log says
 * why.
 */
enum sf_err sf_tally_open(
	const struct sf_config *config, struct sf_tally **out) SF_MUST_CHECK;

/*
 * Opens the numbers in the same way if this machine has counted, and makes no
 * file. SF_ERR_NOT_FOUND: there is no file.
 */
enum sf_err sf_tally_find(
	const struct sf_config *config, struct sf_tally **out) SF_MUST_CHECK;

/* NULL is accepted. */
void sf_tally_free(struct sf_tally *tally);

/*
 * Counts a request that was refused with this error. Does nothing if there is
 * no runtime directory, or if the error is SF_ERR_METHOD: scripts/run asks for
 * that refusal to see that the programs reply.
 */
void sf_tally_count(const struct sf_config *config, enum sf_err err);

#endif
