/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The store while its MongoDB server is dead, hangs, is killed or is not the
 * primary; the commands that the store sends; credentials and TLS. This program
 * starts the server itself, so that it can kill and stop the server.
 */
#include "private_mongodb.h"
#include "talk.h"

#include <mongoc/mongoc.h>
#include <stdatomic.h>
#include <unistd.h>

#define SENDERS 4
#define SENDS 40
#define LONG_TIMEOUTS "&connectTimeoutMS=120000&socketTimeoutMS=120000"

/* Runs `command` and destroys it; the caller destroys the reply. */
static bson_t *administer(const char *database, bson_t *command)
{
	mongoc_client_t *client = mongoc_client_new(getenv("SFCHAT_STORE"));
	bson_error_t error;
	bson_t *answer;
	bson_t reply;

	if (!mongoc_client_command_simple(
		    client, database, command, NULL, &reply, &error))
		fail_msg("%s", error.message);
	answer = bson_copy(&reply);
	bson_destroy(&reply);
	mongoc_client_destroy(client);
	bson_destroy(command);
	return answer;
}

static int64_t count_documents(const char *collection, bson_t *filter)
{
	bson_t *reply =
		administer("sfchat", BCON_NEW("count", BCON_UTF8(collection),
					     "query", BCON_DOCUMENT(filter)));
	bson_iter_t iter;
	int64_t count;

	assert_true(bson_iter_init_find(&iter, reply, "n"));
	count = bson_iter_as_int64(&iter);
	bson_destroy(reply);
	bson_destroy(filter);
	return count;
}

/* --- the talk of a test, with short or long timeouts --- */

static void reconnect(struct talk *talk, const char *options)
{
	talk_disconnect(talk);
	private_mongodb_set_store("", options);
	talk->config = support_config();
	talk_connect(talk);
}

static int make_with_long_timeouts(void **state)
{
	private_mongodb_set_store("", LONG_TIMEOUTS);
	return talk_make_ready(state);
}

static int make_with_default_timeouts(void **state)
{
	(void)make_with_long_timeouts(state);
	reconnect(*state, "");
	return 0;
}

#define with_default_timeouts(test)                                            \
	cmocka_unit_test_setup_teardown(                                       \
		test, make_with_default_timeouts, talk_free)
#define with_long_timeouts(test)                                               \
	cmocka_unit_test_setup_teardown(                                       \
		test, make_with_long_timeouts, talk_free)

static enum sf_err view_as_creator(struct talk *talk)
{
	struct sf_chat seen;
	enum sf_err err =
		sf_store_view(talk->store, talk->now_ms, &talk->creator, &seen);

	if (!err)
		sf_chat_release(&seen);
	return err;
}

/* The default timeouts are short: a busy server may miss one. */
static void await_server(struct talk *talk)
{
	(void)alarm(SUPPORT_PATIENCE_SECONDS);
	do
		sf_store_rest(talk->store);
	while (view_as_creator(talk) == SF_ERR_UNAVAILABLE);
	(void)alarm(0);
}

/* --- tests --- */

static void a_dead_server_makes_the_store_unavailable(void **state)
{
	struct talk *talk = *state;

	private_mongodb_kill();
	(void)alarm(SUPPORT_PATIENCE_SECONDS);
	assert_int_equal(view_as_creator(talk), SF_ERR_UNAVAILABLE);
	talk_disconnect(talk);
	talk_connect(talk);
	assert_int_equal(view_as_creator(talk), SF_ERR_UNAVAILABLE);
	(void)alarm(0);
	private_mongodb_start(NULL);
	await_server(talk);
	assert_sees(talk, creator, "ready");
}

/* The driver alone would wait for 300 seconds: the alarm would end the test. */
static void a_hanging_server_makes_the_store_unavailable(void **state)
{
	struct talk *talk = *state;
	struct sf_token id = talk_token();

	await_server(talk);
	private_mongodb_pause();
	(void)alarm(SUPPORT_PATIENCE_SECONDS);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(talk_say_as(talk, &talk->creator, &id, "Hi"),
			SF_ERR_UNAVAILABLE);
		talk_disconnect(talk);
		talk_connect(talk);
	}
	(void)alarm(0);
	private_mongodb_resume();
	await_server(talk);
	assert_ok(talk_say_as(talk, &talk->creator, &id, "Hi"));
	assert_sees(talk, joiner, "ready Hi");
}

