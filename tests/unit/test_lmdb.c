/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The files of the embedded store. test_store*.c tests the contract that all
 * stores share.
 */
#include "talk.h"

#include <fcntl.h>
#include <lmdb.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAKERS 8
#define ROUNDS 20
/* More than the part of the file that a reader maps at first. */
#define LARGE ((size_t)20 << 20)

/* Opens the store in `dir` and views a chat that nobody has stored. */
static enum sf_err view_store_at(const char *dir)
{
	struct sf_config config = support_config();
	struct sf_participant nobody = { talk_token(), talk_token() };
	struct sf_chat seen;
	struct sf_store *store;
	enum sf_err err;

	(void)snprintf(config.store, sizeof(config.store), "lmdb:%s", dir);
	err = sf_store_open(&config, &store);
	if (err)
		return err;
	err = sf_store_view(store, 1, &nobody, &seen);
	sf_store_free(store);
	return err;
}

static void the_files_of_a_store_are_private(void **state)
{
	static const char *const names[] = { "", "/data.mdb" };
	struct talk *talk = *state;

	for (size_t i = 0; i < 2; i++) {
		char path[SF_CONFIG_PATH_MAX + 16];
		struct stat status;

		(void)snprintf(path, sizeof(path), "%s%s",
			talk->config.store + strlen("lmdb:"), names[i]);
		assert_int_equal(stat(path, &status), 0);
		assert_int_equal(status.st_mode & 077, 0);
	}
}

static void a_folder_that_cannot_be_used_is_unavailable(void **state)
{
	char path[SF_CONFIG_PATH_MAX + 16];

	assert_int_equal(view_store_at("/dev/null/store"), SF_ERR_UNAVAILABLE);
	(void)snprintf(path, sizeof(path), "%s/missing/store",
		support_config().runtime_dir);
	assert_int_equal(view_store_at(path), SF_ERR_UNAVAILABLE);
	(void)snprintf(
		path, sizeof(path), "%s/open", support_config().runtime_dir);
	assert_int_equal(mkdir(path, 0700) | chmod(path, 0755), 0);
	assert_int_equal(view_store_at(path), SF_ERR_UNAVAILABLE);
	(void)state;
}

/* Makes a store file with these bytes, and views the store. */
static enum sf_err view_store_with_file(
	const char *name, const void *value, size_t size)
{
	char path[SF_CONFIG_PATH_MAX + 16];
	char file[SF_CONFIG_PATH_MAX + 32];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s",
		support_config().runtime_dir, name);
	(void)snprintf(file, sizeof(file), "%s/data.mdb", path);
	assert_int_equal(mkdir(path, 0700), 0);
	fd = open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, value, size), size);
	assert_int_equal(close(fd), 0);
	return view_store_at(path);
}

static void a_malformed_store_file_is_unavailable(void **state)
{
	char noise[8192];

	(void)state;
	memset(noise, 'x', sizeof(noise));
	assert_int_equal(view_store_with_file("noise", noise, sizeof(noise)),
		SF_ERR_UNAVAILABLE);
}

static void the_first_view_creates_the_store(void **state)
{
	char path[SF_CONFIG_PATH_MAX + 16];

	(void)state;
	(void)snprintf(
		path, sizeof(path), "%s/new", support_config().runtime_dir);
	assert_int_equal(view_store_at(path), SF_ERR_UNAUTHORIZED);
	/* The process that made the file may be killed before it writes. */
	assert_int_equal(
		view_store_with_file("empty", "", 0), SF_ERR_UNAUTHORIZED);
}

/* Processes that create the same store and insert a chat each. */
struct makers {
	struct support_gate gate;
	struct sf_config config;
	struct sf_participant made[MAKERS];
};

static int make_and_insert(void *data, int number)
{
	struct makers *makers = data;
	struct sf_participant *made = &makers->made[number];
	struct sf_chat chat;
	struct sf_store *store;
	enum sf_err err;

	sf_chat_init(&chat, (int64_t)time(NULL) * 1000);
	*made = (struct sf_participant){ chat.id, chat.users[0] };
	support_gate_pass(&makers->gate);
	err = sf_store_open(&makers->config, &store);
	if (!err)
		err = sf_store_insert(store, &chat);
	return (int)err;
}

static void assert_all_made(struct makers *makers)
{
	struct sf_store *store;

	assert_int_equal(sf_store_open(&makers->config, &store), SF_OK);
	for (int i = 0; i < MAKERS; i++) {
		struct sf_chat seen;

		assert_int_equal(
			sf_store_view(store, (int64_t)time(NULL) * 1000,
				&makers->made[i], &seen),
			SF_OK);
		sf_chat_release(&seen);
	}
	sf_store_free(store);
}

