/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reads the settings. Each variable has one line in sf_config_load(): its name,
 * its bounds and its default.
 */
#include "base/config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <unistd.h>

struct range {
	int64_t min;
	int64_t max;
	int64_t fallback; /* when the variable is not set */
};

static enum sf_err load_number(const char *name, const struct range *range,
	int64_t *out, struct sf_detail *detail)
{
	const char *value = getenv(name);
	char *end;

	*out = range->fallback;
	if (!value || !*value)
		return SF_OK;
	errno = 0;
	*out = strtoll(value, &end, 10);
	if (errno || *end || value[0] < '0' || value[0] > '9' ||
		*out < range->min || *out > range->max)
		return sf_detail_set(detail, SF_ERR_INVALID,
			"%s: a whole number from %" PRId64 " to %" PRId64
			" was expected",
			name, range->min, range->max);
	return SF_OK;
}

static enum sf_err load_int(const char *name, const struct range *range,
	int *out, struct sf_detail *detail)
{
	int64_t number;
	enum sf_err err = load_number(name, range, &number, detail);

	*out = (int)number;
	return err;
}

static bool is_header_name(const char *name)
{
	if (!*name)
		return false;
	for (; *name; name++)
		if (!(*name >= 'a' && *name <= 'z') &&
			!(*name >= 'A' && *name <= 'Z') &&
			!(*name >= '0' && *name <= '9') && *name != '-')
			return false;
	return true;
}

/* "X-SFC-userToken" becomes "HTTP_X_SFC_USERTOKEN": RFC 3875, 4.1.18. */
static enum sf_err load_header(const char *name, const char *fallback,
	char out[SF_CONFIG_HEADER_MAX], struct sf_detail *detail)
{
	const char *value = getenv(name);
	int length;

	if (!value || !*value)
		value = fallback;
	length = snprintf(out, SF_CONFIG_HEADER_MAX, "HTTP_%s", value);
	if (!is_header_name(value) || length >= SF_CONFIG_HEADER_MAX)
		return sf_detail_set(detail, SF_ERR_INVALID,
			"%s: a header name of letters, digits and hyphens was "
			"expected",
			name);
	for (char *c = out; *c; c++) {
		if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 'a' + 'A');
		else if (*c == '-')
			*c = '_';
	}
	return SF_OK;
}

static enum sf_err load_runtime_dir(
	char out[SF_CONFIG_PATH_MAX], struct sf_detail *detail)
{
	const char *value = getenv("SFCHAT_RUNTIME_DIR");
	int length;

	if (value && *value)
		length = snprintf(out, SF_CONFIG_PATH_MAX, "%s", value);
	else
		length = snprintf(out, SF_CONFIG_PATH_MAX, "/dev/shm/sfchat-%u",
			(unsigned int)geteuid());
	/* The store and `shared_words` append short file names. */
	if (out[0] != '/' || length >= SF_CONFIG_PATH_MAX - 32)
		return sf_detail_set(detail, SF_ERR_INVALID,
			"SFCHAT_RUNTIME_DIR: an absolute path was expected");
	return SF_OK;
}

/*
 * Checks the form only; `sf_store_check()` checks that the linked store can use
 * it.
 */
static bool is_store(const char *value)
{
	return strncmp(value, "lmdb:/", 6) == 0 ||
	       strncmp(value, "mongodb://", 10) == 0 ||
	       strncmp(value, "mongodb+srv://", 14) == 0;
}

static enum sf_err load_store(struct sf_config *out, struct sf_detail *detail)
{
	const char *value = getenv("SFCHAT_STORE");
	int length;

	if (value && *value)
		length = snprintf(out->store, sizeof(out->store), "%s", value);
	else
		length = snprintf(out->store, sizeof(out->store),
			"lmdb:%s/store", out->runtime_dir);
	if (!is_store(out->store) || (size_t)length >= sizeof(out->store))
		return sf_detail_set(detail, SF_ERR_INVALID,
			"SFCHAT_STORE: lmdb: and an absolute path, or a "
			"mongodb:// URI, was expected");
	return SF_OK;
}

