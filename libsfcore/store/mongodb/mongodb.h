/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One collection of a MongoDB server, by libmongoc: the commands that a store
 * needs, each with a limit in time. Knows no chat. Never logs a text of the
 * driver or the server: the text may hold a token or the URI.
 *
 * Every function may also return SF_ERR_UNAVAILABLE: the server cannot be
 * reached, refuses, is not the primary or is too slow.
 */
#ifndef SF_MONGODB_H
#define SF_MONGODB_H

#include "base/err.h"

#include <bson/bson.h>

struct sf_mongodb;

/*
 * Starts the driver if it does not run in this process or its parent yet, and
 * reads `uri`. The first command connects. The limits in time that `uri` gives
 * are kept; the driver's retries are always off, and every change waits for the
 * server's acknowledgement. SF_ERR_INTERNAL: `uri` is not a MongoDB URI.
 * sf_mongodb_free() frees `out`.
 */
enum sf_err sf_mongodb_open(const char *uri, const char *collection,
	struct sf_mongodb **out) SF_MUST_CHECK;

/* NULL is accepted. */
void sf_mongodb_free(struct sf_mongodb *mongodb);

/* Disconnects; the next command connects again. */
void sf_mongodb_rest(struct sf_mongodb *mongodb);

/* Lets each command take up to an hour, for work that an operator starts. */
void sf_mongodb_allow_long_commands(struct sf_mongodb *mongodb);

/*
 * Starts the deadline of one verb, which is one command's timeout from now. A
 * command that begins after the deadline returns SF_ERR_UNAVAILABLE.
 */
void sf_mongodb_start_deadline(struct sf_mongodb *mongodb);

/* SF_ERR_CONFLICT: there is a document with this _id. */
enum sf_err sf_mongodb_insert(
	struct sf_mongodb *mongodb, const bson_t *chat) SF_MUST_CHECK;

struct sf_mongodb_query {
	const bson_t *filter;
	const bson_t *fields; /* which ones to return; NULL: all */
	const bson_t *order;  /* NULL: any */
	int64_t skip;
	int limit;
};

/* Finds up to `limit` documents, which the caller destroys, and counts them. */
enum sf_err sf_mongodb_find(struct sf_mongodb *mongodb,
	const struct sf_mongodb_query *query, bson_t **out,
	size_t *count) SF_MUST_CHECK;

struct sf_mongodb_change {
	const bson_t *filter;
	const bson_t *update; /* operators, or a pipeline */
	const bson_t *fields; /* which ones to return */
};

/*
 * Updates one document atomically and returns its new state, which the caller
 * destroys. SF_ERR_NOT_FOUND: no document matches, so nothing has changed.
 */
enum sf_err sf_mongodb_change(struct sf_mongodb *mongodb,
	const struct sf_mongodb_change *change, bson_t **out) SF_MUST_CHECK;

/* Removes one document. SF_ERR_NOT_FOUND: no document matches. */
enum sf_err sf_mongodb_remove(
	struct sf_mongodb *mongodb, const bson_t *filter) SF_MUST_CHECK;

/*
 * Runs a command on the database of the collection; the command's first member
 * names the collection. Frees the command. SF_ERR_CONFLICT: the command makes
 * an index that exists with other options.
 */
enum sf_err sf_mongodb_run(
	struct sf_mongodb *mongodb, bson_t *command) SF_MUST_CHECK;

#endif
