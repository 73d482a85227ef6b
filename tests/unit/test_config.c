/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The settings: defaults, bounds and refusals. test_redis_address.c tests the
 * values of SFCHAT_REDIS.
 */
#include "base/config.h"
#include "support.h"

#include <unistd.h>

#define TEN "abcdefghi/"
#define SEVENTY_SIX                                                            \
	"a12345678901234567890123456789012345678"                              \
	"9012345678901234567890123456789abcdef"
#define FIFTY TEN TEN TEN TEN TEN
#define FIVE_HUNDRED FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY

static int unset_settings(void **state)
{
	(void)state;
	for (const struct sf_setting *s = sf_settings; s->name; s++)
		(void)unsetenv(s->name);
	return setenv("SFCHAT_CONF", "", 1);
}

static struct sf_config load_settings(void)
{
	struct sf_config config;
	struct sf_detail detail = { "" };

	if (sf_config_load(&config, &detail))
		fail_msg("%s", detail.text);
	return config;
}

static struct sf_config load_with(const char *name, const char *value)
{
	struct sf_config config;

	assert_int_equal(setenv(name, value, 1), 0);
	config = load_settings();
	assert_int_equal(unsetenv(name), 0);
	return config;
}

/* The refusal names the variable and never quotes its value. */
static void assert_refuses(const char *name, const char *value)
{
	struct sf_config config;
	struct sf_detail detail = { "" };

	assert_int_equal(setenv(name, value, 1), 0);
	assert_int_equal(sf_config_load(&config, &detail), SF_ERR_INVALID);
	assert_int_equal(unsetenv(name), 0);
	assert_memory_equal(detail.text, name, strlen(name));
	assert_non_null(strstr(detail.text, "was expected"));
	if (strlen(value) > 5)
		assert_null(strstr(detail.text, value));
}

static void assert_defaults(const struct sf_config *config)
{
	char dir[64];
	char store[96];

	(void)snprintf(
		dir, sizeof(dir), "/dev/shm/sfchat-%u", (unsigned)geteuid());
	(void)snprintf(store, sizeof(store), "lmdb:%s/store", dir);
	assert_string_equal(config->runtime_dir, dir);
	assert_string_equal(config->store, store);
	assert_int_equal(config->poll_sleep_ms, 3000);
	assert_int_equal(config->poll_iteration, 60);
	assert_int_equal(config->chat_lifetime_seconds, 86400);
	assert_int_equal(config->create_limit, 60);
	assert_string_equal(
		config->user_token_variable, "HTTP_X_SFC_USERTOKEN");
	assert_string_equal(
		config->chat_token_variable, "HTTP_X_SFC_CHATTOKEN");
}

static void an_unset_variable_has_its_default(void **state)
{
	struct sf_config config = load_settings();

	(void)state;
	assert_defaults(&config);
}

static void an_empty_variable_has_its_default(void **state)
{
	struct sf_config config;

	(void)state;
	for (const struct sf_setting *s = sf_settings; s->name; s++)
		assert_int_equal(setenv(s->name, "", 1), 0);
	config = load_settings();
	assert_defaults(&config);
}

static void a_folder_must_be_absolute_and_fit(void **state)
{
	static const char name[] = "SFCHAT_RUNTIME_DIR";
	struct sf_config config = load_with(name, "/run/a b");

	(void)state;
	assert_string_equal(config.runtime_dir, "/run/a b");
	assert_string_equal(config.store, "lmdb:/run/a b/store");
	assert_refuses(name, "run/sfchat");
	assert_refuses(name, "~/sfchat");
	assert_refuses(name, "/" FIVE_HUNDRED);
}

static void a_store_must_have_a_known_kind_and_lmdb_an_absolute_path(
	void **state)
{
	struct sf_config config = load_with("SFCHAT_STORE", "lmdb:/srv/chats");

	(void)state;
	assert_string_equal(config.store, "lmdb:/srv/chats");
	assert_refuses("SFCHAT_STORE", "lmdb:chats");
	assert_refuses("SFCHAT_STORE", "/srv/chats");
	assert_refuses("SFCHAT_STORE", "files:/srv/chats");
	assert_refuses("SFCHAT_STORE", "lmdb:");
	assert_refuses("SFCHAT_STORE", "lmdb:/123456/" FIVE_HUNDRED);
}

static const struct sf_setting *find_setting(const char *name)
{
	const struct sf_setting *setting = sf_settings;

	while (setting->name && strcmp(setting->name, name) != 0)
		setting++;
	return setting;
}

/* Reads lines up to the one that is `last`. */
static void skip_to(FILE *file, const char *last)
{
	char line[1024];

	do
		if (!fgets(line, sizeof(line), file))
			fail_msg("missing: %s", last);
	while (strcmp(line, last) != 0);
}

