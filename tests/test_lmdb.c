/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What only the embedded store has: files. The contract that it shares with
 * all others is in test_store*.c.
 */
#include "talk.h"

#include <fcntl.h>
#include <lmdb.h>
#include <sys/stat.h>
#include <unistd.h>

static enum sf_err open_at(const char *dir)
{
	struct sf_config config = support_config();
	struct sf_store *store;
	enum sf_err err;

	(void)snprintf(config.store, sizeof(config.store), "lmdb:%s", dir);
	err = sf_store_open(&config, &store);
	if (!err)
		sf_store_free(store);
	return err;
}

static void the_files_are_private(void **state)
{
	static const char *const names[] = { "", "/data.mdb", "/lock.mdb" };
	struct talk *talk = *state;

	for (size_t i = 0; i < 3; i++) {
		char path[SF_CONFIG_PATH_MAX + 16];
		struct stat status;

		(void)snprintf(path, sizeof(path), "%s%s",
			talk->config.store + strlen("lmdb:"), names[i]);
		assert_int_equal(stat(path, &status), 0);
		assert_int_equal(status.st_mode & 077, 0);
	}
}

static void a_folder_that_cannot_be_is_unavailable(void **state)
{
	char path[SF_CONFIG_PATH_MAX + 16];

	assert_int_equal(open_at("/dev/null/store"), SF_ERR_UNAVAILABLE);
	(void)snprintf(path, sizeof(path), "%s/missing/store",
		support_config().runtime_dir);
	assert_int_equal(open_at(path), SF_ERR_UNAVAILABLE);
	(void)snprintf(
		path, sizeof(path), "%s/open", support_config().runtime_dir);
	assert_int_equal(mkdir(path, 0700) | chmod(path, 0755), 0);
	assert_int_equal(open_at(path), SF_ERR_UNAVAILABLE);
	(void)state;
}

static void a_file_that_is_no_store_is_unavailable(void **state)
{
	char path[SF_CONFIG_PATH_MAX + 16];
	char file[SF_CONFIG_PATH_MAX + 32];
	char noise[8192];
	int fd;

	(void)state;
	(void)snprintf(
		path, sizeof(path), "%s/noise", support_config().runtime_dir);
	(void)snprintf(file, sizeof(file), "%s/data.mdb", path);
	assert_int_equal(mkdir(path, 0700), 0);
	fd = open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	memset(noise, 'x', sizeof(noise));
	assert_int_equal(write(fd, noise, sizeof(noise)), sizeof(noise));
	assert_int_equal(close(fd), 0);
	assert_int_equal(open_at(path), SF_ERR_UNAVAILABLE);
}

/* Puts a value in the chat's place, as no program of ours would. */
static void damage(struct talk *talk, const void *value, size_t size)
{
	MDB_val key = { SF_TOKEN_SIZE, talk->creator.chat.bytes };
	MDB_val data = { size, (void *)(uintptr_t)value };
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;

	talk_disconnect(talk);
	assert_int_equal(mdb_env_create(&env), 0);
	assert_int_equal(mdb_env_open(env, talk->config.store + strlen("lmdb:"),
				 0, 0600),
		0);
	assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
	assert_int_equal(mdb_put(txn, dbi, &key, &data, 0), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
	talk_connect(talk);
}

static void a_damaged_chat_is_an_internal_error(void **state)
{
	static const char *const values[] = { "", "x",
		"this is a text and no document" };
	struct talk *talk = *state;

	for (size_t i = 0; i < 3; i++) {
		struct sf_document seen;
		struct sf_token poll = talk_token();

		damage(talk, values[i], strlen(values[i]));
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
	/* The others are well. */
	talk_begin_ready(talk);
	assert_sees(talk, creator, "ready");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_draft(the_files_are_private),
		cmocka_unit_test(a_folder_that_cannot_be_is_unavailable),
		cmocka_unit_test(a_file_that_is_no_store_is_unavailable),
		with_ready(a_damaged_chat_is_an_internal_error),
	};

	return cmocka_run_group_tests(
		tests, support_make_sandbox, support_remove_sandbox);
}
