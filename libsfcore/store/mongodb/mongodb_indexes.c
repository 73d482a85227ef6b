/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The first two indexes serve the queries of the sweep. The server itself uses
 * the last one to remove chats that no sweep has removed.
 */
#include "store/mongodb/mongodb_indexes.h"

#include "model/chat.h"

static bson_t *compose_indexes(const char *collection, int64_t ttl_seconds)
{
	const char *closed = sf_status_name(SF_STATUS_CLOSED);

	return BCON_NEW("createIndexes", BCON_UTF8(collection), "indexes", "[",
		"{", "name", BCON_UTF8("status_created"), "key", "{", "status",
		BCON_INT32(1), "created", BCON_INT32(1), "}", "}", "{", "name",
		BCON_UTF8("empty"), "key", "{", "status", BCON_INT32(1),
		"created", BCON_INT32(-1), "}", "partialFilterExpression", "{",
		"status", BCON_UTF8(closed), "messages", "[", "]", "}", "}",
		"{", "name", BCON_UTF8("created"), "key", "{", "created",
		BCON_INT32(1), "}", "expireAfterSeconds",
		BCON_INT64(ttl_seconds), "}", "]");
}

static bson_t *compose_ttl(const char *collection, int64_t ttl_seconds)
{
	return BCON_NEW("collMod", BCON_UTF8(collection), "index", "{", "name",
		BCON_UTF8("created"), "expireAfterSeconds",
		BCON_INT64(ttl_seconds), "}");
}

enum sf_err sf_mongodb_make_indexes(
	struct sf_mongodb *mongodb, const char *collection, int64_t ttl_seconds)
{
	enum sf_err err;

	sf_mongodb_allow_long_commands(mongodb);
	sf_mongodb_start_deadline(mongodb);
	err = sf_mongodb_run(mongodb, compose_indexes(collection, ttl_seconds));
	/* The index was made for another lifetime. */
	if (err == SF_ERR_CONFLICT)
		err = sf_mongodb_run(
			mongodb, compose_ttl(collection, ttl_seconds));
	return err;
}