static void processes_that_create_one_store_lose_no_chat(void **state)
{
	struct makers *makers = support_share(sizeof(*makers));

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct sf_config *config = &makers->config;
		int results[MAKERS];

		*config = support_config();
		(void)snprintf(config->store, sizeof(config->store),
			"lmdb:%.400s/race%d", config->runtime_dir, round);
		makers->gate.missing = MAKERS;
		support_race(make_and_insert, makers, MAKERS, results);
		assert_int_equal(support_count(results, MAKERS, SF_OK), MAKERS);
		assert_all_made(makers);
	}
	support_unshare(makers, sizeof(*makers));
}

/* Replaces the bytes of a stored chat, without a check. */
static void put_raw(const struct talk *talk, const struct sf_token *chat_token,
	const void *value, size_t size)
{
	MDB_val key = { SF_TOKEN_SIZE, (void *)(uintptr_t)chat_token->bytes };
	MDB_val data = { size, (void *)(uintptr_t)value };
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;

	assert_int_equal(mdb_env_create(&env), 0);
	assert_int_equal(mdb_env_set_mapsize(env, LARGE * 2), 0);
	assert_int_equal(mdb_env_open(env, talk->config.store + strlen("lmdb:"),
				 MDB_NOLOCK, 0600),
		0);
	assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
	assert_int_equal(mdb_put(txn, dbi, &key, &data, 0), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
}

/* Another process lets the file grow while this handle only reads it. */
static void a_store_that_grows_while_it_is_open_can_be_read(void **state)
{
	struct talk *talk = *state;
	struct sf_token other = talk_token();
	void *value = calloc(1, LARGE);

	assert_non_null(value);
	sf_store_rest(talk->store);
	assert_sees(talk, creator, "ready");
	put_raw(talk, &other, value, LARGE);
	free(value);
	assert_sees(talk, creator, "ready");
	assert_int_equal(talk_say(talk, &talk->creator, "Hi"), SF_OK);
	assert_sees(talk, joiner, "ready Hi");
}

static void damage_chat(struct talk *talk, const void *value, size_t size)
{
	talk_disconnect(talk);
	put_raw(talk, &talk->creator.chat, value, size);
	talk_connect(talk);
}

static void a_damaged_chat_is_an_internal_error(void **state)
{
	static const char *const values[] = { "", "x",
		"this is a text and no document" };
	struct talk *talk = *state;

	for (size_t i = 0; i < 3; i++) {
		struct sf_chat seen;
		struct sf_token poll = talk_token();

		damage_chat(talk, values[i], strlen(values[i]));
		assert_int_equal(sf_store_view(talk->store, talk->now_ms,
					 &talk->creator, &seen),
			SF_ERR_INTERNAL);
		assert_int_equal(
			talk_say(talk, &talk->creator, "Hi"), SF_ERR_INTERNAL);
		assert_int_equal(talk_poll(talk, &talk->creator, &poll),
			SF_ERR_INTERNAL);
		assert_int_equal(
			talk_end(talk, &talk->creator), SF_ERR_INTERNAL);
		assert_int_equal(
			talk_join(talk, &talk->joiner.user), SF_ERR_INTERNAL);
	}
	/* Other chats are not affected. */
	talk_begin_ready(talk);
	assert_sees(talk, creator, "ready");
}

/* The exit statuses of fill_and_make_room(). */
enum {
	STEP_DONE,
	STEP_NO_MOUNT,
	STEP_NOT_FULL,
	STEP_NO_POLL,
	STEP_NO_PULL,
	STEP_NO_CLOSE,
};

static enum sf_err push_long_message(struct talk *talk)
{
	char text[1025];
	struct sf_messages messages = { { { .sealed = true, .text = text } },
		1 };
	struct sf_token receiver;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	sf_token_generate(&messages.items[0].id);
	return sf_store_push(talk->store, talk->now_ms, &talk->creator,
		&messages, &receiver);
}

/* Makes a chat and fills it; `talk` stands for it once it is ready. */
static enum sf_err make_chat(struct talk *talk)
{
	struct sf_participant joiner;
	struct sf_chat chat;
	struct sf_token creator;
	enum sf_err err;

	sf_chat_init(&chat, talk->now_ms);
	joiner.chat = chat.id;
	sf_token_generate(&joiner.user);
	err = sf_store_insert(talk->store, &chat);
	if (!err)
		err = sf_store_join(
			talk->store, talk->now_ms, &joiner, &creator);
	if (!err) {
		talk->joiner = joiner;
		talk->creator.chat = joiner.chat;
		talk->creator.user = creator;
	}
	for (int i = 0; i < SF_CHAT_WAITING_MAX - 1 && !err; i++)
		err = push_long_message(talk);
	sf_chat_release(&chat);
	return err;
}

static int make_room(struct talk *talk)
{
	struct sf_token poll = { { 1 } };
	struct sf_token other;
	struct sf_chat seen;

	if (sf_store_begin_poll(talk->store, talk->now_ms, &talk->joiner, &poll,
		    &talk_patience))
		return STEP_NO_POLL;
	if (sf_store_view(talk->store, talk->now_ms, &talk->joiner, &seen))
		return STEP_NO_POLL;
	for (size_t i = 0; i < seen.message_count; i++) {
		struct sf_ids ids = { { seen.messages[i].id }, 1 };

		if (sf_store_pull(
			    talk->store, talk->now_ms, &talk->joiner, &ids))
			return STEP_NO_PULL;
	}
	if (sf_store_close(talk->store, talk->now_ms, &talk->creator, &other))
		return STEP_NO_CLOSE;
	sf_chat_release(&seen);
	return STEP_DONE;
}

/* Fills a store in its own file system of 4 MB, then uses the full store. */
static int fill_and_make_room(void *data, int number)
{
	struct talk talk = { .config = *(const struct sf_config *)data };
	const char *dir = talk.config.runtime_dir;
	enum sf_err err;
	int step;

	(void)number;
	talk.now_ms = (int64_t)time(NULL) * 1000;
	if (unshare(CLONE_NEWNS) != 0 ||
		mount("none", "/", "none", MS_REC | MS_PRIVATE, "") != 0 ||
		mount("tmpfs", dir, "tmpfs", 0, "size=4m,mode=700") != 0)
		return STEP_NO_MOUNT;
	if (sf_store_open(&talk.config, &talk.store))
		return STEP_NO_MOUNT;
	do
		err = make_chat(&talk);
	while (!err);
	if (err != SF_ERR_UNAVAILABLE)
		return STEP_NOT_FULL;
	step = make_room(&talk);
	sf_store_free(talk.store);
	return step;
}

static void a_full_store_still_polls_delivers_and_closes(void **state)
{
	struct sf_config config = support_config();
	int step =
		support_finish(support_start(fill_and_make_room, &config, 0));

	(void)state;
	if (step == STEP_NO_MOUNT && !getenv("CI")) {
		print_message("SKIPPED: only root mounts a file system\n");
		skip();
	}
	assert_int_equal(step, STEP_DONE);
}

static struct sf_survey survey_store(struct talk *talk)
{
	struct sf_survey survey = { .done = false };

	while (!survey.done)
		assert_ok(sf_store_survey(talk->store, 0, &survey));
	return survey;
}

static void the_room_is_used_up_and_given_back(void **state)
{
	static char text[SF_MESSAGE_SEALED_MAX + 1];
	struct talk *talk = *state;
	struct sf_survey empty = survey_store(talk);
	struct sf_survey full;

	memset(text, 'x', sizeof(text) - 1);
	for (int i = 0; i < SF_CHAT_WAITING_MAX; i++)
		assert_ok(talk_say(talk, &talk->creator, text));
	full = survey_store(talk);
	assert_true(empty.used_bytes > 0);
	assert_true(full.used_bytes >= empty.used_bytes + 100 * 1024);
	assert_true(full.room_bytes > full.used_bytes);
	assert_ok(talk_acknowledge(talk, &talk->joiner));
	assert_true(survey_store(talk).used_bytes < full.used_bytes);
}

static void to_look_for_a_store_makes_none(void **state)
{
	struct sf_config config = support_config();
	struct sf_store *store;

	(void)state;
	assert_int_equal(sf_store_find(&config, &store), SF_ERR_NOT_FOUND);
	assert_int_not_equal(access(config.store + strlen("lmdb:"), F_OK), 0);
}

static void to_prepare_a_store_makes_it(void **state)
{
	struct sf_config config = support_config();
	struct sf_store *store;

	(void)state;
	assert_int_equal(sf_store_open(&config, &store), SF_OK);
	assert_int_equal(sf_store_prepare(store), SF_OK);
	sf_store_free(store);
	assert_int_equal(sf_store_find(&config, &store), SF_OK);
	sf_store_free(store);
}

static void a_folder_that_others_may_use_is_not_the_sites_store(void **state)
{
	struct talk *talk = *state;
	const char *dir = talk->config.store + strlen("lmdb:");
	struct sf_store *store;

	assert_int_equal(chmod(dir, 0755), 0);
	assert_int_equal(
		sf_store_find(&talk->config, &store), SF_ERR_UNAVAILABLE);
	assert_int_equal(chmod(dir, 0700), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_draft(the_files_of_a_store_are_private),
		cmocka_unit_test(a_folder_that_cannot_be_used_is_unavailable),
		cmocka_unit_test(a_malformed_store_file_is_unavailable),
		cmocka_unit_test(the_first_view_creates_the_store),
		cmocka_unit_test(processes_that_create_one_store_lose_no_chat),
		with_ready(a_store_that_grows_while_it_is_open_can_be_read),
		with_ready(a_damaged_chat_is_an_internal_error),
		in_sandbox(a_full_store_still_polls_delivers_and_closes),
		with_ready(the_room_is_used_up_and_given_back),
		in_sandbox(to_look_for_a_store_makes_none),
		in_sandbox(to_prepare_a_store_makes_it),
		with_ready(a_folder_that_others_may_use_is_not_the_sites_store),
	};

	return cmocka_run_group_tests(
		tests, support_make_sandbox, support_remove_sandbox);
}
