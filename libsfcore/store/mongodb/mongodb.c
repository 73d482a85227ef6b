/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Commands to MongoDB. The driver's own retries are off: a request has no time
 * to wait for an election, and its client can safely repeat it.
 */
#include "store/mongodb/mongodb.h"

#include <mongoc/mongoc.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

#define DATABASE "sfchat" /* unless the URI names one */

/* The limits on opening a connection and on one command. */
#define CONNECT_MS 500
#define COMMAND_MS 750
#define PATIENT_MS 3600000

/* https://www.mongodb.com/docs/manual/reference/error-codes */
#define CODE_INDEX_OPTIONS_CONFLICT 85
#define CODE_INDEX_KEY_SPECS_CONFLICT 86
#define CODE_DUPLICATE_KEY 11000

struct sf_mongodb {
	mongoc_uri_t *uri;
	const char *collection_name;
	mongoc_client_t *client; /* NULL while it rests */
	mongoc_collection_t *collection;
	int64_t command_us;
	int64_t deadline_us; /* of the monotonic clock */
};

/*
 * Parts of the driver's texts, which tell apart why there is no connection. A
 * text as a whole may name hosts.
 */
static const struct {
	const char *part;
	const char *what;
} faults[] = {
	{ "TLS", "no server takes the TLS connection" },
	{ "temporary error", "no name server answers" },
	{ "Failed to look up", "the host name was not found" },
	{ "Failed to resolve", "the host name was not found" },
	{ "Invalid host", "the SRV record names a host of another domain" },
	{ "refused", "the server refuses the connection" },
};

static const char *explain_fault(const char *text, const char *otherwise)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++)
		if (strstr(text, faults[i].part))
			return faults[i].what;
	return otherwise;
}

static enum sf_err log_refusal(const bson_error_t *error)
{
	const char *what = "the server refuses a command";

	if (error->domain == MONGOC_ERROR_SERVER_SELECTION)
		what = explain_fault(error->message, "no server answers");
	else if (error->domain == MONGOC_ERROR_STREAM)
		what = explain_fault(error->message,
			"the connection broke or took too long");
	else if (error->domain == MONGOC_ERROR_CLIENT)
		what = "the server refuses the credentials";
	sf_log("store: %s (MongoDB %u.%u)", what, (unsigned int)error->domain,
		(unsigned int)error->code);
	return SF_ERR_UNAVAILABLE;
}

/* Repeated calls are harmless. */
static void start_driver(void)
{
	char counters[32];

	/*
	 * The driver waits for the C library's resolver without a limit of its
	 * own: 10 seconds for one silent name server. resolv.conf(5).
	 */
	(void)setenv("RES_OPTIONS", "timeout:1 attempts:1", 0);
	mongoc_init();
	mongoc_log_set_handler(NULL, NULL);
	/* The driver keeps counters in shared memory. Remove its name now,
	 * since a killed process could not. */
	(void)snprintf(counters, sizeof(counters), "/mongoc-%d", (int)getpid());
	(void)shm_unlink(counters);
}

static void set_default(mongoc_uri_t *uri, const char *option, int value)
{
	if (!mongoc_uri_has_option(uri, option))
		(void)mongoc_uri_set_option_as_int32(uri, option, value);
}

/* Only a change that the server has acknowledged is reported as done. */
static void set_write_concern(mongoc_uri_t *uri)
{
	mongoc_write_concern_t *concern =
		mongoc_write_concern_copy(mongoc_uri_get_write_concern(uri));

	if (mongoc_write_concern_get_wtag(concern) == NULL &&
		mongoc_write_concern_get_w(concern) < 1)
		mongoc_write_concern_set_w(
			concern, MONGOC_WRITE_CONCERN_W_MAJORITY);
	if (mongoc_write_concern_get_wtimeout_int64(concern) == 0)
		mongoc_write_concern_set_wtimeout_int64(concern, COMMAND_MS);
	mongoc_uri_set_write_concern(uri, concern);
	mongoc_write_concern_destroy(concern);
}