static void a_server_that_is_not_primary_is_unavailable(void **state)
{
	struct talk *talk = *state;

	bson_destroy(administer("admin",
		BCON_NEW("configureFailPoint", BCON_UTF8("failCommand"), "mode",
			"{", "times", BCON_INT32(1), "}", "data", "{",
			"errorCode", BCON_INT32(10107), "failCommands", "[",
			BCON_UTF8("findAndModify"), "]", "}")));
	assert_int_equal(
		talk_say(talk, &talk->creator, "lost"), SF_ERR_UNAVAILABLE);
	sf_store_rest(talk->store);
	assert_sees(talk, joiner, "ready");
	assert_ok(talk_say(talk, &talk->creator, "Hi"));
	assert_sees(talk, joiner, "ready Hi");
}

/*
 * Opens the store for each request, as a program does, and repeats a request
 * that failed, as a page does.
 */
static void send_until_done(const struct talk *talk,
	const struct sf_participant *sender, const char *text)
{
	struct sf_token id = talk_token();
	struct talk own = *talk;
	enum sf_err err;

	do {
		err = sf_store_open(&own.config, &own.store);
		if (err)
			_exit(1);
		err = talk_say_as(&own, sender, &id, text);
		sf_store_free(own.store);
	} while (err == SF_ERR_UNAVAILABLE);
	if (err)
		_exit(1);
}

struct load {
	struct talk *talk;
	_Atomic int sent;
};

static int send_all(void *data, int number)
{
	struct load *load = data;
	const struct sf_participant *sender =
		number % 2 ? &load->talk->joiner : &load->talk->creator;

	for (int i = 0; i < SENDS; i++) {
		char text[32];

		(void)snprintf(text, sizeof(text), "%d %d", number, i);
		send_until_done(load->talk, sender, text);
		atomic_fetch_add(&load->sent, 1);
	}
	return 0;
}

/* Asserts that each sender's messages are there once and in order. */
static void assert_complete(
	struct talk *talk, const struct sf_participant *receiver)
{
	struct sf_chat seen = talk_view(talk, receiver);
	int next[SENDERS] = { 0 };

	assert_int_equal(seen.message_count, SENDERS / 2 * SENDS);
	for (size_t i = 0; i < seen.message_count; i++) {
		char *rest;
		long number = strtol(seen.messages[i].text, &rest, 10);

		assert_in_range(number, 0, SENDERS - 1);
		assert_int_equal(strtol(rest, NULL, 10), next[number]++);
	}
	sf_chat_release(&seen);
}

static void await_sent(const struct load *load, int goal)
{
	for (int i = 0; atomic_load(&load->sent) < goal; i++) {
		assert_in_range(i, 0, 1000 * SUPPORT_PATIENCE_SECONDS);
		(void)usleep(1000);
	}
}

static void a_killed_server_loses_and_duplicates_no_message(void **state)
{
	struct talk *talk = *state;
	struct load *load = support_share(sizeof(*load));
	pid_t senders[SENDERS];

	load->talk = talk;
	talk_disconnect(talk);
	for (int i = 0; i < SENDERS; i++)
		senders[i] = support_start(send_all, load, i);
	for (int kills = 1; kills <= 2; kills++) {
		await_sent(load, kills * SENDS);
		private_mongodb_kill();
		private_mongodb_start(NULL);
	}
	for (int i = 0; i < SENDERS; i++)
		assert_int_equal(support_finish(senders[i]), 0);
	talk_connect(talk);
	assert_complete(talk, &talk->creator);
	assert_complete(talk, &talk->joiner);
	support_unshare(load, sizeof(*load));
}

static void a_write_is_acknowledged_by_the_majority(void **state)
{
	struct talk *talk = *state;

	bson_destroy(administer("sfchat", BCON_NEW("profile", BCON_INT32(2))));
	assert_ok(talk_say(talk, &talk->creator, "Hi"));
	bson_destroy(administer("sfchat", BCON_NEW("profile", BCON_INT32(0))));
	assert_int_equal(
		count_documents("system.profile",
			BCON_NEW("command.findAndModify", BCON_UTF8("chats"),
				"command.writeConcern.w",
				BCON_UTF8("majority"))),
		1);
}

static void the_write_concern_of_the_uri_is_used(void **state)
{
	struct talk *talk = *state;

	reconnect(talk, LONG_TIMEOUTS "&w=2");
	assert_int_equal(
		talk_say(talk, &talk->creator, "Hi"), SF_ERR_UNAVAILABLE);
}