/* `row` is "| `NAME` | `default` | meaning |"; ticks around the default are
 * optional. */
static void assert_lists_setting(char *row)
{
	char *name = row + strlen("| `");
	size_t length = strcspn(name, "`");
	char *value = name + length + strlen("` | ");
	const struct sf_setting *setting;

	name[length] = '\0';
	setting = find_setting(name);
	if (!setting->name)
		fail_msg("there is no setting %s", name);
	value += *value == '`';
	value[strcspn(value, "` ")] = '\0';
	if (*setting->fallback)
		assert_string_equal(value, setting->fallback);
}

/* The first table below the heading has one row for each setting. */
static void assert_lists_settings(const char *path, const char *heading)
{
	FILE *file = fopen(path, "re");
	char line[1024];
	int rows = 0;

	assert_non_null(file);
	skip_to(file, heading);
	skip_to(file, "|---|---|---|\n");
	for (; fgets(line, sizeof(line), file) && *line == '|'; rows++)
		assert_lists_setting(line);
	for (const struct sf_setting *s = sf_settings; s->name; s++)
		rows--;
	assert_int_equal(rows, 0);
	(void)fclose(file);
}

static void the_documents_list_every_setting_and_its_default(void **state)
{
	(void)state;
	assert_lists_settings("README.md", "## Settings\n");
	assert_lists_settings("docs/PROTOCOL.md", "## Configuration\n");
}

/* Writes the file of settings, and makes SFCHAT_CONF name it. */
static void write_file(void **state, const char *text)
{
	char path[128];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/conf", (const char *)*state);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(setenv("SFCHAT_CONF", path, 1), 0);
}

static void a_file_sets_what_the_environment_does_not_have(void **state)
{
	struct sf_config config;

	(void)unset_settings(state);
	write_file(state, "SFCHAT_POLL_SLEEP=7\nSFCHAT_POLL_ITERATION=8\n"
			  "SFCHAT_CREATE_LIMIT=9\nSFCHAT_WAKE=\n");
	config = load_with("SFCHAT_POLL_ITERATION", "50");
	assert_int_equal(config.poll_sleep_ms, 7000);
	assert_int_equal(config.poll_iteration, 50);
	assert_int_equal(config.create_limit, 9);
	assert_int_equal(config.wake, SF_WAKE_LOCAL);
	assert_int_equal(config.chat_lifetime_seconds, 86400);
	config = load_with("SFCHAT_CREATE_LIMIT", "");
	assert_int_equal(config.create_limit, 60);
	config = load_with("SFCHAT_CONF", "");
	assert_int_equal(config.create_limit, 60);
}

static void a_file_may_have_the_name_of_every_setting(void **state)
{
	char text[2048] = "";

	(void)unset_settings(state);
	for (const char *const *name = sf_setting_names; *name; name++) {
		size_t length = strlen(text);

		(void)snprintf(
			text + length, sizeof(text) - length, "%s=\n", *name);
	}
	for (const struct sf_setting *s = sf_settings; s->name; s++)
		assert_non_null(strstr(text, s->name));
	write_file(state, text);
	(void)load_settings();
}

static void a_bad_value_in_the_file_is_refused(void **state)
{
	struct sf_config config;
	struct sf_detail detail = { "" };

	(void)unset_settings(state);
	write_file(state, "SFCHAT_POLL_SLEEP=secret\n");
	assert_int_equal(sf_config_load(&config, &detail), SF_ERR_INVALID);
	assert_string_equal(detail.text, "SFCHAT_POLL_SLEEP: a whole number "
					 "from 1 to 3600 was expected");
}

static void a_bad_file_is_refused_whatever_the_environment_has(void **state)
{
	struct sf_config config;
	struct sf_detail detail = { "" };

	(void)unset_settings(state);
	write_file(state, "SFCHAT_POL_SLEEP=7\n");
	assert_int_equal(sf_config_load(&config, &detail), SF_ERR_INVALID);
	assert_non_null(strstr(detail.text, "/conf: line 1: SFCHAT_POL_SLEEP"));
}

static void a_missing_file_is_refused_if_it_is_named(void **state)
{
	struct sf_config config;
	struct sf_detail detail = { "" };

	(void)unset_settings(state);
	assert_int_equal(setenv("SFCHAT_CONF", "/nowhere", 1), 0);
	assert_int_equal(sf_config_load(&config, &detail), SF_ERR_INVALID);
	assert_non_null(strstr(detail.text, "cannot read /nowhere"));
}