static void set_defaults(mongoc_uri_t *uri)
{
	set_default(uri, MONGOC_URI_CONNECTTIMEOUTMS, CONNECT_MS);
	set_default(uri, MONGOC_URI_SERVERSELECTIONTIMEOUTMS, CONNECT_MS);
	set_default(uri, MONGOC_URI_SOCKETTIMEOUTMS, COMMAND_MS);
	(void)mongoc_uri_set_option_as_bool(uri, MONGOC_URI_RETRYREADS, false);
	(void)mongoc_uri_set_option_as_bool(uri, MONGOC_URI_RETRYWRITES, false);
	set_write_concern(uri);
}

enum sf_err sf_mongodb_open(
	const char *uri, const char *collection, struct sf_mongodb **out)
{
	mongoc_uri_t *parsed;

	start_driver();
	parsed = mongoc_uri_new_with_error(uri, NULL);
	if (!parsed)
		return SF_ERR_INTERNAL;
	set_defaults(parsed);
	*out = sf_alloc(sizeof(**out));
	**out = (struct sf_mongodb){
		.uri = parsed,
		.collection_name = collection,
		.command_us =
			1000 * (int64_t)mongoc_uri_get_option_as_int32(parsed,
				       MONGOC_URI_SOCKETTIMEOUTMS, COMMAND_MS),
	};
	return SF_OK;
}

void sf_mongodb_rest(struct sf_mongodb *mongodb)
{
	/* This also ends the session, which the server would otherwise keep. */
	mongoc_collection_destroy(mongodb->collection);
	mongoc_client_destroy(mongodb->client);
	mongodb->collection = NULL;
	mongodb->client = NULL;
}

void sf_mongodb_free(struct sf_mongodb *mongodb)
{
	if (!mongodb)
		return;
	sf_mongodb_rest(mongodb);
	mongoc_uri_destroy(mongodb->uri);
	free(mongodb);
}

void sf_mongodb_allow_long_commands(struct sf_mongodb *mongodb)
{
	sf_mongodb_rest(mongodb);
	(void)mongoc_uri_set_option_as_int32(
		mongodb->uri, MONGOC_URI_SOCKETTIMEOUTMS, PATIENT_MS);
	mongodb->command_us = 1000 * (int64_t)PATIENT_MS;
}

void sf_mongodb_start_deadline(struct sf_mongodb *mongodb)
{
	mongodb->deadline_us = bson_get_monotonic_time() + mongodb->command_us;
}

/* A server that the URI names directly may be a read-only secondary. */
static enum sf_err check_server(const struct sf_mongodb *mongodb)
{
	bson_error_t error;
	mongoc_server_description_t *server = mongoc_client_select_server(
		mongodb->client, true, NULL, &error);
	const char *type;
	bool writes;

	if (!server)
		return log_refusal(&error);
	type = mongoc_server_description_type(server);
	writes = strncmp(type, "RS", 2) != 0 || strcmp(type, "RSPrimary") == 0;
	mongoc_server_description_destroy(server);
	if (writes)
		return SF_OK;
	sf_log("store: the server is not the primary");
	return SF_ERR_UNAVAILABLE;
}

static enum sf_err connect_client(struct sf_mongodb *mongodb)
{
	const char *database = mongoc_uri_get_database(mongodb->uri);
	bson_error_t error;

	mongodb->client =
		mongoc_client_new_from_uri_with_error(mongodb->uri, &error);
	if (!mongodb->client)
		return log_refusal(&error);
	(void)mongoc_client_set_error_api(
		mongodb->client, MONGOC_ERROR_API_VERSION_2);
	mongodb->collection = mongoc_client_get_collection(mongodb->client,
		database ? database : DATABASE, mongodb->collection_name);
	return check_server(mongodb);
}

/* Connects if necessary and checks the deadline. Runs before every command. */
static enum sf_err ready_client(struct sf_mongodb *mongodb)
{
	if (bson_get_monotonic_time() > mongodb->deadline_us) {
		sf_log("store: the server is too slow");
		return SF_ERR_UNAVAILABLE;
	}
	return mongodb->client ? SF_OK : connect_client(mongodb);
}

enum sf_err sf_mongodb_insert(struct sf_mongodb *mongodb, const bson_t *chat)
{
	enum sf_err err = ready_client(mongodb);
	bson_error_t error;

	if (err || mongoc_collection_insert_one(
			   mongodb->collection, chat, NULL, NULL, &error))
		return err;
	return error.code == CODE_DUPLICATE_KEY ? SF_ERR_CONFLICT
						: log_refusal(&error);
}

