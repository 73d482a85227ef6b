/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The store while MongoDB is away, stopped, killed, not the primary or locked,
 * and the commands that it sends. This program starts the servers itself, so
 * that it can kill and stop them.
 */
#include "talk.h"

#include <fcntl.h>
#include <mongoc/mongoc.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"

#define START_SECONDS 120
/* Far over the 2 s that are promised, far below the 300 s of the driver. */
#define LIMIT_SECONDS 60
#define SENDERS 4
#define SENDS 40
#define PATIENCE "&connectTimeoutMS=10000&socketTimeoutMS=10000"

struct server {
	pid_t pid;
	int port;
	char folder[64];
};

static struct server server;

/* --- the server --- */

static struct sockaddr_in make_address(int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static int find_port(void)
{
	struct sockaddr_in address = make_address(0);
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(
		getsockname(fd, (struct sockaddr *)&address, &size), 0);
	(void)close(fd);
	return ntohs(address.sin_port);
}

static bool answers(int port)
{
	struct sockaddr_in address = make_address(port);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool good =
		connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;

	(void)close(fd);
	return good;
}

/* With a certificate it wants TLS, and a password too. */
static void start_server(const char *certificate)
{
	char port[16];

	(void)snprintf(port, sizeof(port), "%d", server.port);
	server.pid = fork();
	if (server.pid == 0) {
		(void)!freopen("/dev/null", "w", stderr);
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)execl("scripts/test-mongodb", "test-mongodb", "serve",
			port, server.folder, certificate ? "auth" : NULL, "tls",
			certificate, NULL);
		_exit(127);
	}
	for (int i = 0; i < START_SECONDS * 20 && !answers(server.port); i++)
		(void)usleep(50000);
	assert_true(answers(server.port));
}

static void kill_server(void)
{
	(void)kill(server.pid, SIGKILL);
	assert_int_equal(waitpid(server.pid, NULL, 0), server.pid);
}

/* Sets SFCHAT_STORE; `credentials` is "name:password@" or "". */
static void name_store(const char *credentials, const char *options)
{
	char uri[256];

	(void)snprintf(uri, sizeof(uri),
		"mongodb://%s127.0.0.1:%d/sfchat?directConnection=true%s",
		credentials, server.port, options);
	assert_int_equal(setenv("SFCHAT_STORE", uri, 1), 0);
}

static int make_server(void **state)
{
	if (support_make_sandbox(state))
		return -1;
	(void)snprintf(server.folder, sizeof(server.folder), "%s/mongodb",
		(const char *)*state);
	server.port = find_port();
	start_server(NULL);
	return 0;
}

static int remove_server(void **state)
{
	kill_server();
	return support_remove_sandbox(state);
}

/* A command of an administrator; the caller destroys what it answers. */
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

/* --- a test's talk, on a store of its own settings --- */

static int make_hasty(void **state)
{
	name_store("", "");
	return talk_make_ready(state);
}

static int make_patient(void **state)
{
	name_store("", PATIENCE);
	return talk_make_ready(state);
}

#define hasty(test) cmocka_unit_test_setup_teardown(test, make_hasty, talk_free)
#define patient(test)                                                          \
	cmocka_unit_test_setup_teardown(test, make_patient, talk_free)

static enum sf_err view(struct talk *talk)
{
	struct sf_chat seen;
	enum sf_err err =
		sf_store_view(talk->store, talk->now_ms, &talk->creator, &seen);

	if (!err)
		sf_chat_release(&seen);
	return err;
}

static void assert_unavailable_soon(enum sf_err err, int64_t since_us)
{
	assert_int_equal(err, SF_ERR_UNAVAILABLE);
	assert_true(bson_get_monotonic_time() - since_us <
		    LIMIT_SECONDS * INT64_C(1000000));
}

/* --- tests --- */

static void a_server_that_is_away_is_unavailable(void **state)
{
	struct talk *talk = *state;
	int64_t start_us = bson_get_monotonic_time();

	kill_server();
	assert_unavailable_soon(view(talk), start_us);
	talk_disconnect(talk);
	talk_connect(talk);
	start_us = bson_get_monotonic_time();
	assert_unavailable_soon(view(talk), start_us);
	start_server(NULL);
	sf_store_rest(talk->store);
	assert_sees(talk, creator, "ready");
}