static int64_t count_indexes(const char *name, int64_t ttl_seconds)
{
	bson_t *reply = administer(
		"sfchat", BCON_NEW("listIndexes", BCON_UTF8("chats")));
	bson_iter_t batch, item, member;
	int64_t count = 0;

	assert_true(
		bson_iter_init(&item, reply) &&
		bson_iter_find_descendant(&item, "cursor.firstBatch", &batch) &&
		bson_iter_recurse(&batch, &item));
	while (bson_iter_next(&item)) {
		assert_true(bson_iter_recurse(&item, &member) &&
			    bson_iter_find(&member, "name"));
		if (strcmp(bson_iter_utf8(&member, NULL), name) != 0)
			continue;
		assert_true(bson_iter_recurse(&item, &member));
		if (!ttl_seconds ||
			(bson_iter_find(&member, "expireAfterSeconds") &&
				bson_iter_as_int64(&member) == ttl_seconds))
			count++;
	}
	bson_destroy(reply);
	return count;
}

static void indexes_are_made_once_and_follow_the_lifetime(void **state)
{
	struct talk *talk = *state;

	assert_int_equal(count_indexes("created", 0), 0);
	assert_ok(sf_store_prepare(talk->store));
	assert_ok(sf_store_prepare(talk->store));
	assert_int_equal(count_indexes("status_created", 0), 1);
	assert_int_equal(count_indexes("empty", 0), 1);
	assert_int_equal(count_indexes("created", 2 * 86400), 1);
	talk_disconnect(talk);
	talk->config.chat_lifetime_seconds = 3600;
	talk_connect(talk);
	assert_ok(sf_store_prepare(talk->store));
	assert_int_equal(count_indexes("created", 3600 + 86400), 1);
	assert_sees(talk, creator, "ready");
}

static int64_t count_collections(void)
{
	bson_t *reply = administer(
		"sfchat", BCON_NEW("listCollections", BCON_INT32(1), "filter",
				  "{", "name", BCON_UTF8("chats"), "}"));
	bson_iter_t item, batch;
	int64_t count = 0;

	assert_true(
		bson_iter_init(&item, reply) &&
		bson_iter_find_descendant(&item, "cursor.firstBatch", &batch) &&
		bson_iter_recurse(&batch, &item));
	while (bson_iter_next(&item))
		count++;
	bson_destroy(reply);
	return count;
}

static void a_job_makes_no_collection(void **state)
{
	struct talk *talk = *state;
	struct sf_sweep sweep = { .done = false };
	struct sf_store *store;

	assert_int_equal(count_collections(), 1);
	bson_destroy(
		administer("sfchat", BCON_NEW("drop", BCON_UTF8("chats"))));
	assert_ok(sf_store_find(&talk->config, &store));
	while (!sweep.done)
		assert_ok(sf_store_sweep(store, talk->now_ms, &sweep));
	sf_store_free(store);
	assert_int_equal(count_collections(), 0);
}

static void a_removed_chat_leaves_no_document(void **state)
{
	struct talk *talk = *state;
	const bson_oid_t *id = (const bson_oid_t *)&talk->creator.chat;

	assert_ok(talk_end(talk, &talk->creator));
	assert_ok(talk_acknowledge(talk, &talk->creator));
	assert_int_equal(
		count_documents("chats", BCON_NEW("_id", BCON_OID(id))), 1);
	assert_ok(talk_acknowledge(talk, &talk->joiner));
	assert_int_equal(
		count_documents("chats", BCON_NEW("_id", BCON_OID(id))), 0);
}

static void a_chat_remembers_only_the_latest_chosen_ids(void **state)
{
	struct talk *talk = *state;
	const bson_oid_t *id = (const bson_oid_t *)&talk->creator.chat;

	for (int i = 0; i < SF_CHAT_SENT_MAX + 20; i++) {
		struct sf_token chosen = talk_token();

		assert_ok(talk_say_as(talk, &talk->creator, &chosen, "Hi"));
		assert_ok(talk_pull(talk, &talk->joiner, &chosen, 1));
	}
	assert_int_equal(
		count_documents("chats",
			BCON_NEW("_id", BCON_OID(id), "sent_by_creator", "{",
				"$size", BCON_INT32(SF_CHAT_SENT_MAX), "}")),
		1);
}

/* --- the log --- */

/* Uses a store with these credentials and options once; copies its log. */
static enum sf_err try_store(
	const char *credentials, const char *options, char *log, size_t size)
{
	struct sf_participant nobody = { talk_token(), talk_token() };
	struct sf_config config;
	struct sf_store *store;
	struct sf_chat seen;
	enum sf_err err;
	int before;

	private_mongodb_set_store(credentials, options);
	config = support_config();
	before = support_begin_log();
	err = sf_store_open(&config, &store);
	if (!err) {
		err = sf_store_view(store, 1, &nobody, &seen);
		sf_store_free(store);
	}
	support_end_log(before, log, size);
	return err;
}

