/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the MongoDB store share. */
#ifndef SF_STORE_MONGODB_H
#define SF_STORE_MONGODB_H

#include "store/mongodb/snapshot.h"
#include "store/store.h"

struct sf_store {
	struct sf_mongodb *mongodb;
	int64_t lifetime_ms;
};

/* Begins a verb: a snapshot that is still empty, and the verb's deadline. */
struct sf_snapshot sf_store_begin_snapshot(
	const struct sf_store *store, int64_t now_ms);

#endif