static void a_server_that_hangs_is_unavailable(void **state)
{
	struct talk *talk = *state;
	struct sf_token id = talk_token();
	int64_t start_us;

	assert_sees(talk, joiner, "ready");
	assert_int_equal(kill(server.pid, SIGSTOP), 0);
	/* Until it stands: other threads of it run on for a while. */
	assert_int_equal(waitpid(server.pid, NULL, WUNTRACED), server.pid);
	start_us = bson_get_monotonic_time();
	assert_unavailable_soon(
		talk_say_as(talk, &talk->creator, &id, "Hi"), start_us);
	talk_disconnect(talk);
	talk_connect(talk);
	start_us = bson_get_monotonic_time();
	assert_unavailable_soon(
		talk_say_as(talk, &talk->creator, &id, "Hi"), start_us);
	assert_int_equal(kill(server.pid, SIGCONT), 0);
	sf_store_rest(talk->store);
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

/* As a program does for each request, and a page for each that failed. */
static void send_until_done(const struct talk *talk,
	const struct sf_participant *from, const char *text)
{
	struct sf_token id = talk_token();
	struct talk own = *talk;
	enum sf_err err;

	do {
		err = sf_store_open(&own.config, &own.store);
		if (err)
			_exit(1);
		err = talk_say_as(&own, from, &id, text);
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
	const struct sf_participant *from =
		number % 2 ? &load->talk->joiner : &load->talk->creator;

	for (int i = 0; i < SENDS; i++) {
		char text[32];

		(void)snprintf(text, sizeof(text), "%d %d", number, i);
		send_until_done(load->talk, from, text);
		atomic_fetch_add(&load->sent, 1);
	}
	return 0;
}

/* Each sender's, in order and once. */
static void assert_whole(struct talk *talk, const struct sf_participant *who)
{
	struct sf_chat seen = talk_view(talk, who);
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

static void a_killed_server_loses_and_doubles_nothing(void **state)
{
	struct talk *talk = *state;
	struct load *load = support_share(sizeof(*load));
	pid_t senders[SENDERS];

	load->talk = talk;
	talk_disconnect(talk);
	for (int i = 0; i < SENDERS; i++)
		senders[i] = support_start(send_all, load, i);
	for (int kills = 1; kills <= 2; kills++) {
		while (atomic_load(&load->sent) < kills * SENDS)
			(void)usleep(1000);
		kill_server();
		start_server(NULL);
	}
	for (int i = 0; i < SENDERS; i++)
		assert_int_equal(support_finish(senders[i]), 0);
	talk_connect(talk);
	assert_whole(talk, &talk->creator);
	assert_whole(talk, &talk->joiner);
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

static void the_uri_says_who_acknowledges(void **state)
{
	struct talk *talk = *state;

	talk_disconnect(talk);
	name_store("", PATIENCE "&w=2");
	talk->config = support_config();
	talk_connect(talk);
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

static void a_forgotten_chat_leaves_no_document(void **state)
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

static void only_the_latest_ids_are_remembered(void **state)
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

static int begin_log(void)
{
	int was = dup(STDERR_FILENO);
	char name[] = "/dev/shm/sfchat-log-XXXXXX";
	int fd = mkstemp(name);

	assert_true(was >= 0 && fd >= 0);
	(void)unlink(name);
	assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	(void)close(fd);
	sf_log_set_level(SF_LOG_INFO);
	return was;
}

/* Leaves in out what was logged since. */
static void end_log(int was, char *out, size_t size)
{
	ssize_t got = pread(STDERR_FILENO, out, size - 1, 0);

	assert_true(got >= 0);
	out[got] = '\0';
	sf_log_set_level(SF_LOG_NONE);
	assert_int_equal(dup2(was, STDERR_FILENO), STDERR_FILENO);
	(void)close(was);
}

/* One connection with these credentials and options, and what it logged. */
static enum sf_err try_store(
	const char *who, const char *options, char *log, size_t size)
{
	struct sf_participant nobody = { talk_token(), talk_token() };
	struct sf_config config;
	struct sf_store *store;
	struct sf_chat seen;
	enum sf_err err;
	int was;

	name_store(who, options);
	config = support_config();
	was = begin_log();
	err = sf_store_open(&config, &store);
	if (!err) {
		err = sf_store_view(store, 1, &nobody, &seen);
		sf_store_free(store);
	}
	end_log(was, log, size);
	return err;
}

static void assert_discreet(const char *log)
{
	char port[16];

	(void)snprintf(port, sizeof(port), "%d", server.port);
	assert_null(strstr(log, "mongodb:"));
	assert_null(strstr(log, "keeper"));
	assert_null(strstr(log, "s3cret"));
	assert_null(strstr(log, "127.0.0.1"));
	assert_null(strstr(log, port));
	assert_null(strstr(log, ".pem"));
}

static void a_store_that_is_none_is_refused(void **state)
{
	static const char *const bad[] = { "lmdb:/s3cret",
		"mongodb://keeper:s3:cret@127.0.0.1/",
		"mongodb://127.0.0.1:s3cret/" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct sf_config config;
		struct sf_detail detail;
		char log[1024];
		int was;

		assert_int_equal(setenv("SFCHAT_STORE", bad[i], 1), 0);
		config = support_config();
		was = begin_log();
		assert_int_equal(
			sf_store_check(&config, &detail), SF_ERR_INVALID);
		end_log(was, log, sizeof(log));
		assert_string_equal(log, "");
		assert_non_null(strstr(detail.text, "SFCHAT_STORE"));
		assert_null(strstr(detail.text, "s3"));
		assert_null(strstr(detail.text, "keeper"));
	}
}

static void lock_server(const char *certificate)
{
	char command[1024];

	(void)snprintf(command, sizeof(command),
		"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=x "
		"-addext subjectAltName=IP:127.0.0.1 -keyout %s -out %s.crt "
		">%s.log 2>&1 && cat %s.crt >>%s",
		certificate, certificate, certificate, certificate,
		certificate);
	/* NOLINTNEXTLINE(cert-env33-c): the names in it are the test's own */
	assert_int_equal(system(command), 0);
	name_store("", PATIENCE);
	bson_destroy(administer(
		"sfchat", BCON_NEW("createUser", BCON_UTF8("keeper"), "pwd",
				  BCON_UTF8("s3cret/@"), "roles", "[", "{",
				  "role", BCON_UTF8("readWrite"), "db",
				  BCON_UTF8("sfchat"), "}", "]")));
	kill_server();
	start_server(certificate);
}

static void credentials_and_tls_work_and_are_not_told(void **state)
{
	const char *right = "keeper:s3cret%2F%40@";
	char pem[96];
	char tls[192];
	char log[4096];

	(void)state;
	(void)snprintf(pem, sizeof(pem), "%s.pem", server.folder);
	(void)snprintf(
		tls, sizeof(tls), PATIENCE "&tls=true&tlsCAFile=%s", pem);
	lock_server(pem);

	assert_int_equal(
		try_store(right, tls, log, sizeof(log)), SF_ERR_UNAUTHORIZED);
	assert_string_equal(log, "");

	assert_int_equal(try_store("keeper:s3cret@", tls, log, sizeof(log)),
		SF_ERR_UNAVAILABLE);
	assert_non_null(strstr(log, "credentials"));
	assert_discreet(log);

	assert_int_equal(
		try_store("", tls, log, sizeof(log)), SF_ERR_UNAVAILABLE);
	assert_discreet(log);

	assert_int_equal(
		try_store(right, PATIENCE "&tls=true", log, sizeof(log)),
		SF_ERR_UNAVAILABLE);
	assert_non_null(strstr(log, "TLS"));
	assert_discreet(log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		hasty(a_server_that_is_away_is_unavailable),
		hasty(a_server_that_hangs_is_unavailable),
		patient(a_server_that_is_not_primary_is_unavailable),
		patient(a_killed_server_loses_and_doubles_nothing),
		patient(a_write_is_acknowledged_by_the_majority),
		patient(the_uri_says_who_acknowledges),
		patient(indexes_are_made_once_and_follow_the_lifetime),
		patient(a_forgotten_chat_leaves_no_document),
		patient(only_the_latest_ids_are_remembered),
		cmocka_unit_test(a_store_that_is_none_is_refused),
		cmocka_unit_test(credentials_and_tls_work_and_are_not_told),
	};

	return cmocka_run_group_tests(tests, make_server, remove_server);
}