static void assert_log_names_no_secret(const char *log)
{
	char port[16];

	(void)snprintf(port, sizeof(port), "%d", private_mongodb_port());
	assert_null(strstr(log, "mongodb:"));
	assert_null(strstr(log, "keeper"));
	assert_null(strstr(log, "s3cret"));
	assert_null(strstr(log, "127.0.0.1"));
	assert_null(strstr(log, port));
	assert_null(strstr(log, ".pem"));
}

static void a_malformed_uri_is_refused_and_never_quoted(void **state)
{
	static const char *const bad[] = { "lmdb:/s3cret",
		"mongodb://keeper:s3:cret@127.0.0.1/",
		"mongodb://127.0.0.1:s3cret/" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct sf_config config;
		struct sf_detail detail;
		char log[1024];
		int before;

		assert_int_equal(setenv("SFCHAT_STORE", bad[i], 1), 0);
		config = support_config();
		before = support_begin_log();
		assert_int_equal(
			sf_store_check(&config, &detail), SF_ERR_INVALID);
		support_end_log(before, log, sizeof(log));
		assert_string_equal(log, "");
		assert_non_null(strstr(detail.text, "SFCHAT_STORE"));
		assert_null(strstr(detail.text, "s3"));
		assert_null(strstr(detail.text, "keeper"));
	}
}

static void demand_credentials(const char *certificate)
{
	char command[1024];

	(void)snprintf(command, sizeof(command),
		"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=x "
		"-addext subjectAltName=IP:127.0.0.1 -keyout %s -out %s.crt "
		">%s.log 2>&1 && cat %s.crt >>%s",
		certificate, certificate, certificate, certificate,
		certificate);
	/* NOLINTNEXTLINE(cert-env33-c): the test makes the file names itself */
	assert_int_equal(system(command), 0);
	private_mongodb_set_store("", LONG_TIMEOUTS);
	bson_destroy(administer(
		"sfchat", BCON_NEW("createUser", BCON_UTF8("keeper"), "pwd",
				  BCON_UTF8("s3cret/@"), "roles", "[", "{",
				  "role", BCON_UTF8("readWrite"), "db",
				  BCON_UTF8("sfchat"), "}", "]")));
	private_mongodb_kill();
	private_mongodb_start(certificate);
}

static void credentials_and_tls_work_and_are_never_logged(void **state)
{
	const char *right = "keeper:s3cret%2F%40@";
	char pem[96];
	char tls[192];
	char log[4096];

	(void)state;
	(void)snprintf(pem, sizeof(pem), "%s.pem", private_mongodb_folder());
	(void)snprintf(
		tls, sizeof(tls), LONG_TIMEOUTS "&tls=true&tlsCAFile=%s", pem);
	demand_credentials(pem);

	assert_int_equal(
		try_store(right, tls, log, sizeof(log)), SF_ERR_UNAUTHORIZED);
	assert_string_equal(log, "");

	assert_int_equal(try_store("keeper:s3cret@", tls, log, sizeof(log)),
		SF_ERR_UNAVAILABLE);
	assert_non_null(strstr(log, "credentials"));
	assert_log_names_no_secret(log);

	assert_int_equal(
		try_store("", tls, log, sizeof(log)), SF_ERR_UNAVAILABLE);
	assert_log_names_no_secret(log);

	assert_int_equal(
		try_store(right, LONG_TIMEOUTS "&tls=true", log, sizeof(log)),
		SF_ERR_UNAVAILABLE);
	assert_non_null(strstr(log, "TLS"));
	assert_log_names_no_secret(log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_default_timeouts(
			a_dead_server_makes_the_store_unavailable),
		with_default_timeouts(
			a_hanging_server_makes_the_store_unavailable),
		with_long_timeouts(a_server_that_is_not_primary_is_unavailable),
		with_long_timeouts(
			a_killed_server_loses_and_duplicates_no_message),
		with_long_timeouts(a_write_is_acknowledged_by_the_majority),
		with_long_timeouts(the_write_concern_of_the_uri_is_used),
		with_long_timeouts(
			indexes_are_made_once_and_follow_the_lifetime),
		with_long_timeouts(a_job_makes_no_collection),
		with_long_timeouts(a_removed_chat_leaves_no_document),
		with_long_timeouts(a_chat_remembers_only_the_latest_chosen_ids),
		cmocka_unit_test(a_malformed_uri_is_refused_and_never_quoted),
		cmocka_unit_test(credentials_and_tls_work_and_are_never_logged),
	};

	return cmocka_run_group_tests(tests, private_mongodb_make_sandbox,
		private_mongodb_remove_sandbox);
}