/* Asks for a single batch, so that the server keeps no cursor. */
static mongoc_cursor_t *query_batch(
	const struct sf_mongodb *mongodb, const struct sf_mongodb_query *query)
{
	bson_t *options = BCON_NEW("limit", BCON_INT64(query->limit),
		"batchSize", BCON_INT64(query->limit), "singleBatch",
		BCON_BOOL(true), "skip", BCON_INT64(query->skip));
	mongoc_cursor_t *cursor;

	if (query->fields)
		BSON_APPEND_DOCUMENT(options, "projection", query->fields);
	if (query->order)
		BSON_APPEND_DOCUMENT(options, "sort", query->order);
	cursor = mongoc_collection_find_with_opts(
		mongodb->collection, query->filter, options, NULL);
	bson_destroy(options);
	return cursor;
}

enum sf_err sf_mongodb_find(struct sf_mongodb *mongodb,
	const struct sf_mongodb_query *query, bson_t **out, size_t *count)
{
	enum sf_err err = ready_client(mongodb);
	mongoc_cursor_t *cursor;
	bson_error_t error;
	const bson_t *found;

	*count = 0;
	if (err)
		return err;
	cursor = query_batch(mongodb, query);
	while (*count < (size_t)query->limit &&
		mongoc_cursor_next(cursor, &found))
		out[(*count)++] = bson_copy(found);
	if (*count == 0 && mongoc_cursor_error(cursor, &error))
		err = log_refusal(&error);
	mongoc_cursor_destroy(cursor);
	return err;
}

/* The reply to findAndModify is {value: the document, or null}. */
static enum sf_err copy_value(const bson_t *reply, bson_t **out)
{
	const uint8_t *data;
	bson_iter_t iter;
	uint32_t size;

	if (!bson_iter_init_find(&iter, reply, "value") ||
		!BSON_ITER_HOLDS_DOCUMENT(&iter))
		return SF_ERR_NOT_FOUND;
	bson_iter_document(&iter, &size, &data);
	*out = bson_new_from_data(data, size);
	return *out ? SF_OK : SF_ERR_UNAVAILABLE;
}

enum sf_err sf_mongodb_change(struct sf_mongodb *mongodb,
	const struct sf_mongodb_change *change, bson_t **out)
{
	enum sf_err err = ready_client(mongodb);
	mongoc_find_and_modify_opts_t *options;
	bson_error_t error;
	bson_t reply;

	if (err)
		return err;
	options = mongoc_find_and_modify_opts_new();
	(void)mongoc_find_and_modify_opts_set_flags(
		options, MONGOC_FIND_AND_MODIFY_RETURN_NEW);
	(void)mongoc_find_and_modify_opts_set_update(options, change->update);
	(void)mongoc_find_and_modify_opts_set_fields(options, change->fields);
	if (mongoc_collection_find_and_modify_with_opts(mongodb->collection,
		    change->filter, options, &reply, &error))
		err = copy_value(&reply, out);
	else
		err = log_refusal(&error);
	bson_destroy(&reply);
	mongoc_find_and_modify_opts_destroy(options);
	return err;
}

enum sf_err sf_mongodb_remove(struct sf_mongodb *mongodb, const bson_t *filter)
{
	enum sf_err err = ready_client(mongodb);
	bson_error_t error;
	bson_iter_t count;
	bson_t reply;

	if (err)
		return err;
	if (!mongoc_collection_delete_one(
		    mongodb->collection, filter, NULL, &reply, &error))
		err = log_refusal(&error);
	else if (bson_iter_init_find(&count, &reply, "deletedCount") &&
		 bson_iter_as_int64(&count) == 0)
		err = SF_ERR_NOT_FOUND;
	bson_destroy(&reply);
	return err;
}

enum sf_err sf_mongodb_run(struct sf_mongodb *mongodb, bson_t *command)
{
	enum sf_err err = ready_client(mongodb);
	bson_error_t error;

	if (!err && !mongoc_collection_command_simple(
			    mongodb->collection, command, NULL, NULL, &error))
		err = error.code == CODE_INDEX_OPTIONS_CONFLICT ||
				      error.code ==
					      CODE_INDEX_KEY_SPECS_CONFLICT
			      ? SF_ERR_CONFLICT
			      : log_refusal(&error);
	bson_destroy(command);
	return err;
}
