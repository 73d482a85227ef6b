/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reads the settings. Each setting is one row of a table: its variable, its
 * default, its reader and what the reader expects.
 */
#include "base/config.h"

#include "base/settings_file.h"

#include <ctype.h>
#include <stddef.h>
#include <unistd.h>

#include "base/redis_tls.h"

#define DEFAULT_FILE SF_SYSCONFDIR "/sfchat.conf"
#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* Each read_… function returns false if it did not expect the value. */

static bool read_number(const struct sf_setting *setting, const char *value,
	struct sf_config *out)
{
	int64_t number;

	if (!*value || value[strspn(value, DIGITS)] != '\0')
		return false;
	number = strtoll(value, NULL, 10);
	memcpy((char *)out + setting->member, &number, sizeof(number));
	return number >= setting->min && number <= setting->max;
}

/* "X-SFC-userToken" becomes "HTTP_X_SFC_USERTOKEN": RFC 3875, 4.1.18. */
static bool read_header(const struct sf_setting *setting, const char *value,
	struct sf_config *out)
{
	char *variable = (char *)out + setting->member;
	int length = snprintf(variable, SF_CONFIG_HEADER_MAX, "HTTP_%s", value);

	for (; *variable; variable++)
		*variable = *variable == '-'
				    ? '_'
				    : (char)toupper((unsigned char)*variable);
	return length < SF_CONFIG_HEADER_MAX &&
	       value[strspn(value, LETTERS DIGITS "-")] == '\0';
}

static bool read_runtime_dir(const struct sf_setting *setting,
	const char *value, struct sf_config *out)
{
	int length =
		snprintf(out->runtime_dir, SF_CONFIG_PATH_MAX, "%s", value);

	(void)setting;
	if (!*value)
		length = snprintf(out->runtime_dir, SF_CONFIG_PATH_MAX,
			"/dev/shm/sfchat-%u", (unsigned int)geteuid());
	return out->runtime_dir[0] == '/' &&
	       length < SF_CONFIG_PATH_MAX - SF_CONFIG_FILE_MAX;
}

/* Checks the form; `sf_store_check()` asks the linked store. */
static bool read_store(const struct sf_setting *setting, const char *value,
	struct sf_config *out)
{
	int length = snprintf(out->store, SF_CONFIG_PATH_MAX, "%s", value);

	(void)setting;
	if (!*value)
		length = snprintf(out->store, SF_CONFIG_PATH_MAX,
			"lmdb:%s/store", out->runtime_dir);
	return length < SF_CONFIG_PATH_MAX &&
	       (strncmp(out->store, "lmdb:/", 6) == 0 ||
		       strncmp(out->store, "mongodb://", 10) == 0 ||
		       strncmp(out->store, "mongodb+srv://", 14) == 0);
}

static bool read_redis(const struct sf_setting *setting, const char *value,
	struct sf_config *out)
{
	(void)setting;
	out->redis = (struct sf_redis_address){ .socket_size = 0 };
	return !*value || sf_redis_address_parse(value, &out->redis) == SF_OK;
}

static bool read_redis_ca(const struct sf_setting *setting, const char *value,
	struct sf_config *out)
{
	int length = snprintf(
		out->redis.ca_file, sizeof(out->redis.ca_file), "%s", value);

	(void)setting;
	return !*value || (*value == '/' && length < SF_REDIS_CA_FILE_MAX &&
				  access(value, R_OK) == 0);
}

static bool read_wake(const struct sf_setting *setting, const char *value,
	struct sf_config *out)
{
	(void)setting;
	out->wake = strcmp(value, "redis") == 0 ? SF_WAKE_REDIS : SF_WAKE_LOCAL;
	return out->wake == SF_WAKE_REDIS || strcmp(value, "local") == 0;
}

#define MEMBER(name) offsetof(struct sf_config, name)

const struct sf_setting sf_settings[] = {
	{ "SFCHAT_RUNTIME_DIR", "", "an absolute path", read_runtime_dir, 0, 0,
		0 },
	/* The default store is in the runtime directory. */
	{ "SFCHAT_STORE", "",
		"lmdb: and an absolute path, or a mongodb:// URI,", read_store,
		0, 0, 0 },
	{ "SFCHAT_WAKE", "local", "local or redis", read_wake, 0, 0, 0 },
	{ "SFCHAT_REDIS", "",
		"unix:PATH or redis://[user][:password@]host[:port][/db], or "
		"with TLS rediss://,",
		read_redis, 0, 0, 0 },
	/* This row comes after SFCHAT_REDIS, whose reader empties the file. */
	{ "SFCHAT_REDIS_CA", "",
		"the absolute path of a readable file of certificates in PEM",
		read_redis_ca, 0, 0, 0 },
	{ "SFCHAT_POLL_SLEEP", "3", "a whole number from 1 to 3600",
		read_number, MEMBER(poll_sleep_ms), 1, 3600 },
	{ "SFCHAT_POLL_ITERATION", "60", "a whole number from 1 to 100000",
		read_number, MEMBER(poll_iteration), 1, 100000 },
	{ "SFCHAT_CHAT_LIFETIME", "86400", "a whole number from 1 to 31622400",
		read_number, MEMBER(chat_lifetime_seconds), 1, 31622400 },
	{ "SFCHAT_CREATE_LIMIT", "60", "a whole number from 0 to 1000000",
		read_number, MEMBER(create_limit), 0, 1000000 },
	{ "SFCHAT_USER_TOKEN_HEADER", "X-SFC-userToken",
		"a header name of letters, digits and hyphens", read_header,
		MEMBER(user_token_variable), 0, 0 },
	{ "SFCHAT_CHAT_TOKEN_HEADER", "X-SFC-chatToken",
		"a header name of letters, digits and hyphens", read_header,
		MEMBER(chat_token_variable), 0, 0 },
	{ .name = NULL },
};