static void an_unknown_kind_of_wake_up_is_refused(void **state)
{
	(void)state;
	(void)load_with("SFCHAT_WAKE", "local");
	assert_refuses("SFCHAT_WAKE", "remotely");
	assert_refuses("SFCHAT_WAKE", "Local");
}

static const struct {
	const char *name;
	const char *min, *max, *under, *over;
} numbers[] = {
	{ "SFCHAT_POLL_SLEEP", "1", "3600", "0", "3601" },
	{ "SFCHAT_POLL_ITERATION", "1", "100000", "0", "100001" },
	{ "SFCHAT_CHAT_LIFETIME", "1", "31622400", "0", "31622401" },
	{ "SFCHAT_CREATE_LIMIT", "0", "1000000", "-1", "1000001" },
};
#define NUMBERS (sizeof(numbers) / sizeof(*numbers))

static int64_t get_number(const struct sf_config *config, size_t which)
{
	const int64_t values[NUMBERS] = { config->poll_sleep_ms / 1000,
		config->poll_iteration, config->chat_lifetime_seconds,
		config->create_limit };

	return values[which];
}

static void a_number_out_of_bounds_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < NUMBERS; i++) {
		struct sf_config config =
			load_with(numbers[i].name, numbers[i].min);

		assert_int_equal(get_number(&config, i),
			strtoll(numbers[i].min, NULL, 10));
		config = load_with(numbers[i].name, numbers[i].max);
		assert_int_equal(get_number(&config, i),
			strtoll(numbers[i].max, NULL, 10));
		assert_refuses(numbers[i].name, numbers[i].under);
		assert_refuses(numbers[i].name, numbers[i].over);
	}
}

static void a_malformed_or_overflowing_number_is_refused(void **state)
{
	static const char *const bad[] = { "seven", "1s", "1 ", " 1", "+1",
		"-1", "1.5", "1e3", "0x10", "4294967297",
		"18446744073709551617", "99999999999999999999999" };

	(void)state;
	for (size_t i = 0; i < NUMBERS; i++)
		for (size_t j = 0; j < sizeof(bad) / sizeof(*bad); j++)
			assert_refuses(numbers[i].name, bad[j]);
}

static void a_header_name_becomes_a_cgi_variable(void **state)
{
	struct sf_config config =
		load_with("SFCHAT_USER_TOKEN_HEADER", "My-token2");

	(void)state;
	assert_string_equal(config.user_token_variable, "HTTP_MY_TOKEN2");
	config = load_with("SFCHAT_CHAT_TOKEN_HEADER", "C");
	assert_string_equal(config.chat_token_variable, "HTTP_C");
}

static void a_bad_header_name_is_refused(void **state)
{
	static const char *const bad[] = { "X_SFC", "X SFC", "X-SFC:", "X\n",
		"T\xc3\xb6ken", SEVENTY_SIX };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_refuses("SFCHAT_USER_TOKEN_HEADER", bad[i]);
		assert_refuses("SFCHAT_CHAT_TOKEN_HEADER", bad[i]);
	}
}

static void one_header_for_both_tokens_is_refused(void **state)
{
	(void)state;
	assert_refuses("SFCHAT_USER_TOKEN_HEADER", "x-sfc-chattoken");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
			an_unset_variable_has_its_default, unset_settings),
		cmocka_unit_test_setup(
			an_empty_variable_has_its_default, unset_settings),
		cmocka_unit_test_setup(
			a_folder_must_be_absolute_and_fit, unset_settings),
		cmocka_unit_test_setup(
			a_store_must_have_a_known_kind_and_lmdb_an_absolute_path,
			unset_settings),
		cmocka_unit_test(
			the_documents_list_every_setting_and_its_default),
		in_sandbox(a_file_sets_what_the_environment_does_not_have),
		in_sandbox(a_file_may_have_the_name_of_every_setting),
		in_sandbox(a_bad_value_in_the_file_is_refused),
		in_sandbox(a_bad_file_is_refused_whatever_the_environment_has),
		in_sandbox(a_missing_file_is_refused_if_it_is_named),
		cmocka_unit_test_setup(
			an_unknown_kind_of_wake_up_is_refused, unset_settings),
		cmocka_unit_test_setup(
			a_number_out_of_bounds_is_refused, unset_settings),
		cmocka_unit_test_setup(
			a_malformed_or_overflowing_number_is_refused,
			unset_settings),
		cmocka_unit_test_setup(
			a_header_name_becomes_a_cgi_variable, unset_settings),
		cmocka_unit_test_setup(
			a_bad_header_name_is_refused, unset_settings),
		cmocka_unit_test_setup(
			one_header_for_both_tokens_is_refused, unset_settings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
