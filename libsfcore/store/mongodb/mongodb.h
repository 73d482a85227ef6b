/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One collection of a MongoDB server, by libmongoc: the commands that a store
 * needs, each with a limit in time. Knows no chat. Nothing that the driver or
 * the server says is logged: it may hold a token or the URI.
 *
 * What every function may return beside what it says: SF_ERR_UNAVAILABLE, the
 * server cannot be reached, refuses, is not the primary or is too slow.
 */
#ifndef SF_MONGODB_H
#define SF_MONGODB_H

#include "base/err.h"

#include <bson/bson.h>

struct sf_mongodb;

/* Readies the driver; a process that forks calls it before. Again: no harm. */
void sf_mongodb_init(void);

/*
 * Does not connect yet. What uri leaves open is chosen for a program that lives
 * for one request. SF_ERR_INTERNAL: uri is none. sf_mongodb_free() frees out.
 */
enum sf_err sf_mongodb_open(const char *uri, const char *collection,
	struct sf_mongodb **out) SF_MUST_CHECK;

/* NULL is accepted. */
void sf_mongodb_free(struct sf_mongodb *mongodb);

/* Disconnects; the next command connects again. */
void sf_mongodb_rest(struct sf_mongodb *mongodb);

/* For what an operator asks for: a command may take an hour. */
void sf_mongodb_be_patient(struct sf_mongodb *mongodb);

/*
 * Begins an errand of several commands: if they have not all begun within the
 * time for one, the next is SF_ERR_UNAVAILABLE.
 */
void sf_mongodb_begin(struct sf_mongodb *mongodb);

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

/* Up to limit documents, which the caller destroys, and how many they are. */
enum sf_err sf_mongodb_find(struct sf_mongodb *mongodb,
	const struct sf_mongodb_query *query, bson_t **out,
	size_t *count) SF_MUST_CHECK;

struct sf_mongodb_change {
	const bson_t *filter;
	const bson_t *update; /* operators, or a pipeline */
	const bson_t *fields; /* which ones to return */
};

/*
 * Updates one document in one atomic step and returns it as it then is; the
 * caller destroys it. SF_ERR_NOT_FOUND: none matches, nothing has happened.
 */
enum sf_err sf_mongodb_change(struct sf_mongodb *mongodb,
	const struct sf_mongodb_change *change, bson_t **out) SF_MUST_CHECK;

/* Removes one document. SF_ERR_NOT_FOUND: none matches. */
enum sf_err sf_mongodb_remove(
	struct sf_mongodb *mongodb, const bson_t *filter) SF_MUST_CHECK;

/*
 * Runs a command on the collection's database; its first member names the
 * collection. SF_ERR_CONFLICT: an index is there, but with other options.
 */
enum sf_err sf_mongodb_run(
	struct sf_mongodb *mongodb, const bson_t *command) SF_MUST_CHECK;

#endif
