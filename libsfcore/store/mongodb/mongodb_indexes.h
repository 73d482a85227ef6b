/* SPDX-License-Identifier: BSD-3-Clause */
/* The indexes by which a site with MongoDB finds its old chats. */
#ifndef SF_MONGODB_INDEXES_H
#define SF_MONGODB_INDEXES_H

#include "store/mongodb/mongodb.h"

/*
 * Makes the missing indexes. By one of them the server removes chats
 * `ttl_seconds` after their creation. If that index exists with another time,
 * this function changes its time. May take minutes. Errors as in mongodb.h.
 */
enum sf_err sf_mongodb_make_indexes(struct sf_mongodb *mongodb,
	const char *collection, int64_t ttl_seconds) SF_MUST_CHECK;

#endif