static enum sf_err load_redis(
	struct sf_redis_address *out, struct sf_detail *detail)
{
	const char *value = getenv("SFCHAT_REDIS");

	*out = (struct sf_redis_address){ .socket_size = 0 };
	if (!value || !*value || !sf_redis_address_parse(value, out))
		return SF_OK;
	return sf_detail_set(detail, SF_ERR_INVALID,
		"SFCHAT_REDIS: unix:PATH or "
		"redis://[:password@]address:port/db was expected, its "
		"address a literal one");
}

static enum sf_err load_wake(struct sf_config *out, struct sf_detail *detail)
{
	static const char *const names[SF_WAKE__MAX] = {
		[SF_WAKE_LOCAL] = "local",
		[SF_WAKE_REDIS] = "redis",
	};
	const char *value = getenv("SFCHAT_WAKE");
	enum sf_wake_kind kind = SF_WAKE_LOCAL;

	if (value && *value)
		while (kind < SF_WAKE__MAX && strcmp(value, names[kind]) != 0)
			kind++;
	if (kind == SF_WAKE__MAX)
		return sf_detail_set(detail, SF_ERR_INVALID,
			"SFCHAT_WAKE: local or redis was expected");
	if (kind == SF_WAKE_REDIS && out->redis.socket_size == 0)
		return sf_detail_set(detail, SF_ERR_INVALID,
			"SFCHAT_REDIS: needed, since SFCHAT_WAKE is redis");
	out->wake = kind;
	return SF_OK;
}

#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* Accepts an id such as G-ABC123. Only the pages use it: scripts/build-html. */
static enum sf_err check_analytics(struct sf_detail *detail)
{
	const char *value = getenv("SFCHAT_GA_ID");
	size_t parts = 0;
	size_t length;

	if (!value || !*value)
		return SF_OK;
	length = strspn(value, UPPER);
	while (length > 0 && value[length] == '-') {
		value += length + 1;
		length = strspn(value, UPPER "0123456789");
		parts++;
	}
	if (length > 0 && value[length] == '\0' && parts > 0)
		return SF_OK;
	return sf_detail_set(detail, SF_ERR_INVALID,
		"SFCHAT_GA_ID: an id like G-XXXXXXX was expected");
}

enum sf_err sf_config_load(struct sf_config *out, struct sf_detail *detail)
{
	int poll_sleep_seconds;
	enum sf_err err;

	if ((err = load_runtime_dir(out->runtime_dir, detail)) ||
		(err = load_store(out, detail)) ||
		(err = load_redis(&out->redis, detail)) ||
		(err = load_wake(out, detail)) ||
		(err = load_int("SFCHAT_POLL_SLEEP",
			 &(struct range){ 1, 3600, 3 }, &poll_sleep_seconds,
			 detail)) ||
		(err = load_int("SFCHAT_POLL_ITERATION",
			 &(struct range){ 1, 100000, 60 }, &out->poll_iteration,
			 detail)) ||
		(err = load_number("SFCHAT_CHAT_LIFETIME",
			 &(struct range){ 1, 366 * 86400, 86400 },
			 &out->chat_lifetime_seconds, detail)) ||
		(err = load_int("SFCHAT_CREATE_LIMIT",
			 &(struct range){ 0, 1000000, 60 }, &out->create_limit,
			 detail)) ||
		(err = load_header("SFCHAT_USER_TOKEN_HEADER",
			 "X-SFC-userToken", out->user_token_variable,
			 detail)) ||
		(err = load_header("SFCHAT_CHAT_TOKEN_HEADER",
			 "X-SFC-chatToken", out->chat_token_variable,
			 detail)) ||
		(err = check_analytics(detail)))
		return err;
	out->poll_sleep_ms = 1000 * poll_sleep_seconds;
	if (strcmp(out->user_token_variable, out->chat_token_variable) == 0)
		return sf_detail_set(detail, SF_ERR_INVALID,
			"SFCHAT_USER_TOKEN_HEADER: a name other than "
			"SFCHAT_CHAT_TOKEN_HEADER's was expected");
	return SF_OK;
}
