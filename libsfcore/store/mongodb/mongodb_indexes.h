/* SPDX-License-Identifier: BSD-3-Clause */
/* The indexes by which a site with MongoDB finds its old chats. */
#ifndef SF_MONGODB_INDEXES_H
#define SF_MONGODB_INDEXES_H

#include "store/mongodb/mongodb.h"

/*
 * Makes what is missing, and fits the server's own removal of chats to
 * ttl_seconds after their creation. Takes its time. Errors as in mongodb.h.
 */
enum sf_err sf_mongodb_make_indexes(struct sf_mongodb *mongodb,
	const char *collection, int64_t ttl_seconds) SF_MUST_CHECK;

#endif