const char *const sf_setting_names[] = {
	/* The programs read these. */
	"SFCHAT_STORE",
	"SFCHAT_WAKE",
	"SFCHAT_REDIS",
	"SFCHAT_REDIS_CA",
	"SFCHAT_POLL_SLEEP",
	"SFCHAT_POLL_ITERATION",
	"SFCHAT_CHAT_LIFETIME",
	"SFCHAT_CREATE_LIMIT",
	"SFCHAT_USER_TOKEN_HEADER",
	"SFCHAT_CHAT_TOKEN_HEADER",
	"SFCHAT_RUNTIME_DIR",
	/* Only scripts/run reads these. */
	"SFCHAT_USER",
	"SFCHAT_SERVE",
	"SFCHAT_BIND",
	"SFCHAT_PORT",
	"SFCHAT_HTTP_PORT",
	"SFCHAT_CERT",
	"SFCHAT_KEY",
	"SFCHAT_TLS",
	"SFCHAT_TRUSTED_PROXY",
	"SFCHAT_PUBLIC_URL",
	"SFCHAT_ACME_ROOT",
	"SFCHAT_ACCESS_LOG",
	"SFCHAT_SCHEDULE_SECONDS",
	"SFCHAT_STATE_DIR",
	"SFCHAT_BUILD",
	"SFCHAT_STORE_KIND",
	/* scripts/build-html writes these into the pages. */
	"SFCHAT_SOURCE_URL",
	"SFCHAT_CONTACT",
	"SFCHAT_AWAY_SECONDS",
	"SFCHAT_GA_ID",
	NULL,
};

_Static_assert(sizeof(sf_setting_names) / sizeof(*sf_setting_names) <=
		       SF_SETTINGS_MAX + 1,
	"the file has room for every name");

static enum sf_err refuse(
	struct sf_detail *detail, const char *name, const char *expected)
{
	return sf_detail_set(
		detail, SF_ERR_INVALID, "%s: %s was expected", name, expected);
}

/* By default the file may be missing. With an empty name there is none. */
static enum sf_err read_file(
	struct sf_settings_file *out, struct sf_detail *detail)
{
	const char *path = getenv("SFCHAT_CONF");
	enum sf_err err;

	*out = (struct sf_settings_file){ .names = sf_setting_names };
	if (path && !*path)
		return SF_OK;
	err = sf_settings_file_read(
		out, path ? path : DEFAULT_FILE, sf_setting_names, detail);
	if (err == SF_ERR_NOT_FOUND)
		return path ? SF_ERR_INVALID : SF_OK;
	return err;
}

static enum sf_err read_values(struct sf_config *out,
	const struct sf_settings_file *file, struct sf_detail *detail)
{
	for (const struct sf_setting *s = sf_settings; s->name; s++) {
		const char *value = getenv(s->name);

		if (!value)
			value = sf_settings_file_get(file, s->name);
		if (!s->read(s, value && *value ? value : s->fallback, out))
			return refuse(detail, s->name, s->expected);
	}
	out->poll_sleep_ms *= 1000;
	return SF_OK;
}

/* Checks the settings of Redis against each other. */
static enum sf_err check_redis(
	const struct sf_config *config, struct sf_detail *detail)
{
	const struct sf_redis_address *redis = &config->redis;

	if (config->wake == SF_WAKE_REDIS && redis->socket_size == 0)
		return refuse(detail, "SFCHAT_REDIS",
			"an address, since SFCHAT_WAKE is redis,");
	if (redis->has_tls && !sf_redis_tls_exists())
		return refuse(detail, "SFCHAT_REDIS",
			"unix:PATH or redis:// to a TLS tunnel such as "
			"stunnel, since only a build with STORE=mongodb has "
			"TLS,");
	if (*redis->ca_file && !redis->has_tls)
		return refuse(detail, "SFCHAT_REDIS_CA",
			"no value, since SFCHAT_REDIS has no rediss://,");
	return SF_OK;
}

enum sf_err sf_config_load(struct sf_config *out, struct sf_detail *detail)
{
	struct sf_settings_file file;
	enum sf_err err = read_file(&file, detail);

	if (!err)
		err = read_values(out, &file, detail);
	sf_settings_file_release(&file);
	if (err)
		return err;
	if (check_redis(out, detail))
		return SF_ERR_INVALID;
	if (strcmp(out->user_token_variable, out->chat_token_variable) == 0)
		return refuse(detail, "SFCHAT_USER_TOKEN_HEADER",
			"a name other than SFCHAT_CHAT_TOKEN_HEADER's");
	return SF_OK;
}
